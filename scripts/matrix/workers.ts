import { Worker } from "node:worker_threads";
import type { Result, Task } from "@quorate/sim";

/** Threads that perform tasks, each one after the other; whoever is free takes the next. */
export class Workers {
  readonly #workers: readonly Worker[];

  constructor(count: number) {
    const script = new URL("../matrix-worker.ts", import.meta.url);
    this.#workers = Array.from({ length: count }, () => new Worker(script));
  }

  /** Results in the order of their tasks. Rejects with what a task threw: that is a bug, and nothing to go on with. */
  async perform(
    tasks: readonly Task[],
    progress: (done: number, of: number) => void,
  ): Promise<readonly Result[]> {
    const results: Result[] = [];
    let next = 0;
    let done = 0;
    const work = async (worker: Worker): Promise<void> => {
      for (let at = next++; at < tasks.length; at = next++) {
        results[at] = await performed(worker, tasks[at] as Task);
        progress(++done, tasks.length);
      }
    };
    await Promise.all(this.#workers.map(work));
    return results;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

const performed = (worker: Worker, task: Task): Promise<Result> =>
  new Promise((resolve, reject) => {
    const fail = (error: unknown): void =>
      reject(new Error(`task ${JSON.stringify(task)} failed`, { cause: error }));
    worker.once("error", fail);
    worker.once("message", (result: Result) => {
      worker.off("error", fail);
      resolve(result);
    });
    worker.postMessage(task);
  });
