import type { History, Operation, Value } from "../history/index.ts";
import type { Verdict, Violation } from "../verdict.ts";
import { same, textOf } from "./value.ts";

/**
 * Is a store linearizable whose answers carry its revision, as etcd's do? The revision is the order: operations are put into it
 * and replayed, then the order is compared with real time. Linear but for the sort; nothing is searched. Operations, each on
 * its key, with what they answer:
 *
 * `put v` → {revision}; `delete` → {revision, deleted}; `get` → {revision, value}; `cas` [from, to] → {revision, swapped}.
 *
 * A change has a revision of its own; what changed nothing carries the revision of the state that it saw. A change of unknown
 * outcome carries none: it happened where its value is first read, if it is.
 */
export function checkRevisions(history: History): Verdict {
  const known: Placed[] = [];
  for (const operation of history) {
    if (operation.outcome !== "ok") continue;
    const answer = answerOf(operation);
    if (answer === null) {
      const why = `operation ${operation.index} carries no revision`;
      return { type: "unknown", steps: 0, why };
    }
    known.push({ operation, ...answer });
  }
  known.sort(
    (a, b) =>
      a.revision - b.revision ||
      Number(b.changes) - Number(a.changes) ||
      a.operation.called - b.operation.called ||
      a.operation.index - b.operation.index,
  );
  const twice = sameRevision(known);
  if (twice !== null) return twice;
  const open = history.filter(({ outcome }) => outcome === "unknown");
  const replayed = replay(known, open);
  return "type" in replayed ? replayed : againstRealTime(replayed);
}

interface Placed {
  readonly operation: Operation;
  readonly revision: number;
  /** It is the one change of its revision. */
  readonly changes: boolean;
}

function answerOf({ f, output }: Operation): { revision: number; changes: boolean } | null {
  if (typeof output !== "object" || output === null || Array.isArray(output)) return null;
  const { revision, deleted, swapped } = output as { readonly [key: string]: Value };
  if (typeof revision !== "number" || !Number.isSafeInteger(revision)) return null;
  const changes =
    f === "put" || (f === "delete" && Number(deleted) > 0) || (f === "cas" && swapped === true);
  return { revision, changes };
}

function sameRevision(known: readonly Placed[]): Violation | null {
  for (let i = 1; i < known.length; i++) {
    const a = known[i - 1] as Placed;
    const b = known[i] as Placed;
    if (!b.changes || !a.changes || a.revision !== b.revision) continue;
    const core = [a.operation.index, b.operation.index];
    const expected = `a revision of its own, not ${b.revision}`;
    return answered("duplicate-revision", b.operation.index, expected, core);
  }
  return null;
}

interface Cell {
  readonly value: Value;
  readonly writer: Operation | null;
}

const EMPTY: Cell = { value: null, writer: null };

/** The operations in the order of the store, those of unknown outcome among them that somebody saw. */
function replay(
  known: readonly Placed[],
  open: readonly Operation[],
): readonly Operation[] | Violation {
  const cells = new Map<string, Cell>();
  const maybe = new Map<string, Operation[]>();
  for (const operation of open) {
    const change = changeOf(operation);
    if (change === null) continue;
    const name = `${operation.key} ${textOf(change)}`;
    maybe.set(name, [...(maybe.get(name) ?? []), operation]);
  }
  const order: Operation[] = [];
  for (const { operation, changes } of known) {
    const key = operation.key ?? "";
    let cell = cells.get(key) ?? EMPTY;
    const saw = sawOf(operation);
    if (saw !== undefined && !same(saw, cell.value)) {
      const late = maybe.get(`${operation.key} ${textOf(saw)}`)?.shift();
      if (late === undefined) return wrongAnswer(operation, cell);
      order.push(late);
      cell = { value: saw, writer: late };
    }
    if (refusedWrongly(operation, cell.value)) return wrongAnswer(operation, cell);
    if (changes) cell = { value: changeOf(operation), writer: operation };
    cells.set(key, cell);
    order.push(operation);
  }
  return order;
}

/** What an operation found in its key for certain; undefined where it does not say. */
function sawOf({ f, input, output }: Operation): Value | undefined {
  const answer = output as { readonly [key: string]: Value };
  if (f === "get") return answer["value"] ?? null;
  if (f === "delete" && Number(answer["deleted"]) === 0) return null;
  if (f === "cas" && answer["swapped"] === true)
    return Array.isArray(input) ? (input[0] ?? null) : null;
  return undefined;
}

function refusedWrongly({ f, input, output }: Operation, value: Value): boolean {
  const answer = output as { readonly [key: string]: Value };
  if (f === "delete") return Number(answer["deleted"]) > 0 && value === null;
  const from = Array.isArray(input) ? (input[0] ?? null) : null;
  return f === "cas" && answer["swapped"] !== true && same(from, value);
}

/** What is in the key afterwards; null for nothing. */
function changeOf({ f, input }: Operation): Value {
  if (f === "put") return input;
  return f === "cas" && Array.isArray(input) ? (input[1] ?? null) : null;
}

function wrongAnswer(operation: Operation, { value, writer }: Cell): Violation {
  const core = writer === null ? [operation.index] : [writer.index, operation.index];
  const expected = `to find ${textOf(value)} at its revision`;
  return answered("wrong-answer", operation.index, expected, core);
}

/** An operation that had returned before another was called comes before it in the store's order. */
function againstRealTime(order: readonly Operation[]): Verdict {
  let latest = order[0];
  for (const operation of order) {
    if (latest === undefined || operation.called > latest.called) latest = operation;
    if (operation.returned >= latest.called) continue;
    const [from, to] = [latest.index, operation.index];
    return {
      type: "violation",
      anomaly: "not linearizable",
      anomalies: ["not linearizable"],
      core: [from, to].sort((a, b) => a - b),
      minimal: true,
      evidence: {
        type: "cycle",
        edges: [
          {
            from,
            to,
            kind: "ww",
            key: null,
            why: `the revision of ${from} comes before that of ${to}`,
          },
          {
            from: to,
            to: from,
            kind: "realtime",
            key: null,
            why: `${to} had returned before ${from} was called`,
          },
        ],
      },
    };
  }
  return { type: "ok", witness: { type: "order", order: order.map(({ index }) => index) } };
}

const answered = (
  anomaly: string,
  operation: number,
  expected: string,
  core: readonly number[],
): Violation => ({
  type: "violation",
  anomaly,
  anomalies: [anomaly],
  core: [...core].sort((a, b) => a - b),
  minimal: true,
  evidence: { type: "answer", operation, expected },
});
