import type { Spent } from "../../budget.ts";
import type { Verdict, Witness } from "../../verdict.ts";
import { RW, WR, WW } from "../graph/index.ts";
import type { Transaction } from "../transaction.ts";
import { withCore } from "./core.ts";
import { findCycles } from "./cycles.ts";
import { Dependencies, type Orders, ordersOf, type Reason } from "./dependencies.ts";
import { Findings } from "./found.ts";
import type { ElleLevel } from "./level.ts";
import { judgeListAnswers } from "./list-answers.ts";
import { type Append, type KeyList, type Lists, lists, versionOf } from "./lists.ts";

/**
 * Kingsbury and Alvaro's Elle (VLDB 2020) for transactions that append to lists and read them: the version order is in what was
 * read, hence all dependencies are known, and each anomaly is a pattern of answers or a cycle. O(what was read), and of the
 * cycles only where there are any. It is sound: what it reports is there in whatever execution gave these answers. Values
 * appended to one key must differ; where two do not, the verdict is `unknown`.
 */
export function checkListAppend(
  level: ElleLevel,
  transactions: readonly Transaction[],
  orders: Orders,
  spent: Spent,
): Verdict {
  return withCore((part, left) => judgeListAppend(level, part, orders, left), transactions, spent);
}

function judgeListAppend(
  level: ElleLevel,
  transactions: readonly Transaction[],
  orders: Orders,
  spent: Spent,
): Verdict {
  const known = lists(transactions);
  if (known.ambiguous !== null) {
    const { value, key } = known.ambiguous;
    return { type: "unknown", steps: 0, why: `${value} was appended to ${key.key} twice` };
  }
  const findings = new Findings();
  judgeListAnswers(known, findings);
  const used = ordersOf(level, orders);
  const dependencies = new Dependencies(known.nodes);
  const causes = addDependencies(known, dependencies);
  dependencies.addOrders(used);
  const explain = (cause: number, kind: number): Reason => reason(causes[cause], kind);
  const whole = findCycles(dependencies, used, explain, findings, spent);
  const verdict = findings.verdict(level, () => versions(known));
  if (verdict.type === "ok" && !whole) {
    const steps = dependencies.edges.count;
    return { type: "unknown", steps, why: "the search for cycles was cut short" };
  }
  return verdict;
}

/** Edges between neighbouring versions; the others follow. Their causes are the appends that they lead to, or from. */
function addDependencies(known: Lists, to: Dependencies): Append[] {
  const causes: Append[] = [];
  for (const key of known.keys.values()) {
    let previous: Append | undefined;
    for (const append of key.versions) {
      if (previous !== undefined) to.add(previous.node, append.node, WW, causes.length);
      causes.push(append);
      previous = append;
    }
    for (const append of key.unread) {
      if (previous !== undefined) to.add(previous.node, append.node, WW, causes.length);
      causes.push(append);
    }
  }
  const causeOf = new Map<Append, number>(causes.map((append, cause) => [append, cause]));
  known.nodes.forEach((transaction, node) => {
    for (const step of transaction.steps) {
      if (step.type !== "read-list") continue;
      // What a transaction of unknown outcome read is not known, unless it says so.
      if (transaction.outcome === "unknown" && step.value.length === 0) continue;
      const key = known.keys.get(step.key);
      const version = key === undefined ? null : versionOf(step.value, key);
      if (key === undefined || version === null) continue;
      const read = key.versions[version];
      const next = key.versions[version + 1];
      if (read !== undefined) to.add(read.node, node, WR, causeOf.get(read) ?? -1);
      if (next !== undefined) to.add(node, next.node, RW, causeOf.get(next) ?? -1);
      else {
        for (const after of key.unread) to.add(node, after.node, RW, causeOf.get(after) ?? -1);
      }
    }
  });
  return causes;
}

function reason(append: Append | undefined, kind: number): Reason {
  if (append === undefined) return { kind: "ww", key: null, why: "" };
  const { value } = append;
  const key = String(append.key.key);
  if (kind === WR) {
    return {
      kind: "wr",
      key,
      why: `the list of ${key} ends in ${value}, which the other appended`,
    };
  }
  if (kind === RW) {
    return { kind: "rw", key, why: `${key} was read without ${value}, which the other appended` };
  }
  const before = previous(append);
  return { kind: "ww", key, why: `${value} was appended to ${key} after ${before}` };
}

function previous(append: Append): string {
  const { versions } = append.key;
  const place = append.version === -1 ? versions.length : append.version;
  return String(versions[place - 1]?.value ?? "the initial list");
}

/** The writers of each key, by version; those that nobody read come last. */
function versions(known: Lists): Witness {
  const byKey = new Map<string, readonly number[]>();
  for (const key of known.keys.values()) byKey.set(String(key.key), writers(key));
  return { type: "versions", versions: byKey };
}

function writers(key: KeyList): number[] {
  const indices: number[] = [];
  for (const { transaction } of [...key.versions, ...key.unread]) {
    if (indices.at(-1) !== transaction.index) indices.push(transaction.index);
  }
  return indices;
}
