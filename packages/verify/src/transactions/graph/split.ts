import { at32, type Digraph, digraph, EdgeList, RW, WITHIN } from "./digraph.ts";

/** The start and the commit of transaction t, as nodes of the split graph. */
export const startOf = (t: number): number => 2 * t;
export const commitOf = (t: number): number => 2 * t + 1;

/**
 * Every transaction cut in two. A dependency leads from a commit to a start (what I depend on was committed before I began),
 * an anti-dependency from a start to a commit (I began before what I did not see was committed). A cycle of this graph is
 * a cycle of the given one in which no two anti-dependencies meet, and the other way round, which is what snapshot
 * isolation forbids (Cerone-Gotsman, Analysing Snapshot Isolation, theorem 4.1). `cause` is the edge it stands for, −1 for
 * those within a transaction.
 */
export function split(graph: Digraph, dependencies: number): Digraph {
  const { edges } = graph;
  const list = new EdgeList();
  for (let t = 0; t < graph.nodes; t++) list.add(startOf(t), commitOf(t), WITHIN, -1);
  for (let e = 0; e < edges.count; e++) {
    const kind = edges.kind[e] ?? 0;
    const from = at32(edges.from, e);
    const to = at32(edges.to, e);
    if ((kind & dependencies) !== 0) list.add(commitOf(from), startOf(to), kind, e);
    else if (kind === RW) list.add(startOf(from), commitOf(to), kind, e);
  }
  return digraph(2 * graph.nodes, list);
}
