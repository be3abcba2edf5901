import type { Atom, IsolationLevel, Transaction } from "../transactions/index.ts";
import type { Edge, Verdict } from "../verdict.ts";

/** Beyond so many transactions an order is only checked where that takes one pass. */
const TRANSACTIONS_MAX = 200;

/**
 * Checks a verdict about an isolation level against its definition (Biswas and Enea 2019): what is wrong with it, or null. A witness
 * is a commit order: it has to hold all committed transactions and what they read and did in their sessions, and the axiom of the
 * level. Of a circle each edge has to begin where the last ended; reads and sessions are looked up, and so is real time.
 */
export function validateIsolation(
  level: IsolationLevel,
  transactions: readonly Transaction[],
  verdict: Verdict,
): string | null {
  if (verdict.type === "unknown") return null;
  if (verdict.type === "ok") {
    const { witness } = verdict;
    return witness.type === "order" ? orderFault(level, transactions, witness.order) : null;
  }
  const { evidence } = verdict;
  return evidence.type === "cycle" ? circleFault(transactions, evidence.edges) : null;
}

/** The circle of a violation, of whatever checker. */
export function circleFault(
  transactions: readonly Transaction[],
  edges: readonly Edge[],
): string | null {
  for (const [i, edge] of edges.entries()) {
    const next = edges[(i + 1) % edges.length] as Edge;
    if (edge.to !== next.from)
      return `edge ${i} ends at ${edge.to}, the next begins at ${next.from}`;
    const from = transactions.find(({ index }) => index === edge.from);
    const to = transactions.find(({ index }) => index === edge.to);
    if (from === undefined || to === undefined) return `edge ${i} names nobody`;
    if (!mayBe(edge, from, to))
      return `edge ${i}, ${edge.kind} from ${edge.from} to ${edge.to}, is none`;
  }
  return null;
}

function mayBe({ kind, key }: Edge, from: Transaction, to: Transaction): boolean {
  const on = (transaction: Transaction, writes: boolean): boolean =>
    transaction.steps.some(
      (step) =>
        String(step.key) === key && (step.type === "write" || step.type === "append") === writes,
    );
  switch (kind) {
    case "session":
      return from.session === to.session && from.place < to.place;
    case "realtime":
      return from.returned !== null && to.called !== null && from.returned < to.called;
    case "wr":
      return on(from, true) && on(to, false);
    case "ww":
      return on(from, true) && on(to, true);
    case "rw":
      return on(from, false) && on(to, true);
  }
}

interface Read {
  readonly key: Atom;
  /** Null is the initial state. */
  readonly writer: Transaction | null;
}

function orderFault(
  level: IsolationLevel,
  transactions: readonly Transaction[],
  order: readonly number[],
): string | null {
  const byIndex = new Map(transactions.map((transaction) => [transaction.index, transaction]));
  const position = new Map(order.map((index, i) => [index, i]));
  if (position.size !== order.length) return "a transaction stands twice";
  const missing = transactions.find(
    ({ outcome, index }) => outcome === "ok" && !position.has(index),
  );
  if (missing !== undefined) return `transaction ${missing.index} is missing`;
  const placed = order.flatMap((index) => byIndex.get(index) ?? []);
  const writers = writersOf(placed);
  const reads = new Map<Transaction, readonly Read[]>();
  for (const transaction of placed) {
    const found = readsOf(transaction, writers);
    if (found === null)
      return `transaction ${transaction.index} reads what nobody in the order wrote last`;
    reads.set(transaction, found);
  }
  if (level === "serializable" || level === "strict-serializable")
    return replayFault(placed, reads);
  if (placed.length > TRANSACTIONS_MAX) return null;
  return axiomFault(level, placed, reads);
}

const cell = (key: Atom, value: Atom): string => `${typeof key} ${key} ${typeof value} ${value}`;

/** The last write of each transaction to each key, by key and value. */
function writersOf(placed: readonly Transaction[]): ReadonlyMap<string, Transaction> {
  const writers = new Map<string, Transaction>();
  for (const transaction of placed) {
    for (const [key, value] of lastWrites(transaction)) writers.set(cell(key, value), transaction);
  }
  return writers;
}

function lastWrites({ steps }: Transaction): ReadonlyMap<Atom, Atom> {
  const last = new Map<Atom, Atom>();
  for (const step of steps) if (step.type === "write") last.set(step.key, step.value);
  return last;
}

/** Reads of others' writes; reads of own writes are left out. Null where one has no writer. */
function readsOf(
  transaction: Transaction,
  writers: ReadonlyMap<string, Transaction>,
): readonly Read[] | null {
  const own = new Map<Atom, Atom>();
  const reads: Read[] = [];
  for (const step of transaction.steps) {
    if (step.type === "write") own.set(step.key, step.value);
    if (step.type !== "read" || own.get(step.key) === step.value) continue;
    const writer = step.value === null ? null : writers.get(cell(step.key, step.value));
    if (writer === undefined || writer === transaction) return null;
    reads.push({ key: step.key, writer });
  }
  return reads;
}

function replayFault(
  placed: readonly Transaction[],
  reads: ReadonlyMap<Transaction, readonly Read[]>,
): string | null {
  const current = new Map<Atom, Transaction>();
  for (const transaction of placed) {
    for (const { key, writer } of reads.get(transaction) ?? []) {
      if ((current.get(key) ?? null) !== writer)
        return `transaction ${transaction.index} reads another ${key}`;
    }
    for (const key of lastWrites(transaction).keys()) current.set(key, transaction);
  }
  return null;
}

/** Where t3 reads x of t1, a t2 that writes x and is seen by t3 has to be committed before t1. What is seen makes the level. */
function axiomFault(
  level: IsolationLevel,
  placed: readonly Transaction[],
  reads: ReadonlyMap<Transaction, readonly Read[]>,
): string | null {
  const at = new Map(placed.map((transaction, i) => [transaction, i]));
  const positionOf = (transaction: Transaction): number => at.get(transaction) ?? -1;
  const direct = (a: Transaction, b: Transaction): boolean =>
    (a.session === b.session && a.place < b.place) ||
    (reads.get(b) ?? []).some(({ writer }) => writer === a);
  for (const [i, a] of placed.entries()) {
    const late = placed.slice(0, i).find((b) => direct(a, b));
    if (late !== undefined)
      return `transaction ${late.index} stands before ${a.index}, which it follows`;
  }
  for (const t3 of placed) {
    const seen = seenBy(level, t3, placed, direct, reads);
    for (const { key, writer } of reads.get(t3) ?? []) {
      const hidden = seen.find(
        (t2) =>
          t2 !== writer &&
          lastWrites(t2).has(key) &&
          (writer === null || positionOf(t2) > positionOf(writer)),
      );
      if (hidden !== undefined && level !== "read-committed") {
        return `transaction ${t3.index} sees ${hidden.index} and not its ${key}`;
      }
    }
  }
  return null;
}

function seenBy(
  level: IsolationLevel,
  t3: Transaction,
  placed: readonly Transaction[],
  direct: (a: Transaction, b: Transaction) => boolean,
  reads: ReadonlyMap<Transaction, readonly Read[]>,
): readonly Transaction[] {
  const at = placed.indexOf(t3);
  const before = placed.slice(0, at);
  if (level === "read-atomic") return before.filter((t2) => direct(t2, t3));
  if (level === "causal") return ancestors(t3, placed, direct);
  if (level !== "prefix" && level !== "snapshot-isolation") return [];
  const writes = lastWrites(t3);
  // All up to the last that it follows; for snapshot isolation up to the last that writes what it writes, too.
  const last = before.findLastIndex(
    (t4) =>
      direct(t4, t3) ||
      (level === "snapshot-isolation" && [...lastWrites(t4).keys()].some((key) => writes.has(key))),
  );
  return reads.has(t3) ? before.slice(0, last + 1) : [];
}

function ancestors(
  t3: Transaction,
  placed: readonly Transaction[],
  direct: (a: Transaction, b: Transaction) => boolean,
): readonly Transaction[] {
  const found = new Set<Transaction>();
  const queue = [t3];
  for (const next of queue) {
    for (const other of placed) {
      if (found.has(other) || !direct(other, next)) continue;
      found.add(other);
      queue.push(other);
    }
  }
  return [...found];
}
