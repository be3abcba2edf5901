import type { Rate } from "../limits.ts";

/** The time of this turn, in whole or broken milliseconds of any clock that does not go back. Hosts set it. */
export interface Clock {
  now: number;
}

/** Counts how often something happens against a rate (a token bucket). */
export class Budget {
  readonly #rate: Rate;
  readonly #clock: Clock;
  #left: number;
  #filledAt: number;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#left = rate.burst;
    this.#filledAt = clock.now;
  }

  /** False where it has happened too often. The clock matters only once the burst is used up. */
  spend(): boolean {
    if (this.#left < 1) this.#fill();
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  allow(more: number): void {
    this.#left = Math.min(this.#left + more, this.#rate.burst);
  }

  #fill(): void {
    const { now } = this.#clock;
    this.allow(((now - this.#filledAt) / 1000) * this.#rate.perSecond);
    this.#filledAt = now;
  }
}
