import type { Transaction } from "../transaction.ts";
import { type EdgeList, REALTIME } from "./digraph.ts";

/**
 * Adds the real-time order: a before b where a returned before b was called. There may be n² such pairs, so a chain of
 * moments stands in for them, one for each return: a leads to its moment, each moment to the next, and the last moment
 * before a call leads to the called. At most 3n edges and n nodes, numbered from `nodes` on. Returns the new number of nodes.
 */
export function addRealtime(
  transactions: readonly Transaction[],
  nodes: number,
  edges: EdgeList,
): number {
  const returned = order(transactions, (t) => t.returned);
  const called = order(transactions, (t) => t.called);
  let moments = 0;
  let next = 0;
  for (const caller of called) {
    const at = transactions[caller]?.called ?? 0;
    for (; next < returned.length; next++) {
      const done = returned[next] ?? 0;
      if ((transactions[done]?.returned ?? 0) >= at) break;
      if (moments > 0) edges.add(nodes + moments - 1, nodes + moments, REALTIME, -1);
      edges.add(done, nodes + moments, REALTIME, -1);
      moments++;
    }
    if (moments > 0) edges.add(nodes + moments - 1, caller, REALTIME, -1);
  }
  return nodes + moments;
}

/** Places of the transactions that have this time, by it. */
function order(
  transactions: readonly Transaction[],
  time: (t: Transaction) => number | null,
): number[] {
  const places: number[] = [];
  const times = transactions.map(time);
  for (let t = 0; t < times.length; t++) if (Number.isFinite(times[t])) places.push(t);
  return places.sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
}
