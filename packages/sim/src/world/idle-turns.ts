/** In a second. A backlog may be applied entry by entry, without a word; more turns than that are a busy loop. */
export const IDLE_TURNS_MAX = 5000;

/** Counts the turns of the present second that had neither input nor effect. */
export class IdleTurns {
  #second = 0;
  #turns = 0;

  /** True for the one that makes them too many. */
  add(micros: number): boolean {
    const second = Math.floor(micros / 1_000_000);
    this.#turns = second === this.#second ? this.#turns + 1 : 1;
    this.#second = second;
    return this.#turns === IDLE_TURNS_MAX;
  }
}
