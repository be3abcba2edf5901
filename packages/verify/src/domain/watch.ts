import type { History, Operation, Value } from "../history/index.ts";
import type { Verdict } from "../verdict.ts";
import { verdictOf, type WrongAnswer } from "../workloads/index.ts";

/**
 * Watch streams of a store with revisions. On each key:
 *
 * `put v` → {revision}; `delete` → {revision}, which is the change to null; `watch` {from} → a list of [revision, value].
 *
 * What a watch delivers begins at `from` and is ordered, without duplicates, without gaps up to its last event, and true: each event is
 * a change that happened, with its value. Watches of one process on one key are one stream, resumed: the next may not begin
 * behind a change that the one before did not deliver. How soon events come is not judged.
 */
export function checkWatch(history: History): Verdict {
  const answers: WrongAnswer[] = [];
  const keys = new Map<string, Operation[]>();
  for (const operation of history) {
    const part = keys.get(operation.key ?? "");
    if (part === undefined) keys.set(operation.key ?? "", [operation]);
    else part.push(operation);
  }
  let compared = 0;
  for (const operations of keys.values()) {
    const changes = changesOf(operations);
    const resumed = new Map<number, number>();
    for (const watch of operations) {
      if (watch.f !== "watch" || watch.outcome === "failed") continue;
      const stream = streamOf(watch);
      const wrong = judge(watch, stream, changes, resumed.get(watch.process) ?? null);
      if (wrong !== null) answers.push(wrong);
      const last = stream.events.at(-1);
      resumed.set(watch.process, last === undefined ? stream.from : last.revision + 1);
      compared += stream.events.length;
    }
  }
  return verdictOf(answers, compared);
}

interface Change {
  readonly revision: number;
  readonly value: Value;
  readonly operation: Operation | null;
}

interface Stream {
  readonly from: number;
  readonly events: readonly Change[];
}

interface Changes {
  /** By revision, in the order of their revisions. */
  readonly known: ReadonlyMap<number, Change>;
  /** Values that may have been put, at nobody knows what revision. */
  readonly maybe: ReadonlySet<string>;
}

function changesOf(operations: readonly Operation[]): Changes {
  const known: Change[] = [];
  const maybe = new Set<string>();
  for (const operation of operations) {
    const { f, input, output, outcome } = operation;
    if (f !== "put" && f !== "delete") continue;
    const value = f === "put" ? input : null;
    const revision = (output as { readonly [key: string]: Value } | null)?.["revision"];
    if (outcome === "ok" && typeof revision === "number")
      known.push({ revision, value, operation });
    else if (outcome === "unknown") maybe.add(JSON.stringify(value));
  }
  known.sort((a, b) => a.revision - b.revision);
  return { known: new Map(known.map((change) => [change.revision, change])), maybe };
}

function streamOf({ input, output }: Operation): Stream {
  const { from } = (input ?? {}) as { readonly [key: string]: Value };
  const events = Array.isArray(output) ? output : [];
  return {
    from: typeof from === "number" ? from : 0,
    events: events.map((event: Value): Change => {
      const [revision, value] = Array.isArray(event)
        ? (event as readonly (Value | undefined)[])
        : [];
      return { revision: Number(revision), value: value ?? null, operation: null };
    }),
  };
}

function judge(
  watch: Operation,
  { from, events }: Stream,
  { known, maybe }: Changes,
  resumedAt: number | null,
): WrongAnswer | null {
  const answer = (anomaly: string, expected: string, change: Change | undefined): WrongAnswer => {
    const other = change?.operation?.index;
    const core = other === undefined ? [watch.index] : [other, watch.index];
    return { anomaly, operation: watch.index, expected, core };
  };
  let last = from - 1;
  for (const { revision, value } of events) {
    if (revision < from)
      return answer("before-start", `nothing before revision ${from}`, undefined);
    if (revision === last) return answer("duplicate", `revision ${revision} once`, undefined);
    if (revision < last)
      return answer("disorder", `revision ${revision} before ${last}`, undefined);
    const change = known.get(revision);
    const text = JSON.stringify(value);
    if (change === undefined ? !maybe.has(text) : JSON.stringify(change.value) !== text) {
      return answer("invented", `a change that happened, not ${text} at ${revision}`, change);
    }
    last = revision;
  }
  const start = Math.min(from, resumedAt ?? from);
  const delivered = new Set(events.map(({ revision }) => revision));
  // Where nothing was delivered, the stream tells only that it did not begin too late.
  const end = Math.max(last, from - 1);
  const missed = firstMissed(known, start, end, delivered);
  return missed === undefined
    ? null
    : answer("gap", `with the change at revision ${missed.revision}`, missed);
}

/** The first known change of [start, end] that was not delivered. Looks at whichever is fewer: revisions or changes. */
function firstMissed(
  known: Changes["known"],
  start: number,
  end: number,
  delivered: ReadonlySet<number>,
): Change | undefined {
  if (end - start > known.size) {
    for (const [revision, change] of known)
      if (revision >= start && revision <= end && !delivered.has(revision)) return change;
    return undefined;
  }
  for (let revision = start; revision <= end; revision++) {
    const change = known.get(revision);
    if (change !== undefined && !delivered.has(revision)) return change;
  }
  return undefined;
}
