import type { Spent } from "../budget.ts";
import type { History } from "../history/index.ts";
import type { Verdict } from "../verdict.ts";
import { type Link, Reach } from "./reach.ts";
import { type ReadsFrom, readsFrom } from "./reads-from.ts";
import { isWrite, type Relation, sawLink } from "./relations.ts";

/**
 * Is there for each process an order of all writes and of its own reads that contains the relation, and in which each read sees the
 * last write of its key? So are causal memory, PRAM and the session guarantees defined. With unique writes the order is forced
 * step by step: a write that comes before a read comes before what that read saw, and what comes after what it saw comes after it.
 * That decides where the process's reads are in order (Bouajjani et al. 2017, Theorem 5 for causal memory). The session
 * guarantees leave them unordered; there an order is built from what is forced, and it is `unknown` should that fail.
 */
export function checkPerProcess(
  model: string,
  relation: Relation,
  history: History,
  spent: Spent,
): Verdict {
  const found = readsFrom(history);
  if (typeof found === "string") return { type: "unknown", steps: 0, why: found };
  if ("type" in found) return found;
  const orders = new Map<string, readonly number[]>();
  let failed: Verdict | null = null;
  for (const process of [...found.processes.keys()].sort((a, b) => a - b)) {
    if (spent()) return { type: "unknown", steps: orders.size, why: "the budget ended" };
    const viewed = view(found, process, relation);
    if (!(viewed instanceof Reach)) return circle(model, found, viewed);
    const order = legalOrder(found, process, viewed);
    if (order === null)
      failed ??= { type: "unknown", steps: orders.size, why: "no order was found" };
    else
      orders.set(
        String(process),
        order.map((place) => found.operations[place]?.index ?? -1),
      );
  }
  return failed ?? { type: "ok", witness: { type: "orders", orders } };
}

/** All that is forced in the order that a process sees; a circle where that is too much. */
function view(history: ReadsFrom, process: number, relation: Relation): Reach | readonly Link[] {
  const reach = new Reach(history.operations.length);
  const reads = (history.processes.get(process) ?? []).filter((place) => !isWrite(history, place));
  for (const link of [
    ...relation(history, process),
    ...reads.flatMap((read) => sawLink(history, read)),
  ]) {
    const closed = reach.add(link);
    if (closed !== null) return closed;
  }
  for (let grown = true; grown; ) {
    grown = false;
    for (const read of reads) {
      for (const link of forced(history, reach, read)) {
        const closed = reach.add(link);
        if (closed !== null) return closed;
        grown = true;
      }
    }
  }
  return reach;
}

function* forced(history: ReadsFrom, reach: Reach, read: number): Generator<Link> {
  const saw = history.source[read] as number;
  const key = history.operations[read]?.key ?? "";
  for (const other of history.writes.get(key) ?? []) {
    if (other === saw) continue;
    if (saw >= 0 && reach.has(other, read) && !reach.has(other, saw)) {
      yield { from: other, to: saw, kind: "ww", why: "it came before a read that did not see it" };
    }
    const after = saw < 0 || reach.has(saw, other);
    if (after && !reach.has(read, other)) {
      yield { from: read, to: other, kind: "rw", why: "the read saw what it replaced" };
    }
  }
}

/** Reads as soon as they suit; a write when nobody waits for what it replaces. Null where that leads nowhere. */
function legalOrder(history: ReadsFrom, process: number, reach: Reach): readonly number[] | null {
  const { operations, source } = history;
  const left = new Set<number>();
  operations.forEach((operation, place) => {
    if (operation.f === "write" || operation.process === process) left.add(place);
  });
  const current = new Map<string, number>();
  const waiting = new Map<number, number>();
  for (const place of left) {
    const saw = source[place] as number;
    if (!isWrite(history, place)) waiting.set(saw, (waiting.get(saw) ?? 0) + 1);
  }
  const order: number[] = [];
  const mayCome = (place: number): boolean => {
    for (const other of left) if (other !== place && reach.has(other, place)) return false;
    const now = current.get(operations[place]?.key ?? "") ?? -1;
    if (!isWrite(history, place)) return now === source[place];
    return now < 0 || (waiting.get(now) ?? 0) === 0;
  };
  while (left.size > 0) {
    const places = [...left];
    const next =
      places.find((place) => !isWrite(history, place) && mayCome(place)) ?? places.find(mayCome);
    if (next === undefined) return null;
    left.delete(next);
    order.push(next);
    if (isWrite(history, next)) current.set(operations[next]?.key ?? "", next);
    else {
      const saw = source[next] as number;
      waiting.set(saw, (waiting.get(saw) ?? 0) - 1);
    }
  }
  return order;
}

function circle(model: string, { operations }: ReadsFrom, links: readonly Link[]): Verdict {
  const indexOf = (place: number): number => operations[place]?.index ?? -1;
  const edges = links.map(({ from, to, kind, why }) => ({
    from: indexOf(from),
    to: indexOf(to),
    kind,
    key: operations[to]?.key ?? null,
    why,
  }));
  const anomaly = `not ${model}`;
  return {
    type: "violation",
    anomaly,
    anomalies: [anomaly],
    core: [...new Set(edges.map(({ from }) => from))].sort((a, b) => a - b),
    // Operations that force an edge may stand outside of the circle.
    minimal: false,
    evidence: { type: "cycle", edges },
  };
}
