import type { Ticks } from "../core/index.ts";

/**
 * A leader with leases looks at the clock every `logTimeTicks`. Had it not looked for longer than this it stood still, and the time
 * beyond counts as time without a leader.
 */
const STANDSTILL_TICKS = 500;

/** What a leader said the time was, in its term. */
interface Told {
  readonly term: number;
  readonly at: number;
}

/**
 * Log time: milliseconds that pass only while somebody leads. The leader stamps its entries with it and tells it to
 * its followers, so a new leader goes on from where the old one was last heard: leases measured in it never end early,
 * and are extended by the time without a leader plus what lay between two tellings (contracts, Leases).
 *
 * A leader that was deposed without knowing, because it was cut off, has a time ahead of its successor's: it counted
 * while the other led. So what is told counts only as long as the log holds no entry of a later leader, for by that one's
 * time leases may have been renewed since. Stamps in the log bind everybody.
 */
export class LogClock {
  /** See `ReplicaRules.logTimeByTerm`. */
  readonly #byTerm: boolean;
  /** The highest time known from the log or a snapshot. */
  #heard = 0;
  /** The newest word of a leader, this node's own included. */
  #told: Told = { term: 0, at: 0 };
  #leading: { readonly term: number; readonly base: number; readonly since: Ticks } | null = null;
  #lookedAt = 0;

  constructor(byTerm: boolean) {
    this.#byTerm = byTerm;
  }

  /** Never goes back, whoever says what. */
  hear(at: number): void {
    if (at > this.#heard) this.#heard = at;
  }

  tell(term: number, at: number): void {
    if (!this.#byTerm && this.#leading === null) this.hear(at);
    const newer = term > this.#told.term || (term === this.#told.term && at > this.#told.at);
    if (newer) this.#told = { term, at };
  }

  /** `lastTerm`: of the last entry in the log that is not this leader's own. */
  lead(now: Ticks, term: number, lastTerm: number): void {
    const base = this.#told.term >= lastTerm ? Math.max(this.#heard, this.#told.at) : this.#heard;
    this.#leading ??= { term, base, since: now };
    this.#lookedAt = now;
  }

  /**
   * The leader goes on; before anything that asks for the time in the same run. While it stood still nobody led: renewals lay unread in
   * its sockets, and no lease may end for want of them. What `at` said stays true: it never goes back.
   */
  look(now: Ticks): void {
    const gap = now - this.#lookedAt;
    this.#lookedAt = now;
    if (this.#leading === null || gap <= STANDSTILL_TICKS) return;
    const { term, base, since } = this.#leading;
    this.#leading = { term, base, since: (since + gap - STANDSTILL_TICKS) as Ticks };
  }

  follow(now: Ticks): void {
    if (this.#leading === null) return;
    const last = { term: this.#leading.term, at: this.at(now) };
    this.#leading = null;
    this.tell(last.term, last.at);
  }

  /** The leader's time; for everybody else the last that is in the log. */
  at(now: Ticks): number {
    if (this.#leading === null) return this.#heard;
    return Math.max(this.#heard, this.#leading.base + (now - this.#leading.since));
  }

  /** The tick at which a leader's log time will be `at`, or null if nobody leads here. */
  tickOf(at: number): Ticks | null {
    if (this.#leading === null) return null;
    return Math.max(this.#leading.since, this.#leading.since + (at - this.#leading.base)) as Ticks;
  }
}
