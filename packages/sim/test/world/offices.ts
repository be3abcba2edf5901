import { DEFAULT_KEYSPACE, SYSTEM_KEYSPACE } from "@quorate/kernel/core";
import { isPrimary, type PrimaryState } from "@quorate/kernel/primary";
import { DEFAULT_OPTIONS, type NodeOptions, type OfficeRules } from "@quorate/kernel/replica";
import { Caller, type SimNode, World, type WorldSetup } from "@quorate/sim";

/** As on card 8: ten seconds. */
export const TENURE_MILLIS = 10_000;

interface Setup extends Partial<Omit<WorldSetup, "options">> {
  readonly profile?: string;
  readonly options?: Partial<NodeOptions>;
  readonly officeRules?: Partial<OfficeRules>;
}

/** A world whose default keyspace has an appointed primary, who is not the leader of group 0. */
export class Offices {
  readonly world: World;
  readonly primary: SimNode;
  /** Moments at which two might act as primaries. */
  readonly doubles: string[] = [];

  constructor({ profile = "primary-sync", options, officeRules, ...setup }: Setup = {}) {
    const all: NodeOptions = {
      ...DEFAULT_OPTIONS,
      defaultProfile: profile,
      tenureTicks: TENURE_MILLIS,
      officeRules: { ...DEFAULT_OPTIONS.officeRules, ...officeRules },
      ...options,
    };
    this.world = new World({ seed: 8n, nodes: 3, ...setup, options: all }).boot();
    this.world.until(() => this.acting().length === 1, 10_000);
    const [primary] = this.acting();
    if (primary === undefined) throw new RangeError("nobody was appointed");
    this.primary = primary;
    this.world.until(() => this.world.leader(SYSTEM_KEYSPACE) !== null, 10_000);
    if (this.authority === primary) this.#moveAuthority();
    this.world.run(500);
  }

  /** Group 0's leader: who appoints. */
  get authority(): SimNode {
    const leader = this.world.leader(SYSTEM_KEYSPACE);
    if (leader === null) throw new RangeError("nobody leads group 0");
    return leader;
  }

  get others(): readonly SimNode[] {
    return this.world.nodes.filter((node) => node !== this.primary);
  }

  stateOf(node: SimNode): PrimaryState | null {
    const state = node.kernel?.replicaOf(DEFAULT_KEYSPACE)?.state;
    return state !== undefined && isPrimary(state) ? state : null;
  }

  untilOf(node: SimNode): number {
    return this.stateOf(node)?.until ?? 0;
  }

  epochOf(node: SimNode): number {
    return this.stateOf(node)?.term ?? 0;
  }

  /** Those who are primaries by what they know, within their time. */
  acting(): readonly SimNode[] {
    return this.world.nodes.filter((node) => {
      const state = this.stateOf(node);
      if (state === null || state.role.type !== "Leader" || !node.runs) return false;
      return state.role.handOver?.resigned !== true && node.now() < (state.until ?? 0);
    });
  }

  /** Time passes until it holds, under the eyes of somebody who sees all. */
  until(holds: () => boolean, millisMax: number): boolean {
    return this.world.until(() => {
      const acting = this.acting();
      if (acting.length > 1) this.doubles.push(acting.map(({ name }) => name).join());
      return holds();
    }, millisMax);
  }

  run(millis: number): void {
    this.until(() => false, millis);
  }

  /** Another one acts. */
  replaced(millisMax = 60_000): SimNode | null {
    const next = (): SimNode | undefined => this.acting().find((node) => node !== this.primary);
    this.until(() => next() !== undefined, millisMax);
    return next() ?? null;
  }

  #moveAuthority(): void {
    const [to] = this.others;
    if (to === undefined) throw new RangeError("there are others");
    const caller = { onReply: () => {}, onReadable: () => {} };
    this.authority.moveLeader(caller, SYSTEM_KEYSPACE, to.id, 2000);
    this.world.until(() => this.world.leader(SYSTEM_KEYSPACE) === to, 5000);
  }
}

export const put = (o: Offices, node: SimNode, value: string, patience = 500): unknown =>
  new Caller(o.world, patience).put(node, "x", value);
export const get = (
  o: Offices,
  node: SimNode,
  level: "local" | "readIndex" = "readIndex",
): unknown => new Caller(o.world, 500).get(node, "x", level);
