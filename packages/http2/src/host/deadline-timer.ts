import { DEADLINE_PERIOD_MS, Deadlines } from "../protocol/index.ts";

/** All deadlines of a server or client under one timer, which runs only while something has one. */
export class DeadlineTimer {
  readonly deadlines: Deadlines;
  #timer: NodeJS.Timeout | null = null;

  constructor() {
    this.deadlines = new Deadlines(performance.now(), () => this.#start());
  }

  #start(): void {
    this.#timer ??= setInterval(() => this.#sweep(), DEADLINE_PERIOD_MS).unref();
  }

  #sweep(): void {
    this.deadlines.advance(performance.now());
    if (this.deadlines.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
