import type { Components } from "./components.ts";
import { at32, type Digraph } from "./digraph.ts";

/** Edges looked at before a search for something shorter settles for what it has. */
const LOOKS_MAX = 4_000_000;

/** Breadth-first search, with its arrays kept from one search to the next. */
export class Paths {
  readonly #graph: Digraph;
  readonly #seen: Int32Array;
  readonly #via: Int32Array;
  readonly #queue: Int32Array;
  #stamp = 0;
  /** Edges looked at by all searches so far: what they cost. */
  looks = 0;

  constructor(graph: Digraph) {
    this.#graph = graph;
    this.#seen = new Int32Array(graph.nodes);
    this.#via = new Int32Array(graph.nodes);
    this.#queue = new Int32Array(graph.nodes);
  }

  /**
   * The edges of a shortest path along kinds in `mask` that stays in the component of `from` and does not touch `avoid`;
   * null where there is none, or none shorter than `lengthMax`. From a node to itself it is a cycle, of at least one edge.
   */
  shortest(
    from: number,
    to: number,
    mask: number,
    within: Components,
    lengthMax: number,
    avoid = -1,
  ): number[] | null {
    const { first, target, kind, edge } = this.#graph;
    const stamp = ++this.#stamp;
    const home = at32(within.of, from);
    const seen = this.#seen;
    let length = 0;
    let head = 0;
    let tail = 0;
    this.#queue[tail++] = from;
    if (from !== to) seen[from] = stamp;
    while (head < tail && ++length < lengthMax) {
      for (const levelEnd = tail; head < levelEnd; head++) {
        const v = at32(this.#queue, head);
        const end = at32(first, v + 1);
        this.looks += end - at32(first, v);
        for (let place = at32(first, v); place < end; place++) {
          if (((kind[place] ?? 0) & mask) === 0) continue;
          const w = at32(target, place);
          if (w === avoid || seen[w] === stamp || within.of[w] !== home) continue;
          seen[w] = stamp;
          this.#via[w] = at32(edge, place);
          if (w === to) return this.#walkBack(from, to);
          this.#queue[tail++] = w;
        }
      }
    }
    return null;
  }

  /** A shortest path along edges numbered below `count`; null where there is none. */
  before(from: number, to: number, count: number): number[] | null {
    const { first, target, edge } = this.#graph;
    const stamp = ++this.#stamp;
    let tail = 0;
    this.#queue[tail++] = from;
    this.#seen[from] = stamp;
    for (let head = 0; head < tail; head++) {
      const v = at32(this.#queue, head);
      for (let place = at32(first, v); place < at32(first, v + 1); place++) {
        const w = at32(target, place);
        if (at32(edge, place) >= count || this.#seen[w] === stamp) continue;
        this.#seen[w] = stamp;
        this.#via[w] = at32(edge, place);
        if (w === to) return this.#walkBack(from, to);
        this.#queue[tail++] = w;
      }
    }
    return null;
  }

  #walkBack(from: number, to: number): number[] {
    const path: number[] = [];
    let v = to;
    do {
      const e = at32(this.#via, v);
      path.push(e);
      v = at32(this.#graph.edges.from, e);
    } while (v !== from);
    return path.reverse();
  }
}

/** A short cycle along kinds in `mask`: a shortest one unless that would take too long. Null where there is none. */
export function shortCycle(graph: Digraph, mask: number, parts: Components): number[] | null {
  if (!parts.cyclic) return null;
  const paths = new Paths(graph);
  let best: number[] | null = null;
  for (let v = 0; v < graph.nodes; v++) {
    if (at32(parts.size, at32(parts.of, v)) < 2) continue;
    const cycle = paths.shortest(v, v, mask, parts, best?.length ?? graph.nodes + 2);
    if (cycle !== null) best = cycle;
    if (best !== null && (best.length === 2 || paths.looks > LOOKS_MAX)) break;
  }
  return best;
}
