/** A disk that syncs within this time on average is waited for: handing the sync to another thread and back costs as much. */
const QUICK_MICROS = 400;
/** What a batch may hold to be written at once: with more the write itself would stop the event loop too long. */
const AT_ONCE_BYTES_MAX = 64 * 1024;
/** After the disk turned out slow, batches until it is tried again; twice as many each time that it is slow again. */
export const REST_BATCHES_MIN = 1000;
export const REST_BATCHES_MAX = 128_000;
/** So many quick batches in a row, and a slow one is an exception again. */
export const TRUSTED_BATCHES = 10_000;
/** Of each new measurement the average takes one part in so many. */
const WEIGHT = 8;

/**
 * Decides which batches are written and synced at once, while the event loop waits, and which by another thread. A
 * disk that is slow once in a while costs the loop that once; one that is slow again and again, as one that others use, is tried
 * less and less often. While the node itself writes a checkpoint nothing is waited for.
 */
export class Pace {
  /** Microseconds that a write and its sync took at once. */
  #average = 0;
  #rest = 0;
  #nextRest = REST_BATCHES_MIN;
  #quick = 0;
  /** Large files that are being written beside the journal. */
  #others = 0;

  /** Whether this batch may be written at once. */
  atOnce(bytes: number): boolean {
    if (bytes > AT_ONCE_BYTES_MAX || this.#others > 0) return false;
    if (this.#rest === 0) return true;
    this.#rest--;
    return false;
  }

  /** What a write at once took. */
  took(micros: number): void {
    this.#average += (micros - this.#average) / WEIGHT;
    if (this.#average <= QUICK_MICROS) {
      if (++this.#quick >= TRUSTED_BATCHES) this.#nextRest = REST_BATCHES_MIN;
      return;
    }
    this.#average = 0;
    this.#quick = 0;
    this.#rest = this.#nextRest;
    this.#nextRest = Math.min(2 * this.#nextRest, REST_BATCHES_MAX);
  }

  /** A large file begins to be written, or is done. */
  beside(begins: boolean): void {
    this.#others += begins ? 1 : -1;
  }
}
