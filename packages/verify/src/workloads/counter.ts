import type { History, Operation } from "../history/index.ts";
import type { Verdict } from "../verdict.ts";
import { verdictOf, type WrongAnswer } from "./answers.ts";

/**
 * A counter that begins at 0: `add n`, `read`. A read must lie between the least and the most that the additions allow: those
 * that had returned before it was called count for certain, those called before it returned may count.
 */
export function checkCounter(history: History): Verdict {
  const adds = history.filter(
    ({ f, outcome }) => (f === "add" || f === "inc") && outcome !== "failed",
  );
  const reads = history.filter(
    ({ f, outcome, output }) => f === "read" && outcome === "ok" && output !== null,
  );
  const certain = new Sums(
    adds.filter(({ outcome }) => outcome === "ok"),
    ({ returned }) => returned,
  );
  const attempted = new Sums(adds, ({ called }) => called);
  const answers: WrongAnswer[] = [];
  for (const read of reads) {
    // What is added for certain counts either way; what may be counts to the side that it moves the value to.
    const done = certain.before(read.called);
    const tried = attempted.before(read.returned);
    const lower = done.up + tried.down;
    const upper = tried.up + done.down;
    const value = Number(read.output);
    if (value >= lower && value <= upper) continue;
    const expected = `from ${lower} to ${upper}, not ${value}`;
    answers.push({ anomaly: "out-of-bounds", operation: read.index, expected, core: [read.index] });
  }
  return verdictOf(answers, reads.length);
}

/** Running sums of additions and subtractions by time. */
class Sums {
  private readonly times: readonly number[];
  private readonly ups: readonly number[];
  private readonly downs: readonly number[];

  constructor(adds: readonly Operation[], timeOf: (add: Operation) => number) {
    const sorted = [...adds].sort((a, b) => timeOf(a) - timeOf(b));
    const ups = [0];
    const downs = [0];
    for (const { input } of sorted) {
      const amount = Number(input ?? 1);
      ups.push((ups[ups.length - 1] as number) + Math.max(0, amount));
      downs.push((downs[downs.length - 1] as number) + Math.min(0, amount));
    }
    this.times = sorted.map(timeOf);
    this.ups = ups;
    this.downs = downs;
  }

  before(time: number): { readonly up: number; readonly down: number } {
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.times[middle] as number) < time) low = middle + 1;
      else high = middle;
    }
    return { up: this.ups[low] as number, down: this.downs[low] as number };
  }
}
