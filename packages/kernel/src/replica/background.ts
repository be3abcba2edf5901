import type { Machine } from "../core/index.ts";
import type { NodeOptions } from "./options.ts";
import type { ReplicaPort } from "./replica-port.ts";

/** What a machine does in slices, a bounded number of steps per turn: events for its watchers, and tidying up. */
export class Background {
  #pumping = false;
  #tidying = false;

  /** More waits: the next turn should come soon. */
  get pending(): boolean {
    return this.#pumping || this.#tidying;
  }

  /** The machine changed, so there may be something to tidy. */
  applied(): void {
    this.#tidying = true;
  }

  run(machine: Machine, serving: boolean, options: NodeOptions, port: ReplicaPort): void {
    const { watches } = machine;
    this.#pumping =
      watches !== null &&
      serving &&
      watches.count > 0 &&
      watches.pump(options.pumpOps, {
        events: (ids, revision, part) => port.events(ids, revision, part),
        compacted: (id, compactRevision) => port.watchCompacted(id, compactRevision),
      });
    if (this.#tidying) this.#tidying = machine.tidy(options.tidyOps);
  }
}
