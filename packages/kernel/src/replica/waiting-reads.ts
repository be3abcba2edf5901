import type { LogIndex, RequestId, Ticks } from "../core/index.ts";

interface WaitingRead {
  readonly ids: readonly RequestId[];
  readonly at: LogIndex;
  readonly validUntil: Ticks | null;
}

const NONE: readonly WaitingRead[] = [];

/**
 * Reads that the protocol confirmed and the machine has not caught up with yet: they look once it has applied `at`.
 * Bounded by the protocol's `readsMax`.
 */
export class WaitingReads {
  #reads: WaitingRead[] = [];

  get isEmpty(): boolean {
    return this.#reads.length === 0;
  }

  add(read: WaitingRead): void {
    this.#reads.push(read);
  }

  /** Those that may look at a machine which has applied `index`. */
  take(index: LogIndex): readonly WaitingRead[] {
    if (this.#reads.length === 0) return NONE;
    const ready = this.#reads.filter(({ at }) => at <= index);
    if (ready.length > 0) this.#reads = this.#reads.filter(({ at }) => at > index);
    return ready;
  }

  /** Everybody who waits: nobody will be served here. */
  drain(): readonly RequestId[] {
    const ids = this.#reads.flatMap((read) => read.ids);
    this.#reads = [];
    return ids;
  }
}
