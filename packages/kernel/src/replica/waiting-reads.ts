import { fail, type LogIndex, type Machine, type RequestId, type Ticks } from "../core/index.ts";
import type { ReplicaPort } from "./replica-port.ts";

interface WaitingRead {
  readonly ids: readonly RequestId[];
  readonly at: LogIndex;
  readonly validUntil: Ticks | null;
}

/**
 * Reads that the protocol confirmed and the machine has not caught up with yet: they look once it has applied `at`.
 * Bounded by the protocol's `readsMax`.
 */
export class WaitingReads {
  #reads: WaitingRead[] = [];

  add(read: WaitingRead): void {
    this.#reads.push(read);
  }

  /** Those look that may look at a machine which has applied `index`. */
  serve(machine: Machine, index: LogIndex, port: ReplicaPort): void {
    if (this.#reads.length === 0) return;
    const ready = this.#reads.filter(({ at }) => at <= index);
    if (ready.length === 0) return;
    this.#reads = this.#reads.filter(({ at }) => at > index);
    for (const { ids, validUntil } of ready)
      for (const id of ids) port.readable(id, machine, validUntil);
  }

  /** Nobody will be served here. */
  abandon(port: ReplicaPort): void {
    const reads = this.#reads;
    this.#reads = [];
    for (const { ids } of reads)
      for (const id of ids) port.outcome(id, fail({ code: "Corrupt", definite: true }));
  }
}
