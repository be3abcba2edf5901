import { type History, Malformed, type Operation, type Value, wordOf } from "../history/index.ts";
import type { Atom, Step, Transaction } from "../transactions/index.ts";

/**
 * Transactions out of operations whose value is a list of steps (`[:append k v]`, `[:r k v]`, `[:w k v]`), as Elle takes them. An
 * operation that did not succeed is taken as it was called, and its reads answered nothing.
 */
export function microTransactions(history: History): readonly Transaction[] {
  const lists = history.some(({ input, output }) => appends(input) || appends(output));
  const places = new Map<number, number>();
  return history.map((operation): Transaction => {
    const { index, process, outcome, called, returned } = operation;
    const place = places.get(process) ?? 0;
    places.set(process, place + 1);
    const steps = stepsOf(operation, lists);
    return { index, session: process, place, steps, outcome, called, returned };
  });
}

function stepsOf(operation: Operation, lists: boolean): readonly Step[] {
  const { index, f, key, input, output, outcome } = operation;
  // A register's own read or write is a transaction of one step.
  if (f === "read" && !isSteps(output) && !isSteps(input)) {
    return [stepOf(f, key ?? "", output, outcome === "ok", lists, index)];
  }
  if (f === "write" && !isSteps(input)) return [stepOf(f, key ?? "", input, true, lists, index)];
  const answered = outcome === "ok" && output !== null;
  const value = answered ? output : (input ?? output ?? []);
  if (!Array.isArray(value)) throw new Malformed(`operation ${index} is no transaction`, null);
  return value.map((micro: Value): Step => {
    if (!Array.isArray(micro)) {
      throw new Malformed(`operation ${index} has a step that is no list`, null);
    }
    const [name, on, given] = micro as readonly (Value | undefined)[];
    return stepOf(wordOf(name ?? null), atomOf(on ?? null), given ?? null, answered, lists, index);
  });
}

const isSteps = (value: Value): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((step: Value) => Array.isArray(step));

function stepOf(
  f: string,
  key: Atom,
  value: Value,
  answered: boolean,
  lists: boolean,
  index: number,
): Step {
  switch (f) {
    case "append":
      return { type: "append", key, value: atomOf(value) };
    case "w":
    case "write":
      return { type: "write", key, value: atomOf(value) };
    case "r":
    case "read":
      if (!answered) return { type: "blind-read", key };
      if (Array.isArray(value)) return { type: "read-list", key, value: value.map(atomOf) };
      if (value === null)
        return lists ? { type: "read-list", key, value: [] } : { type: "read", key, value };
      return { type: "read", key, value: atomOf(value) };
    default:
      throw new Malformed(`operation ${index} has an unknown step ${f.slice(0, 40)}`, null);
  }
}

/** Reads of a list say little where it is empty: whether a history is one of lists shows in its appends and its other reads. */
const appends = (value: Value): boolean =>
  Array.isArray(value) &&
  value.some(
    (step: Value) => Array.isArray(step) && (step[0] === "append" || Array.isArray(step[2])),
  );

const atomOf = (value: Value): Atom =>
  typeof value === "string" || typeof value === "number" ? value : JSON.stringify(value);
