/** Kinds of dependency between two transactions, as bits, so that a set of kinds is a mask. */
export const WW = 1;
export const WR = 2;
export const RW = 4;
export const SESSION = 8;
export const REALTIME = 16;
/** Between the start and the commit of one transaction. */
export const WITHIN = 32;

const EDGES_MIN = 1024;

/**
 * Edges between nodes 0…n−1, in columns. `cause` is for whoever added the edge: it finds the explanation there. Edges are
 * only ever added, and popped in the opposite order; parallel edges are kept.
 */
export class EdgeList {
  count = 0;
  from = new Int32Array(EDGES_MIN);
  to = new Int32Array(EDGES_MIN);
  kind = new Uint8Array(EDGES_MIN);
  cause = new Int32Array(EDGES_MIN);

  add(from: number, to: number, kind: number, cause: number): number {
    if (this.count === this.from.length) this.#grow();
    const edge = this.count++;
    this.from[edge] = from;
    this.to[edge] = to;
    this.kind[edge] = kind;
    this.cause[edge] = cause;
    return edge;
  }

  #grow(): void {
    const length = this.from.length * 2;
    const from = new Int32Array(length);
    const to = new Int32Array(length);
    const kind = new Uint8Array(length);
    const cause = new Int32Array(length);
    from.set(this.from);
    to.set(this.to);
    kind.set(this.kind);
    cause.set(this.cause);
    this.from = from;
    this.to = to;
    this.kind = kind;
    this.cause = cause;
  }
}

/** The same edges, found by the node they leave: those of node v are `edge[first[v]…first[v + 1] − 1]`. */
export interface Digraph {
  readonly nodes: number;
  readonly edges: EdgeList;
  readonly first: Int32Array;
  /** Places in `edges`. */
  readonly edge: Int32Array;
  /** `edges.to` of them, side by side for the caches' sake. */
  readonly target: Int32Array;
  readonly kind: Uint8Array;
}

/** By counting; edges that leave one node keep the order in which they were added. */
export function digraph(nodes: number, edges: EdgeList): Digraph {
  const { count, from, to, kind: kinds } = edges;
  const first = new Int32Array(nodes + 1);
  for (let e = 0; e < count; e++) {
    const at = at32(from, e) + 1;
    first[at] = at32(first, at) + 1;
  }
  for (let v = 0; v < nodes; v++) first[v + 1] = at32(first, v) + at32(first, v + 1);
  const next = first.slice();
  const edge = new Int32Array(count);
  const target = new Int32Array(count);
  const kind = new Uint8Array(count);
  for (let e = 0; e < count; e++) {
    const v = at32(from, e);
    const place = at32(next, v);
    next[v] = place + 1;
    edge[place] = e;
    target[place] = at32(to, e);
    kind[place] = kinds[e] ?? 0;
  }
  return { nodes, edges, first, edge, target, kind };
}

/** The element at a place that is known to be there. */
export function at32(array: Int32Array, place: number): number {
  return array[place] ?? 0;
}
