import { at32 } from "../graph/index.ts";
import type { Polygraph } from "./polygraph.ts";

/**
 * For each node its place in a topological order of what is known that is probably near to what happened: by the times of the calls
 * where they are given, else as if all sessions had gone on evenly. The search starts from it, and is the shorter the better it is.
 */
export function likelyOrder(polygraph: Polygraph): Int32Array {
  const graph = polygraph.graph();
  const { nodes, first, target } = graph;
  const waitsFor = new Int32Array(nodes);
  for (const w of target) waitsFor[w] = at32(waitsFor, w) + 1;
  const rank = ranks(polygraph, nodes);
  const ready: number[] = [];
  const earlier = (a: number, b: number): boolean =>
    at32(rank, a) < at32(rank, b) || (at32(rank, a) === at32(rank, b) && a < b);
  for (let v = 0; v < nodes; v++) if (waitsFor[v] === 0) push(ready, v, earlier);
  const order = new Int32Array(nodes);
  for (let place = 0; place < nodes; place++) {
    const v = pop(ready, earlier);
    order[v] = place;
    for (let i = at32(first, v); i < at32(first, v + 1); i++) {
      const w = at32(target, i);
      waitsFor[w] = at32(waitsFor, w) - 1;
      if (waitsFor[w] === 0) push(ready, w, earlier);
    }
  }
  return order;
}

/** Transactions by time or by how far their session is; moments of real time as soon as may be. */
function ranks(polygraph: Polygraph, nodes: number): Int32Array {
  const { history, events } = polygraph;
  const count = history.transactions.length;
  const timed = history.transactions.every((t) => t.called !== null);
  const progress = (t: number): number => {
    const called = history.transactions[t]?.called;
    if (timed && called !== null && called !== undefined) return called;
    const s = at32(history.session, t);
    const length = at32(history.sessions.first, s + 1) - at32(history.sessions.first, s);
    return Math.floor((at32(history.place, t) * 2 ** 20) / length);
  };
  const times = history.transactions.map((_, t) => progress(t));
  const sorted = times.map((_, t) => t).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
  const rank = new Int32Array(nodes).fill(-1);
  sorted.forEach((t, i) => {
    for (let half = 0; half < events.width; half++) rank[t * events.width + half] = i;
  });
  for (let v = count * events.width; v < nodes; v++) rank[v] = -1;
  return rank;
}

type Earlier = (a: number, b: number) => boolean;

function push(heap: number[], v: number, earlier: Earlier): void {
  let place = heap.push(v) - 1;
  while (place > 0) {
    const up = (place - 1) >> 1;
    const above = heap[up] ?? 0;
    if (!earlier(v, above)) break;
    heap[place] = above;
    place = up;
  }
  heap[place] = v;
}

function pop(heap: number[], earlier: Earlier): number {
  const top = heap[0] ?? 0;
  const last = heap.pop() ?? 0;
  if (heap.length === 0) return top;
  let place = 0;
  for (;;) {
    let down = 2 * place + 1;
    if (down >= heap.length) break;
    if (down + 1 < heap.length && earlier(heap[down + 1] ?? 0, heap[down] ?? 0)) down++;
    const below = heap[down] ?? 0;
    if (!earlier(below, last)) break;
    heap[place] = below;
    place = down;
  }
  heap[place] = last;
  return top;
}
