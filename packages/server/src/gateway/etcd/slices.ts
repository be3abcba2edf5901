/** Long work that is done a little at a time. */
export interface Slice {
  /** Does a few milliseconds' worth; true while more waits. */
  step(): boolean;
}

/** How long the slices of one turn of the event loop may take together. */
const TURN_MS_MAX = 5;

/** Runs long reads in turn, between the turns of the event loop, so that none of them delays a heartbeat. */
export class Slices {
  #waiting: Slice[] = [];
  #scheduled = false;

  add(slice: Slice): void {
    this.#waiting.push(slice);
    this.#schedule();
  }

  remove(slice: Slice): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== slice);
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    const until = performance.now() + TURN_MS_MAX;
    do {
      const slice = this.#waiting.shift();
      if (slice === undefined) return;
      if (slice.step()) this.#waiting.push(slice);
    } while (performance.now() < until);
    this.#schedule();
  }
}
