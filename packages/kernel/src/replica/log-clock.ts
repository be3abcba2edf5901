import type { Ticks } from "../core/index.ts";

/**
 * Log time: milliseconds that pass only while somebody leads. The leader stamps its entries with it and tells it to
 * its followers, so a new leader goes on from where the old one was last heard: leases measured in it never end early,
 * and are extended by the time without a leader plus what lay between two tellings (contracts, Leases).
 */
export class LogClock {
  /** The highest time known from the log, a snapshot or the leader's word. */
  #heard = 0;
  #leading: { readonly base: number; readonly since: Ticks } | null = null;

  /** Never goes back, whoever says what. */
  hear(at: number): void {
    if (at > this.#heard) this.#heard = at;
  }

  lead(now: Ticks): void {
    this.#leading ??= { base: this.#heard, since: now };
  }

  follow(): void {
    this.#leading = null;
  }

  /** The leader's time; for everybody else the last that was heard. */
  at(now: Ticks): number {
    if (this.#leading === null) return this.#heard;
    this.hear(this.#leading.base + (now - this.#leading.since));
    return this.#heard;
  }

  /** The tick at which a leader's log time will be `at`, or null if nobody leads here. */
  tickOf(at: number): Ticks | null {
    if (this.#leading === null) return null;
    return Math.max(this.#leading.since, this.#leading.since + (at - this.#leading.base)) as Ticks;
  }
}
