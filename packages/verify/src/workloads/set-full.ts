import type { History, Operation } from "../history/index.ts";
import type { Verdict } from "../verdict.ts";
import { verdictOf, type WrongAnswer } from "./answers.ts";
import { name } from "./set.ts";

/**
 * Unique elements are added while all are read again and again (Jepsen's `set-full`). An element is known from the moment that
 * its addition returned, or that a read returned it. It is lost where a read that began later than that, and later than every
 * read that found it, did not find it. An element that stands in one answer twice is wrong, too. A late first appearance is
 * not. Elements are compared as they stand: a pair [key element] is found where the pair is read.
 */
export function checkSetFull(history: History): Verdict {
  const elements = new Map<string, Element>();
  const answers: WrongAnswer[] = [];
  for (const operation of history) {
    if (operation.f === "add") elements.set(name(operation.input), elementOf(operation));
  }
  const reads = history.filter(({ f, outcome }) => f === "read" && outcome === "ok");
  for (const read of reads) answers.push(...observe(read, elements));
  let stable = 0;
  for (const [text, element] of elements) {
    if (isLost(element)) answers.push(lost(text, element));
    else if (element.present > element.absent) stable++;
  }
  if (answers.length === 0 && stable === 0) {
    return { type: "unknown", steps: 0, why: "no element was ever read" };
  }
  return verdictOf(answers, reads.length);
}

interface Element {
  readonly add: Operation;
  /** When it was certain that it is there; Infinity where it never was. */
  known: number;
  /** When the last read that found it was called, and the last that did not. */
  present: number;
  absent: number;
  missed: Operation | null;
}

function elementOf(add: Operation): Element {
  const known = add.outcome === "ok" ? add.returned : Number.POSITIVE_INFINITY;
  return { add, known, present: -1, absent: -1, missed: null };
}

function observe(read: Operation, elements: ReadonlyMap<string, Element>): readonly WrongAnswer[] {
  const output = Array.isArray(read.output) ? read.output : [];
  const found = new Set<string>();
  const twice = new Set<string>();
  for (const value of output) {
    const text = name(value);
    if (found.has(text)) twice.add(text);
    found.add(text);
  }
  for (const [text, element] of elements) {
    if (found.has(text)) {
      element.known = Math.min(element.known, read.returned);
      element.present = Math.max(element.present, read.called);
    } else if (read.called > element.absent) {
      element.absent = read.called;
      element.missed = read;
    }
  }
  if (twice.size === 0) return [];
  const expected = `each element once, not ${[...twice][0]} twice`;
  return [{ anomaly: "duplicated", operation: read.index, expected, core: [read.index] }];
}

const isLost = ({ known, present, absent }: Element): boolean => absent > present && known < absent;

function lost(text: string, { add, missed }: Element): WrongAnswer {
  const index = missed?.index ?? add.index;
  const expected = `with ${text}, which was there before`;
  return { anomaly: "lost", operation: index, expected, core: [add.index, index] };
}
