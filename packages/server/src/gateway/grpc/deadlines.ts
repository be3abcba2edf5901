/** What has a deadline; the sweep calls `onDeadline` once, at most one period late. */
export interface Timed {
  /** On `performance.now()`'s clock. */
  readonly deadlineMs: number;
  onDeadline(): void;
}

/** How late a deadline may be noticed. */
const SWEEP_PERIOD_MS = 20;

/**
 * The deadlines of all calls of a listener under one timer, because a timer per request would cost more than
 * many a request. The timer runs only while something has a deadline.
 */
export class Deadlines {
  readonly #timed = new Set<Timed>();
  #timer: NodeJS.Timeout | null = null;

  add(timed: Timed): void {
    this.#timed.add(timed);
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_PERIOD_MS).unref();
  }

  delete(timed: Timed): void {
    this.#timed.delete(timed);
  }

  #sweep(): void {
    const now = performance.now();
    for (const timed of this.#timed) {
      if (timed.deadlineMs > now) continue;
      this.#timed.delete(timed);
      timed.onDeadline();
    }
    if (this.#timed.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
