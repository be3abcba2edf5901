/** What callers want to do once all of them have been told what is known: in a turn when its effects are performed, else soon. */
export class AfterAnswers {
  #tasks: (() => void)[] = [];
  #held = false;

  add(task: () => void): void {
    this.#tasks.push(task);
    if (!this.#held && this.#tasks.length === 1) queueMicrotask(() => this.run());
  }

  /** A turn begins to perform its effects, and will call `run` when it is done. */
  hold(): void {
    this.#held = true;
  }

  run(): void {
    this.#held = false;
    if (this.#tasks.length === 0) return;
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task();
  }
}
