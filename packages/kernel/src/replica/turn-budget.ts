import type { Now } from "../core/index.ts";

/**
 * Bytes of commands that one group proposes, and applies, in one turn of its node. What is beyond waits for the next turn: hashing, copying
 * and summing a few large values would hold up the heartbeats of all groups for longer than an election time-out.
 */
export const TURN_BYTES_MAX = 2 << 20;

/** How much of that is left in the turn that runs. */
export class TurnBudget {
  #turn: Now | null = null;
  #left = 0;

  /** Whether so many bytes more may be handled now; the first of a turn always. */
  take(now: Now, bytes: number): boolean {
    const first = this.#turn !== now;
    if (first) {
      this.#turn = now;
      this.#left = TURN_BYTES_MAX;
    }
    if (!first && this.#left < bytes) return false;
    this.#left -= bytes;
    return true;
  }
}
