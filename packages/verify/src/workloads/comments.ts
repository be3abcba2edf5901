import type { History, Operation } from "../history/index.ts";
import type { Verdict } from "../verdict.ts";
import { verdictOf, type WrongAnswer } from "./answers.ts";
import { name } from "./set.ts";

/**
 * Numbers are written once each, and reads return those that are there. Where a write had returned before another was called, a
 * read that holds the second without the first breaks strict serializability: the second was committed in a state without the
 * first. A read that holds what nobody wrote says nothing here.
 */
export function checkComments(history: History): Verdict {
  const reads = history.filter(({ f, outcome }) => f === "read" && outcome === "ok");
  const other = reads.find(({ output }) => output !== null && !Array.isArray(output));
  if (other !== undefined)
    return { type: "unknown", steps: 0, why: `operation ${other.index} read no list of numbers` };
  const writes = history.filter(({ f }) => f === "write");
  const byReturn = writes
    .filter(({ outcome }) => outcome === "ok")
    .sort((a, b) => a.returned - b.returned);
  const called = new Map(writes.map((write) => [name(write.input), write]));
  const answers: WrongAnswer[] = [];
  for (const read of reads) {
    const wrong = missing(read, byReturn, called);
    if (wrong !== null) answers.push(wrong);
  }
  return verdictOf(answers, reads.length);
}

/** The write called last of those that the read holds needs all that had returned by then, and so all that the others need. */
function missing(
  read: Operation,
  byReturn: readonly Operation[],
  called: ReadonlyMap<string, Operation>,
): WrongAnswer | null {
  const seen = new Set(Array.isArray(read.output) ? read.output.map(name) : []);
  let last: Operation | null = null;
  for (const text of seen) {
    const write = called.get(text);
    if (write !== undefined && (last === null || write.called > last.called)) last = write;
  }
  if (last === null) return null;
  for (const write of byReturn) {
    if (write.returned >= last.called) return null;
    if (seen.has(name(write.input))) continue;
    const expected = `with ${name(write.input)}, which was written before ${name(last.input)}`;
    const core = [write.index, last.index, read.index];
    return { anomaly: "missing", operation: read.index, expected, core };
  }
  return null;
}
