import { configOf, earliest, type GroupId, type NodeId, type Ticks } from "../core/index.ts";
import type { Groups } from "./groups.ts";
import type { Replica } from "./replica.ts";
import { parseTerms } from "./terms.ts";

/** How often a leader looks whether the member that is preferred to it could lead. */
const LOOK_TICKS = 1000;

export interface FailBackHost {
  readonly node: NodeId;
  readonly groups: Groups;
  readonly isUp: (node: NodeId) => boolean;
  readonly handTo: (replica: Replica, to: NodeId) => void;
}

/** Of a group that this node leads. */
interface Wish {
  readonly replica: Replica;
  readonly preferred: NodeId;
}

/**
 * A keyspace may prefer one of its members as its leader (C10, card 63). Whoever leads instead hands it over once that one has been up for
 * the hold time, is in step, and the last change of leaders is as long ago: then once, and not again for as long. So a member that comes
 * and goes moves nothing. What this node knows of who was up since when it forgets with a restart, and waits for longer then.
 */
export class FailBack {
  readonly #host: FailBackHost;
  readonly #holdTicks: number;
  /** Of members that are preferred somewhere where this node leads. */
  readonly #upSince = new Map<NodeId, Ticks>();
  readonly #ledSince = new Map<GroupId, { readonly term: number; readonly at: Ticks }>();
  #lookAt: Ticks | null = null;

  constructor(host: FailBackHost, holdTicks: number) {
    this.#host = host;
    this.#holdTicks = holdTicks;
  }

  /** Null where this node leads nothing that prefers another. */
  get wakeAt(): Ticks | null {
    return this.#lookAt;
  }

  /** Who leads what, or what is preferred, has changed. */
  changed(now: Ticks): void {
    this.#lookAt = earliest(this.#lookAt, now);
  }

  run(now: Ticks): void {
    if (this.#lookAt === null || now < this.#lookAt) return;
    const wishes = this.#wishes();
    this.#remember(wishes, now);
    for (const { replica, preferred } of wishes) {
      const led = this.#ledSince.get(replica.group)?.at ?? now;
      const up = this.#upSince.get(preferred) ?? now;
      if (now - Math.max(led, up) < this.#holdTicks || !replica.isInStep(preferred)) continue;
      this.#ledSince.set(replica.group, { term: replica.state.term, at: now });
      this.#host.handTo(replica, preferred);
    }
    this.#lookAt = wishes.length === 0 ? null : ((now + LOOK_TICKS) as Ticks);
  }

  #wishes(): readonly Wish[] {
    const { groups, node } = this.#host;
    return [...groups.system.keyspaces.values()].flatMap(({ keyspace, profile }) => {
      const preferred = parseTerms(profile)?.prefer ?? null;
      const replica = preferred === null ? null : groups.of(keyspace);
      if (preferred === null || replica === null || !replica.isLeader || preferred === node)
        return [];
      return configOf(replica.state).voters.includes(preferred) ? [{ replica, preferred }] : [];
    });
  }

  #remember(wishes: readonly Wish[], now: Ticks): void {
    const preferred = new Set(wishes.map((wish) => wish.preferred));
    for (const member of this.#upSince.keys())
      if (!preferred.has(member) || !this.#host.isUp(member)) this.#upSince.delete(member);
    for (const member of preferred)
      if (this.#host.isUp(member) && !this.#upSince.has(member)) this.#upSince.set(member, now);
    const led = new Map(wishes.map(({ replica }) => [replica.group, replica.state.term]));
    for (const group of this.#ledSince.keys()) if (!led.has(group)) this.#ledSince.delete(group);
    for (const [group, term] of led)
      if (this.#ledSince.get(group)?.term !== term) this.#ledSince.set(group, { term, at: now });
  }
}
