import { type Acks, DEFAULT_KEYSPACE, type Outcome } from "@quorate/kernel/core";
import { EtcdKind, EtcdMachine } from "@quorate/kernel/etcd";
import { Dice } from "../world/dice.ts";
import type { World } from "../world/world.ts";
import { readKey } from "./clients.ts";
import { putRequest } from "./etcd-requests.ts";

const LEVELS: readonly Acks[] = [1, 2, "majority", "all"];
const BETWEEN_MILLIS_MAX = 150;
const PATIENCE_MILLIS = 3000;
/** Writes of a run, each to a key of its own. */
const WRITES_MAX = 300;

interface Acknowledged {
  readonly key: string;
  /** How many members were said to hold it. */
  readonly holders: number;
}

/**
 * Writes that each ask for a level, on a keyspace that may lose what too few hold (card 63): what a majority was said to hold is there in
 * the end, whoever was lost meanwhile.
 */
export class LevelledWrites {
  readonly #world: World;
  readonly #dice: Dice;
  readonly #acknowledged: Acknowledged[] = [];
  #writes = 0;
  #stopped = false;

  constructor(world: World, seed: bigint) {
    this.#world = world;
    this.#dice = new Dice(seed);
  }

  start(): this {
    this.#often();
    return this;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Acknowledged writes that the replica which is furthest does not have, by how many were said to hold them. */
  undone(): { readonly atMajority: readonly string[]; readonly below: readonly string[] } {
    const majority = Math.floor(this.#world.nodes.length / 2) + 1;
    const gone = this.#acknowledged.filter(({ key }) => !this.#isThere(key));
    const keysOf = (some: readonly Acknowledged[]): readonly string[] => some.map(({ key }) => key);
    return {
      atMajority: keysOf(gone.filter(({ holders }) => holders >= majority)),
      below: keysOf(gone.filter(({ holders }) => holders < majority)),
    };
  }

  findings(): readonly string[] {
    return this.undone().atMajority.map((key) => `Acknowledged at majority, and undone: ${key}`);
  }

  #isThere(key: string): boolean {
    const replicas = this.#world.members().flatMap(({ kernel }) => {
      const status = kernel?.groupOf(DEFAULT_KEYSPACE) ?? null;
      return status?.view instanceof EtcdMachine
        ? [{ at: status.appliedIndex, view: status.view }]
        : [];
    });
    const [furthest] = replicas.sort((a, b) => b.at - a.at);
    return furthest !== undefined && readKey(furthest.view, key) !== null;
  }

  #often(): void {
    if (this.#stopped || this.#writes === WRITES_MAX) return;
    const node = this.#dice.pick(this.#world.nodes);
    const acks = this.#dice.pick(LEVELS);
    const key = `levelled${++this.#writes}`;
    const caller = {
      onReply: ({ ok }: Outcome, holders: number | null) => {
        if (ok && holders !== null) this.#acknowledged.push({ key, holders });
      },
      onReadable: () => {},
    };
    if (node.isUp)
      node.request(
        caller,
        DEFAULT_KEYSPACE,
        EtcdKind.put,
        putRequest(key, String(acks)),
        PATIENCE_MILLIS,
        null,
        acks,
      );
    this.#world.agenda.after(this.#dice.between(1, BETWEEN_MILLIS_MAX) * 1000, () => this.#often());
  }
}
