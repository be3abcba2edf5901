import { type History, type Operation, type Value, wordOf } from "../history/index.ts";
import type { Verdict } from "../verdict.ts";
import { verdictOf, type WrongAnswer } from "./answers.ts";

/**
 * Keys are written once each, and read in groups (keys 0 to n−1, n to 2n−1, …). Two reads of one group must not order two writes
 * differently: one of them sees all that the other sees. Snapshot isolation promises it, parallel snapshot isolation does not.
 */
export function checkLongFork(history: History, groupSize: number | null): Verdict {
  const reads = history.filter(isRead).map(readOf);
  const size = groupSize ?? Math.max(1, ...reads.map(({ seen }) => seen.size));
  const groups = new Map<string, Read[]>();
  for (const read of reads) {
    for (const group of new Set([...read.seen.keys()].map((key) => groupOf(key, size)))) {
      const seen = new Map([...read.seen].filter(([key]) => groupOf(key, size) === group));
      const known = groups.get(group);
      if (known === undefined) groups.set(group, [{ ...read, seen }]);
      else known.push({ ...read, seen });
    }
  }
  const twice = writtenTwice(history);
  if (twice !== null)
    return { type: "unknown", steps: 0, why: `${twice} is written more than once` };
  const answers = [...groups.values()].flatMap(forks);
  return verdictOf(answers, reads.length);
}

interface Read {
  readonly operation: Operation;
  readonly seen: ReadonlyMap<string, Value>;
}

/** States of one group, fewest keys first: each has to lie within the next. O(reads), for a fork shows between neighbours. */
function forks(group: readonly Read[]): readonly WrongAnswer[] {
  const count = ({ seen }: Read): number =>
    [...seen.values()].filter((value) => value !== null).length;
  const sorted = [...group].sort(
    (a, b) => count(a) - count(b) || a.operation.index - b.operation.index,
  );
  for (let i = 1; i < sorted.length; i++) {
    const less = sorted[i - 1] as Read;
    const more = sorted[i] as Read;
    const wrong = forkOf(less, more) ?? differenceOf(less, more);
    if (wrong !== null) return [wrong];
  }
  return [];
}

/** Each sees a write that the other does not. */
function forkOf(less: Read, more: Read): WrongAnswer | null {
  const missed = onlyIn(less, more);
  if (missed === undefined || onlyIn(more, less) === undefined) return null;
  const expected = `with ${missed}, which operation ${less.operation.index} saw without all that this one saw`;
  return answer("long-fork", less, more, expected);
}

const onlyIn = (here: Read, there: Read): string | undefined =>
  [...here.seen.keys()].find(
    (key) => (here.seen.get(key) ?? null) !== null && there.seen.get(key) === null,
  );

/** Both see a write of one key, and not the same. */
function differenceOf(less: Read, more: Read): WrongAnswer | null {
  for (const [key, value] of less.seen) {
    const other = more.seen.get(key) ?? null;
    if (value === null || other === null || JSON.stringify(value) === JSON.stringify(other))
      continue;
    return answer("distinct-values", less, more, `one value of ${key}, which is written once`);
  }
  return null;
}

const answer = (anomaly: string, less: Read, more: Read, expected: string): WrongAnswer => ({
  anomaly,
  operation: more.operation.index,
  expected,
  core: [less.operation.index, more.operation.index],
});

/** Where a key is written twice, two reads that differ prove nothing. */
function writtenTwice(history: History): string | null {
  const written = new Set<string>();
  for (const { input } of history) {
    for (const [f, key] of microsOf(input)) {
      if (f !== "w" && f !== "write") continue;
      if (written.has(key)) return key;
      written.add(key);
    }
  }
  return null;
}

function isRead({ outcome, output }: Operation): boolean {
  const micros = microsOf(output);
  return outcome === "ok" && micros.length > 0 && micros.every(([f]) => f === "r" || f === "read");
}

const readOf = (operation: Operation): Read => ({
  operation,
  seen: new Map(microsOf(operation.output).map(([, key, value]) => [key, value])),
});

function microsOf(value: Value): readonly (readonly [f: string, key: string, value: Value])[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((step: Value) => {
    if (!Array.isArray(step)) return [];
    const [f, key, given] = step as readonly (Value | undefined)[];
    return [[wordOf(f ?? null), wordOf(key ?? null), given ?? null] as const];
  });
}

const groupOf = (key: string, size: number): string => {
  const number = Number(key);
  return Number.isSafeInteger(number) ? String(Math.floor(number / size)) : "";
};
