import { at32, type Digraph } from "./digraph.ts";

/** Which strongly connected component each node is in; components are numbered in reverse topological order. */
export interface Components {
  readonly of: Int32Array;
  readonly size: Int32Array;
  readonly count: number;
  /** Has any component more than one node? There are no self-edges, so that this is to say: is there a cycle? */
  readonly cyclic: boolean;
}

/** Tarjan 1972, with its own stack instead of the call stack's, along edges whose kind is in `mask`. O(nodes + edges). */
export function components(graph: Digraph, mask: number): Components {
  const { nodes, first, target, kind } = graph;
  const of = new Int32Array(nodes).fill(-1);
  const index = new Int32Array(nodes);
  const low = new Int32Array(nodes);
  const at = new Int32Array(nodes);
  const open = new Int32Array(nodes);
  const path = new Int32Array(nodes);
  const size = new Int32Array(nodes);
  let count = 0;
  let visited = 0;
  let opened = 0;
  let cyclic = false;
  for (let root = 0; root < nodes; root++) {
    if (index[root] !== 0) continue;
    let depth = 0;
    path[0] = root;
    index[root] = low[root] = ++visited;
    at[root] = at32(first, root);
    open[opened++] = root;
    while (depth >= 0) {
      const v = at32(path, depth);
      const end = at32(first, v + 1);
      let place = at32(at, v);
      let child = -1;
      let lowest = at32(low, v);
      for (; place < end; place++) {
        if (((kind[place] ?? 0) & mask) === 0) continue;
        const w = at32(target, place);
        if (index[w] === 0) {
          child = w;
          place++;
          break;
        }
        if (of[w] === -1 && at32(index, w) < lowest) lowest = at32(index, w);
      }
      low[v] = lowest;
      at[v] = place;
      if (child !== -1) {
        index[child] = low[child] = ++visited;
        at[child] = at32(first, child);
        open[opened++] = child;
        path[++depth] = child;
        continue;
      }
      if (lowest === index[v]) {
        let member = -1;
        let members = 0;
        while (member !== v) {
          member = at32(open, --opened);
          of[member] = count;
          members++;
        }
        size[count++] = members;
        if (members > 1) cyclic = true;
      }
      depth--;
      if (depth >= 0) {
        const parent = at32(path, depth);
        if (lowest < at32(low, parent)) low[parent] = lowest;
      }
    }
  }
  return { of, size: size.subarray(0, count), count, cyclic };
}
