import { closeSync, openSync, writeSync } from "node:fs";
import { HISTORY_HEADER, type Value } from "@quorate/verify";

/** Lines gathered before they are written. */
const LINES_MAX = 256;

export type Ending =
  | { readonly type: "ok"; readonly value: Value }
  | { readonly type: "failed"; readonly why: string }
  | { readonly type: "unknown"; readonly why: string };

/** A call that is under way. */
export interface Open {
  readonly process: number;
  readonly f: string;
  readonly key: string | null;
}

/** Writes one workload's history as it happens, in the format of `@quorate/verify`. Times are microseconds of one monotonic clock. */
export class Recorder {
  readonly counts = { ok: 0, failed: 0, unknown: 0 };
  readonly #file: number;
  #lines: string[] = [HISTORY_HEADER];
  #processes = 0;
  #lastOk = performance.now();
  #longestWithout = 0;

  constructor(path: string) {
    this.#file = openSync(path, "w");
  }

  get operations(): number {
    return this.counts.ok + this.counts.failed + this.counts.unknown;
  }

  /** The longest time without any success, in milliseconds. */
  get longestWithout(): number {
    return Math.max(this.#longestWithout, performance.now() - this.#lastOk);
  }

  /**
   * A process that never did anything: one whose call is of unknown outcome does nothing more, because that call may happen after
   * all that it would do next.
   */
  freshProcess(): number {
    return this.#processes++;
  }

  invoke(process: number, f: string, key: string | null, value: Value): Open {
    this.#write({ type: "invoke", process, f, ...(key === null ? {} : { key }), value });
    return { process, f, key };
  }

  complete({ process, f, key }: Open, ending: Ending): void {
    this.counts[ending.type]++;
    const value = ending.type === "ok" ? { value: ending.value } : {};
    const why = ending.type === "ok" ? {} : { why: ending.why };
    this.#write({
      type: ending.type,
      process,
      f,
      ...(key === null ? {} : { key }),
      ...value,
      ...why,
    });
    if (ending.type !== "ok") return;
    const now = performance.now();
    this.#longestWithout = Math.max(this.#longestWithout, now - this.#lastOk);
    this.#lastOk = now;
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #write(event: object): void {
    this.#lines.push(JSON.stringify({ ...event, time: Math.round(performance.now() * 1000) }));
    if (this.#lines.length >= LINES_MAX) this.#flush();
  }

  #flush(): void {
    if (this.#lines.length > 0) writeSync(this.#file, `${this.#lines.join("\n")}\n`);
    this.#lines = [];
  }
}
