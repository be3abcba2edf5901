/** A watch stream with watchers that asked for `progress_notify`. */
export interface ProgressStream {
  onProgressTick(): void;
}

/**
 * Tells watch streams when to report progress. Each has its own beat: the interval and up to a tenth of it,
 * drawn when it is added, so that streams opened together do not all report together.
 */
export class ProgressTicker {
  readonly #intervalMs: number;
  readonly #timers = new Map<ProgressStream, NodeJS.Timeout>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  add(stream: ProgressStream): void {
    if (this.#timers.has(stream)) return;
    const period = this.#intervalMs + Math.floor((Math.random() * this.#intervalMs) / 10);
    this.#timers.set(stream, setInterval(() => stream.onProgressTick(), period).unref());
  }

  delete(stream: ProgressStream): void {
    clearInterval(this.#timers.get(stream));
    this.#timers.delete(stream);
  }
}
