import type { History, Operation, Value } from "../history/index.ts";
import type { Verdict } from "../verdict.ts";
import { verdictOf, type WrongAnswer } from "./answers.ts";

/** What a person sees of the elements of a wrong answer. */
const SHOWN_MAX = 5;

/**
 * Unique elements are added, and at the end all are read: those that were added for certain must be there, and no others than
 * those that somebody tried to add. Where there are several reads the last one counts.
 */
export function checkSet(history: History): Verdict {
  const reads = history.filter(({ f, outcome }) => f === "read" && outcome === "ok");
  const last = reads.reduce<Operation | undefined>(
    (found, read) => (found === undefined || read.returned >= found.returned ? read : found),
    undefined,
  );
  if (last === undefined || !Array.isArray(last.output)) {
    return { type: "unknown", steps: 0, why: "the set was never read" };
  }
  const adds = history.filter(({ f }) => f === "add");
  const read = new Set(last.output.map(name));
  const attempted = new Set(adds.map(({ input }) => name(input)));
  const lost = adds.filter(({ outcome, input }) => outcome === "ok" && !read.has(name(input)));
  const unexpected = [...read].filter((element) => !attempted.has(element));
  const answers: WrongAnswer[] = [];
  if (lost.length > 0) {
    const elements = some(lost.map(({ input }) => name(input)));
    answers.push({
      anomaly: "lost",
      operation: last.index,
      expected: `with ${elements}, which had been added`,
      core: [...lost.slice(0, 1), last].map(({ index }) => index),
    });
  }
  if (unexpected.length > 0) {
    const expected = `without ${some(unexpected)}, which nobody added`;
    answers.push({ anomaly: "unexpected", operation: last.index, expected, core: [last.index] });
  }
  return verdictOf(answers, read.size);
}

export const name = (value: Value): string => JSON.stringify(value);

export const some = (elements: readonly string[]): string =>
  elements.length > SHOWN_MAX
    ? `${elements.slice(0, SHOWN_MAX).join(", ")} and ${elements.length - SHOWN_MAX} more`
    : elements.join(", ");
