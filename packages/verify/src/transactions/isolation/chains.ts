import { at32, type Digraph } from "../graph/index.ts";

/**
 * The nodes of a graph cut into paths of it: what reaches a node on a chain reaches all later ones. So one number per
 * chain says what is reachable, where a bit per node would be needed otherwise.
 */
export interface Chains {
  readonly count: number;
  readonly of: Int32Array;
  readonly place: Int32Array;
}

/**
 * Greedy: each node continues the chain of a predecessor that nobody has continued yet, along edges that `joins` accepts. `order`
 * is topological.
 */
export function chains(
  graph: Digraph,
  order: Int32Array,
  joins: (from: number, to: number, kind: number) => boolean,
): Chains {
  const of = new Int32Array(graph.nodes).fill(-1);
  const place = new Int32Array(graph.nodes);
  let count = 0;
  for (const v of order) {
    if (of[v] === -1) of[v] = count++;
    for (let i = at32(graph.first, v); i < at32(graph.first, v + 1); i++) {
      const w = at32(graph.target, i);
      if (of[w] !== -1 || !joins(v, w, graph.kind[i] ?? 0)) continue;
      of[w] = at32(of, v);
      place[w] = at32(place, v) + 1;
      break;
    }
  }
  return { count, of, place };
}
