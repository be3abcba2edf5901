import type { IsolationLevel, Transaction } from "../../src/transactions/index.ts";

/** A read of something that the transaction has not written itself. */
interface Read {
  readonly key: string | number;
  /** Null for the initial state. */
  readonly from: Transaction | null;
}

/**
 * The definitions of the levels, word for word (Biswas-Enea, OOPSLA 2019, figure 2; Adya for read uncommitted and repeatable
 * read), by trying every commit order. For committed transactions, and few of them.
 */
export function holdsByDefinition(
  level: IsolationLevel,
  transactions: readonly Transaction[],
): boolean {
  const reads = new Map<Transaction, readonly Read[]>();
  for (const t of transactions) {
    const found = externalReads(t, transactions, level);
    if (found === null) return false;
    reads.set(t, found);
  }
  if (level === "read-uncommitted") return true;
  return permutations(transactions).some((order) => explains(level, order, reads));
}

/** Does this commit order satisfy the level's axiom? */
export function orderHolds(
  level: IsolationLevel,
  order: readonly Transaction[],
  transactions: readonly Transaction[],
): boolean {
  const reads = new Map<Transaction, readonly Read[]>();
  for (const t of transactions) {
    const found = externalReads(t, transactions, level);
    if (found === null) return false;
    reads.set(t, found);
  }
  if (order.length !== transactions.length) return false;
  return level === "read-uncommitted" || explains(level, order, reads);
}

function explains(
  level: IsolationLevel,
  order: readonly Transaction[],
  reads: ReadonlyMap<Transaction, readonly Read[]>,
): boolean {
  const before = (a: Transaction, b: Transaction): boolean => order.indexOf(a) < order.indexOf(b);
  const so = (a: Transaction, b: Transaction): boolean =>
    a.session === b.session && a.place < b.place;
  const wr = (a: Transaction, b: Transaction): boolean =>
    (reads.get(b) ?? []).some((read) => read.from === a);
  const causes = (a: Transaction, b: Transaction): boolean =>
    so(a, b) || wr(a, b) || order.some((c) => (so(a, c) || wr(a, c)) && causes(c, b));
  const realtime = (a: Transaction, b: Transaction): boolean =>
    a.returned !== null && b.called !== null && a.returned < b.called;
  for (const a of order) {
    for (const b of order) {
      if (a === b || before(a, b)) continue;
      if (wr(a, b) || (level !== "repeatable-read" && so(a, b))) return false;
      if (level === "strict-serializable" && realtime(a, b)) return false;
    }
  }
  const sees = (t2: Transaction, t3: Transaction, place: number): boolean => {
    switch (level) {
      case "read-uncommitted":
        return false;
      case "read-committed":
        return (reads.get(t3) ?? []).slice(0, place).some((read) => read.from === t2);
      case "read-atomic":
        return so(t2, t3) || wr(t2, t3);
      case "causal":
        return causes(t2, t3);
      case "prefix":
        return order.some((t) => (t === t2 || before(t2, t)) && (so(t, t3) || wr(t, t3)));
      case "snapshot-isolation":
        return order.some(
          (t) =>
            (t === t2 || before(t2, t)) &&
            (so(t, t3) || wr(t, t3) || (before(t, t3) && writesShared(t, t3))),
        );
      case "repeatable-read":
      case "serializable":
      case "strict-serializable":
        return before(t2, t3);
    }
  };
  for (const [t3, found] of reads) {
    for (const [place, { key, from: t1 }] of found.entries()) {
      for (const t2 of order) {
        if (t2 === t1 || t2 === t3 || !writes(t2, key)) continue;
        if (sees(t2, t3, place) && (t1 === null || !before(t2, t1))) return false;
      }
    }
  }
  return true;
}

/** Null where an answer is wrong by itself. */
function externalReads(
  t: Transaction,
  transactions: readonly Transaction[],
  level: IsolationLevel,
): readonly Read[] | null {
  function source(place: number): { from: Transaction | null; wrong: boolean; own: boolean } {
    const step = t.steps[place];
    if (step?.type !== "read") throw new Error("not a read");
    const own = t.steps.slice(0, place).findLast((s) => s.type === "write" && s.key === step.key);
    if (own !== undefined && level !== "read-uncommitted") {
      const wrong = own.type !== "write" || own.value !== step.value;
      return { from: t, wrong, own: true };
    }
    if (step.value === null) return { from: null, wrong: false, own: false };
    const writer = transactions.find((w) =>
      w.steps.some((s) => s.type === "write" && s.key === step.key && s.value === step.value),
    );
    if (writer === undefined) return { from: null, wrong: true, own: false };
    const last = writer.steps.findLast((s) => s.type === "write" && s.key === step.key);
    const wrong = writer === t || last?.type !== "write" || last.value !== step.value;
    return { from: writer, wrong: wrong && level !== "read-uncommitted", own: false };
  }
  const judged = t.steps.flatMap((step, place) =>
    step.type === "read" ? [{ key: step.key, ...source(place) }] : [],
  );
  if (judged.some((read) => read.wrong)) return null;
  return judged.filter((read) => !read.own);
}

const writes = (t: Transaction, key: string | number): boolean =>
  t.steps.some((step) => step.type === "write" && step.key === key);

const writesShared = (a: Transaction, b: Transaction): boolean =>
  a.steps.some((step) => step.type === "write" && writes(b, step.key));

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) =>
    permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]),
  );
}
