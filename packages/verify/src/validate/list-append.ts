import type { ElleLevel, Orders, Transaction } from "../transactions/index.ts";
import type { Edge } from "../verdict.ts";

/** Larger histories are not checked for circles: every pair of transactions is looked at. */
const TRANSACTIONS_MAX = 200;

type Kind = Edge["kind"];

/** What may not form a circle. With `lone` the circles that have two neighbouring anti-dependencies are allowed. */
const FORBIDDEN: {
  readonly [L in ElleLevel]?: { readonly kinds: readonly Kind[]; readonly lone?: true };
} = {
  "read-uncommitted": { kinds: ["ww"] },
  "read-committed": { kinds: ["ww", "wr"] },
  "snapshot-isolation": { kinds: ["ww", "wr", "rw"], lone: true },
  "strong-session-snapshot-isolation": { kinds: ["ww", "wr", "rw", "session"], lone: true },
  serializable: { kinds: ["ww", "wr", "rw"] },
  "strong-session-serializable": { kinds: ["ww", "wr", "rw", "session"] },
  "strict-serializable": { kinds: ["ww", "wr", "rw", "session", "realtime"] },
};

/**
 * Checks that an order of each key's writers explains every list that was read, and that the dependencies that follow from it form no
 * circle that the level forbids (Adya's thesis, §4), nor with the orders that the history gives: what is wrong, or null. Levels without a
 * place in the table above are checked for what was read alone.
 */
export function versionsFault(
  level: ElleLevel,
  {
    transactions,
    orders,
  }: { readonly transactions: readonly Transaction[]; readonly orders: Orders },
  versions: ReadonlyMap<string, readonly number[]>,
): string | null {
  const happened = transactions.filter(({ outcome }) => outcome !== "failed");
  const writerOf = new Map<string, number>();
  for (const { index, steps } of transactions) {
    for (const step of steps)
      if (step.type === "append") writerOf.set(`${step.key} ${step.value}`, index);
  }
  const edges: { readonly from: number; readonly to: number; readonly kind: Kind }[] = [];
  const join = (from: number | undefined, to: number | undefined, kind: Kind): void => {
    if (from !== undefined && to !== undefined && from !== to) edges.push({ from, to, kind });
  };
  /** How many of a key's writers somebody saw in their order. Those behind them come after these, in whatever order. */
  const ordered = new Map<string, number>();
  const seen: { readonly by: number; readonly key: string; readonly writers: number }[] = [];
  for (const { index, outcome, steps } of happened) {
    for (const step of steps) {
      if (step.type !== "read-list" || (outcome === "unknown" && step.value.length === 0)) continue;
      const key = String(step.key);
      const order = versions.get(key) ?? [];
      const all = step.value.map((value) => writerOf.get(`${key} ${value}`) ?? -1);
      const writers = all.filter((writer, i) => writer !== all[i - 1]);
      const strange = writers.findIndex((writer, i) => writer !== order[i]);
      // One of two lists that no order explains was read uncommitted (Elle: it implies G1a), which this level allows.
      if (strange >= 0 && level === "read-uncommitted") continue;
      if (strange >= 0) {
        const there = `${key} with ${writers[strange]} in place ${strange}`;
        return `transaction ${index} read ${there}, and the order has ${order[strange] ?? "nobody"} there`;
      }
      seen.push({ by: index, key, writers: writers.length });
      ordered.set(key, Math.max(ordered.get(key) ?? 0, writers.length));
    }
  }
  const next = (key: string, from: number): readonly number[] => {
    const order = versions.get(key) ?? [];
    return from < (ordered.get(key) ?? 0) ? order.slice(from, from + 1) : order.slice(from);
  };
  for (const [key, order] of versions) {
    for (const [i, writer] of order.slice(0, ordered.get(key) ?? 0).entries())
      for (const after of next(key, i + 1)) join(writer, after, "ww");
  }
  for (const { by, key, writers } of seen) {
    if (writers > 0) join(versions.get(key)?.[writers - 1], by, "wr");
    for (const after of next(key, writers)) join(by, after, "rw");
  }
  const forbidden = FORBIDDEN[level];
  if (forbidden === undefined || happened.length > TRANSACTIONS_MAX) return null;
  for (const a of happened) {
    for (const b of happened) {
      if (orders.process && a.session === b.session && a.place < b.place)
        join(a.index, b.index, "session");
      const after = a.returned !== null && b.called !== null && a.returned < b.called;
      if (orders.realtime && after) join(a.index, b.index, "realtime");
    }
  }
  const plain = edges.filter(({ kind }) => forbidden.kinds.includes(kind));
  const circle = onCircle(forbidden.lone === true ? composed(plain) : plain);
  return circle === null ? null : `transaction ${circle} stands on a circle that ${level} forbids`;
}

type Arrow = { readonly from: number; readonly to: number };

/** Dependencies, each followed by one anti-dependency or by none: these form no circle under snapshot isolation (Cerone et al. 2015). */
function composed(edges: readonly (Arrow & { readonly kind: Kind })[]): readonly Arrow[] {
  const anti = edges.filter(({ kind }) => kind === "rw");
  return edges
    .filter(({ kind }) => kind !== "rw")
    .flatMap((edge) => [
      edge,
      ...anti.filter(({ from }) => from === edge.to).map(({ to }) => ({ from: edge.from, to })),
    ]);
}

/** Somebody on a circle, or null: takes away who has no predecessor, until nobody is left or nobody can go. */
function onCircle(edges: readonly Arrow[]): number | null {
  let left = edges;
  for (;;) {
    const entered = new Set(left.map(({ to }) => to));
    const rest = left.filter(({ from }) => entered.has(from));
    if (rest.length === left.length) return left[0]?.from ?? null;
    left = rest;
  }
}

/** Whether the circle is of the kind that the anomaly's name says, in Adya's and Elle's terms; null where it is, or the name is another. */
export function circleNameFault(anomaly: string, edges: readonly Edge[]): string | null {
  const [, base = "", suffix = ""] = /^(G[a-zA-Z0-9-]*?)(-process|-realtime)?$/.exec(anomaly) ?? [];
  if (!(base in { G0: 0, G1c: 0, "G-single-item": 0, "G-nonadjacent-item": 0, "G2-item": 0 }))
    return null;
  const kinds = edges.map(({ kind }) => kind);
  const anti = kinds.filter((kind) => kind === "rw").length;
  const meet = kinds.some((kind, i) => kind === "rw" && kinds[(i + 1) % kinds.length] === "rw");
  const named =
    anti === 0
      ? kinds.includes("wr")
        ? "G1c"
        : "G0"
      : anti === 1
        ? "G-single-item"
        : meet
          ? "G2-item"
          : "G-nonadjacent-item";
  // A process returns before it calls again: its order may go by the name of real time.
  const timed = kinds.includes("realtime");
  const ordered = timed || kinds.includes("session");
  const fits = timed ? suffix === "-realtime" : ordered ? suffix !== "" : suffix === "";
  return named === base && fits ? null : `the circle is a ${named}, not a ${anomaly}`;
}
