import type { JournalSeq, PersistSeq } from "../core/index.ts";

/** Maps the node's journal to a replica's own count of its records: the journal is shared, the count is not. */
export class Persisted {
  /** Sequences of the records not durable yet, oldest first; the first is this replica's record `#durableCount + 1`. */
  readonly #undurable: JournalSeq[] = [];
  #durableCount = 0;
  #last: JournalSeq;

  constructor(last: JournalSeq) {
    this.#last = last;
  }

  /** Whatever promises all that this replica persisted so far waits for this one. */
  get last(): JournalSeq {
    return this.#last;
  }

  add(seq: JournalSeq): void {
    this.#undurable.push(seq);
    this.#last = seq;
  }

  /** The journal holds everything up to `seq`: the newest record of this replica among it, null if none is new. */
  durable(seq: JournalSeq): PersistSeq | null {
    let count = 0;
    while (count < this.#undurable.length && (this.#undurable[count] as JournalSeq) <= seq) count++;
    if (count === 0) return null;
    this.#undurable.splice(0, count);
    this.#durableCount += count;
    return this.#durableCount as PersistSeq;
  }
}
