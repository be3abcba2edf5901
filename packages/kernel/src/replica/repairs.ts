import type { Ticks } from "../core/index.ts";
import type { Replica } from "./replica.ts";
import type { Note } from "./replica-port.ts";

/** A group that is not whole after so long is reported, and again after every such time. */
const REPORT_TICKS = 30_000;

/** The groups of this node that are rebuilt from their peers. Some wait for peers that cannot come: that must be heard. */
export class Repairs {
  readonly #replicas = new Set<Replica>();
  #reportAt: Ticks | null = null;

  begun(replica: Replica, now: Ticks): void {
    if (!replica.state.repairing) return;
    this.#replicas.add(replica);
    this.#reportAt ??= (now + REPORT_TICKS) as Ticks;
  }

  forget(replica: Replica): void {
    this.#replicas.delete(replica);
  }

  get wakeAt(): Ticks | null {
    return this.#reportAt;
  }

  /** Forgets those that are whole, and tells of those that are not. Costs nothing while there are none. */
  report(now: Ticks, note: (event: string, fields: Note["fields"]) => void): void {
    if (this.#reportAt === null || now < this.#reportAt) return;
    for (const replica of this.#replicas) {
      const { group, state, standing, config } = replica;
      if (!state.repairing) this.#replicas.delete(replica);
      else
        note("group still repairing", {
          group,
          leader: standing.leader,
          voters: config.voters.join(", "),
          what:
            "a majority of its voters must be sound and reachable: start those that are missing; if there is no such " +
            "majority left, only a backup brings this group back",
        });
    }
    this.#reportAt = this.#replicas.size === 0 ? null : ((now + REPORT_TICKS) as Ticks);
  }
}
