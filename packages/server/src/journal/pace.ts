/** A disk that syncs within this time on average is waited for: handing the sync to another thread and back costs as much. */
const QUICK_MICROS = 400;
/** What a batch may hold to be written at once: with more the write itself would stop the event loop too long. */
const AT_ONCE_BYTES_MAX = 64 * 1024;
/** After the disk turned out slow, batches until it is tried again. */
const REST_BATCHES = 1000;
/** Of each new measurement the average takes one part in so many. */
const WEIGHT = 8;

/**
 * Decides which batches are written and synced at once, while the event loop waits, and which by another thread. A
 * disk that is slow once in a while costs the loop that once; one that is slow stays with the thread.
 */
export class Pace {
  /** Microseconds that a write and its sync took at once. */
  #average = 0;
  #rest = 0;

  atOnce(bytes: number): boolean {
    if (bytes > AT_ONCE_BYTES_MAX) return false;
    if (this.#rest === 0) return true;
    this.#rest--;
    return false;
  }

  /** What a write at once took. */
  took(micros: number): void {
    this.#average += (micros - this.#average) / WEIGHT;
    if (this.#average <= QUICK_MICROS) return;
    this.#average = 0;
    this.#rest = REST_BATCHES;
  }
}
