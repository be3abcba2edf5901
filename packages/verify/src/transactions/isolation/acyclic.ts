import { at32, type Digraph, digraph, EdgeList } from "../graph/index.ts";

/**
 * A graph without cycles to which edges are added one by one and taken away again in the opposite order (Pearce and Kelly 2006). It
 * keeps a topological order; an edge along it costs nothing, and one against it the part of the order between its ends.
 *
 * `cause` of an added edge is whatever the caller wants to find again on a cycle.
 */
export class AcyclicGraph {
  /** The place of each node in a topological order. */
  readonly order: Int32Array;
  readonly added = new EdgeList();
  readonly #known: Digraph;
  readonly #reverse: Digraph;
  /** The added edges that leave each node, the last first, and those that arrive. */
  readonly #leaving: Int32Array;
  readonly #arriving: Int32Array;
  #nextLeaving = new Int32Array(1024);
  #nextArriving = new Int32Array(1024);
  readonly #seen: Int32Array;
  readonly #via: Int32Array;
  #stamp = 0;

  constructor(known: Digraph, order: Int32Array) {
    this.#known = known;
    const reversed = new EdgeList();
    for (let e = 0; e < known.edges.count; e++) {
      reversed.add(at32(known.edges.to, e), at32(known.edges.from, e), known.edges.kind[e] ?? 0, e);
    }
    this.#reverse = digraph(known.nodes, reversed);
    this.order = order;
    this.#leaving = new Int32Array(known.nodes).fill(-1);
    this.#arriving = new Int32Array(known.nodes).fill(-1);
    this.#seen = new Int32Array(known.nodes);
    this.#via = new Int32Array(known.nodes);
  }

  /**
   * Null, or the edges of a way from `to` to `from`, with which the new edge, not added then, would be a cycle: places in the
   * known edges from 0 on, and in the added ones as −1, −2, …
   */
  add(from: number, to: number, kind: number, cause: number): number[] | null {
    const low = at32(this.order, to);
    const high = at32(this.order, from);
    if (high >= low) {
      const after = this.#forward(to, from, high);
      if (after === null) return this.#way(to, from);
      this.#reorder(this.#backward(from, low), after);
    }
    const e = this.added.add(from, to, kind, cause);
    if (e >= this.#nextLeaving.length) this.#grow();
    this.#nextLeaving[e] = at32(this.#leaving, from);
    this.#leaving[from] = e;
    this.#nextArriving[e] = at32(this.#arriving, to);
    this.#arriving[to] = e;
    return null;
  }

  /** Takes away all but the first `count` added edges. */
  undo(count: number): void {
    const { added } = this;
    while (added.count > count) {
      const e = --added.count;
      this.#leaving[at32(added.from, e)] = at32(this.#nextLeaving, e);
      this.#arriving[at32(added.to, e)] = at32(this.#nextArriving, e);
    }
  }

  /** What is reachable and not later than `high`, or null if `target` is. */
  #forward(start: number, target: number, high: number): number[] | null {
    const { first, target: heads, edge } = this.#known;
    const stamp = ++this.#stamp;
    const reached = [start];
    this.#seen[start] = stamp;
    if (start === target) return null;
    for (const v of reached) {
      for (let i = at32(first, v); i < at32(first, v + 1); i++) {
        const w = at32(heads, i);
        if (this.#seen[w] === stamp || at32(this.order, w) > high) continue;
        this.#seen[w] = stamp;
        this.#via[w] = at32(edge, i);
        if (w === target) return null;
        reached.push(w);
      }
      for (let e = at32(this.#leaving, v); e !== -1; e = at32(this.#nextLeaving, e)) {
        const w = at32(this.added.to, e);
        if (this.#seen[w] === stamp || at32(this.order, w) > high) continue;
        this.#seen[w] = stamp;
        this.#via[w] = -1 - e;
        if (w === target) return null;
        reached.push(w);
      }
    }
    return reached;
  }

  #backward(start: number, low: number): number[] {
    const { first, target: tails } = this.#reverse;
    const stamp = ++this.#stamp;
    const reached = [start];
    this.#seen[start] = stamp;
    for (const v of reached) {
      for (let i = at32(first, v); i < at32(first, v + 1); i++) {
        const w = at32(tails, i);
        if (this.#seen[w] === stamp || at32(this.order, w) < low) continue;
        this.#seen[w] = stamp;
        reached.push(w);
      }
      for (let e = at32(this.#arriving, v); e !== -1; e = at32(this.#nextArriving, e)) {
        const w = at32(this.added.from, e);
        if (this.#seen[w] === stamp || at32(this.order, w) < low) continue;
        this.#seen[w] = stamp;
        reached.push(w);
      }
    }
    return reached;
  }

  /** What comes before takes the earlier of the places that both have. */
  #reorder(before: number[], after: number[]): void {
    const byOrder = (a: number, b: number): number => at32(this.order, a) - at32(this.order, b);
    const nodes = [...before.sort(byOrder), ...after.sort(byOrder)];
    const places = nodes.map((v) => at32(this.order, v)).sort((a, b) => a - b);
    nodes.forEach((v, i) => {
      this.order[v] = places[i] ?? 0;
    });
  }

  #way(from: number, to: number): number[] {
    const way: number[] = [];
    let v = to;
    while (v !== from) {
      const e = at32(this.#via, v);
      way.push(e);
      v = e >= 0 ? at32(this.#known.edges.from, e) : at32(this.added.from, -1 - e);
    }
    return way.reverse();
  }

  #grow(): void {
    const leaving = new Int32Array(this.#nextLeaving.length * 2);
    const arriving = new Int32Array(this.#nextArriving.length * 2);
    leaving.set(this.#nextLeaving);
    arriving.set(this.#nextArriving);
    this.#nextLeaving = leaving;
    this.#nextArriving = arriving;
  }
}
