/** Bounds and pace of a `ConcurrencyLimit`. Times in milliseconds. */
export interface LimitOptions {
  /** However bad the delay, so many may be under way: with none there would be nothing to learn from. */
  readonly callsMin: number;
  /** However good it is, no more. */
  readonly callsMax: number;
  /** A queueing delay that is put up with. */
  readonly targetMs: number;
  /** How long a delay must stand before it counts, and how often the limit moves. */
  readonly intervalMs: number;
  /** Fewer observations say nothing about an interval: it goes on until it has them. */
  readonly observationsMin: number;
  /** Added for an interval below the target. */
  readonly callsStep: number;
  /** What an interval at twice the target takes away, in percent. */
  readonly cutPercent: number;
}

export const LIMIT_OPTIONS: LimitOptions = {
  callsMin: 128,
  callsMax: 3072,
  targetMs: 30,
  intervalMs: 100,
  observationsMin: 3,
  callsStep: 64,
  cutPercent: 40,
};

/** One interval takes no more than half away (Breakwater §4.2). */
const CUT_PERCENT_MAX = 50;

/**
 * How many calls may be under way at a time, found out from how long what is ready has to wait for this process.
 *
 * The signal is CoDel's (RFC 8289 §3): the *least* delay of an interval. A burst, a pause of the garbage collector or a process
 * that was stopped gives one long delay among short ones; only a queue that never empties lifts the least. The law is
 * Breakwater's (Cho et al., OSDI 2020, §4.2): so many more while the delay is below the target, and a part less in
 * proportion to how far it is above. Delay and not response time, as in DAGOR (Zhou et al., SoCC 2018, §4.1): what a call waits
 * for elsewhere, a disk or a quorum, does not get shorter by letting fewer in, because a batch takes them all along.
 *
 * Begins at `callsMax`, and goes back there also while few calls come: a server that is not overloaded refuses nobody.
 */
export class ConcurrencyLimit {
  readonly #options: LimitOptions;
  #calls: number;
  #begunAt: number | null = null;
  #observations = 0;
  #leastMs = Number.POSITIVE_INFINITY;
  #refusedBehind = false;
  #entered = 0;
  #refused = 0;

  constructor(options: LimitOptions = LIMIT_OPTIONS) {
    this.#options = options;
    this.#calls = options.callsMax;
  }

  /** Invariant: an integer, callsMin ≤ calls ≤ callsMax. */
  get calls(): number {
    return this.#calls;
  }

  /**
   * Something that was ready at `now - delayMs` had its turn only now. Since the last observation so many calls were let in, and
   * so many refused.
   */
  observe(delayMs: number, entered: number, refused: number, now: number): void {
    this.#begunAt ??= now;
    this.#observations++;
    this.#leastMs = Math.min(this.#leastMs, Math.max(0, delayMs));
    this.#entered += entered;
    this.#refused += refused;
    const { intervalMs, observationsMin } = this.#options;
    if (now - this.#begunAt < intervalMs || this.#observations < observationsMin) return;
    this.#adjust();
    this.#begunAt = now;
    this.#observations = 0;
    this.#leastMs = Number.POSITIVE_INFINITY;
    this.#refusedBehind = false;
    this.#entered = 0;
    this.#refused = 0;
  }

  /** Somebody behind us, the leader for example, had too much to do: this interval counts as one far above the target. */
  onRefusedBehind(): void {
    this.#refusedBehind = true;
  }

  #adjust(): void {
    const { targetMs, callsMin, callsMax, callsStep, cutPercent } = this.#options;
    if (this.#refusedBehind || this.#leastMs > targetMs) {
      // Who is refused and asks again at once keeps the process busy by that alone: to let fewer in would make it worse.
      if (this.#refused > this.#entered) return;
      const over = (this.#leastMs - targetMs) / targetMs;
      const cut = this.#refusedBehind
        ? CUT_PERCENT_MAX
        : Math.min(CUT_PERCENT_MAX, cutPercent * over);
      this.#calls = Math.max(callsMin, Math.floor((this.#calls * (100 - cut)) / 100));
    } else this.#calls = Math.min(callsMax, this.#calls + callsStep);
  }
}
