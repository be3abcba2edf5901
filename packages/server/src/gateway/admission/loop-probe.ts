/** Between two looks at the clock. */
const PERIOD_MS = 10;

/**
 * Finds out how long what is ready waits for the event loop: a timer that is due and not run waits as a call does whose bytes
 * have arrived. It runs only while it is used.
 */
export class LoopProbe {
  readonly #onDelay: (delayMs: number, now: number) => boolean;
  #timer: NodeJS.Timeout | null = null;
  #dueAt = 0;

  /** `onDelay` says whether to go on. */
  constructor(onDelay: (delayMs: number, now: number) => boolean) {
    this.#onDelay = onDelay;
  }

  get isRunning(): boolean {
    return this.#timer !== null;
  }

  start(): void {
    this.#dueAt = performance.now() + PERIOD_MS;
    this.#timer ??= setTimeout(() => this.#look(), PERIOD_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const timer = this.#timer;
    const now = performance.now();
    if (timer === null || !this.#onDelay(now - this.#dueAt, now)) {
      this.#timer = null;
      return;
    }
    this.#dueAt = performance.now() + PERIOD_MS;
    timer.refresh();
  }
}
