import type { Spent } from "../../budget.ts";
import type { Edge } from "../../verdict.ts";
import {
  at32,
  type Components,
  commitOf,
  components,
  type Digraph,
  digraph,
  Paths,
  REALTIME,
  RW,
  SESSION,
  shortCycle,
  split,
  startOf,
  WITHIN,
  WR,
  WW,
} from "../graph/index.ts";
import type { Dependencies, Orders, Reason } from "./dependencies.ts";
import type { Findings } from "./found.ts";
import { impliedAnomalies } from "./level.ts";

/** Edges looked at for one kind of anomaly, before it is left at "there is a cycle". */
const LOOKS_MAX = 50_000_000;

/** False where the budget ran out first; what was found until then stands. */
export function findCycles(
  dependencies: Dependencies,
  orders: Orders,
  explain: (cause: number, kind: number) => Reason,
  findings: Findings,
  spent: Spent,
): boolean {
  const graph = digraph(dependencies.nodes, dependencies.edges);
  const all = components(graph, WW | WR | RW | SESSION | REALTIME);
  if (!all.cyclic) return true;
  const search = new CycleSearch(graph, all, dependencies, explain, findings, spent);
  search.run(0, "");
  // A process returns before it calls again, so that its order is part of the real-time order and goes by that name.
  if (orders.realtime) search.run(SESSION | REALTIME, "-realtime");
  else if (orders.process) search.run(SESSION, "-process");
  return !search.exhausted;
}

/**
 * Looks for each kind of cycle from the worst on, and leaves out what a found one implies. A cycle of a kind that exists
 * without process or real-time edges is found without them; so in a second run over more edges, whatever is found has one.
 */
class CycleSearch {
  exhausted = false;
  readonly #graph: Digraph;
  readonly #all: Components;
  readonly #paths: Paths;
  readonly #dependencies: Dependencies;
  readonly #explain: (cause: number, kind: number) => Reason;
  readonly #findings: Findings;
  readonly #spent: Spent;
  readonly #implied = new Set<string>();

  constructor(
    graph: Digraph,
    all: Components,
    dependencies: Dependencies,
    explain: (cause: number, kind: number) => Reason,
    findings: Findings,
    spent: Spent,
  ) {
    this.#graph = graph;
    this.#all = all;
    this.#paths = new Paths(graph);
    this.#dependencies = dependencies;
    this.#explain = explain;
    this.#findings = findings;
    this.#spent = spent;
  }

  run(orders: number, suffix: string): void {
    const flow = WW | WR | orders;
    const writes = components(this.#graph, WW | orders);
    this.#found(`G0${suffix}`, () => shortCycle(this.#graph, WW | orders, writes));
    const reads = components(this.#graph, flow);
    this.#found(`G1c${suffix}`, () => shortCycle(this.#graph, flow, reads));

    const halves = split(this.#graph, flow);
    const apart = components(halves, flow | RW | WITHIN);
    if (apart.cyclic) {
      this.#found(`G-single-item${suffix}`, () => this.#single(flow, halves, apart));
      this.#found(`G-nonadjacent-item${suffix}`, () => this.#nonadjacent(flow, halves, apart));
    }
    // Where no worse cycle was found, every cycle has two anti-dependencies that meet; else one has to be looked for.
    const clean = this.#implied.size === 0;
    this.#found(`G2-item${suffix}`, () =>
      clean
        ? shortCycle(this.#graph, flow | RW, components(this.#graph, flow | RW))
        : this.#adjacent(flow | RW),
    );
  }

  #found(anomaly: string, search: () => number[] | null): void {
    if (this.#implied.has(anomaly) || this.exhausted) return;
    const cycle = search();
    if (cycle === null) return;
    for (const name of impliedAnomalies(anomaly)) this.#implied.add(name);
    const edges = this.#told(cycle);
    const core = edges.map((edge) => edge.from);
    this.#findings.add({ anomaly, core, evidence: { type: "cycle", edges } });
  }

  /** Exactly one anti-dependency, and a way back of dependencies. */
  #single(flow: number, halves: Digraph, apart: Components): number[] | null {
    const { edges } = this.#graph;
    let best: number[] | null = null;
    const looksMax = this.#paths.looks + LOOKS_MAX;
    for (let e = 0; e < edges.count; e++) {
      if (edges.kind[e] !== RW) continue;
      const u = at32(edges.from, e);
      const v = at32(edges.to, e);
      if (at32(apart.of, startOf(u)) !== at32(apart.of, commitOf(v))) continue;
      const back = this.#paths.shortest(v, u, flow, this.#all, best?.length ?? halves.nodes);
      if (back !== null) best = [e, ...back];
      if (best !== null && (best.length === 2 || this.#paths.looks > looksMax)) break;
      if (this.#tired(looksMax)) break;
    }
    return best;
  }

  /** Two anti-dependencies or more, no two of which meet: as no cycle has just one, any cycle of the split graph with one will do. */
  #nonadjacent(flow: number, halves: Digraph, apart: Components): number[] | null {
    const { edges } = this.#graph;
    const paths = new Paths(halves);
    let best: number[] | null = null;
    for (let place = 0; place < halves.target.length; place++) {
      if (halves.kind[place] !== RW) continue;
      const first = at32(halves.edge, place);
      const from = at32(halves.edges.from, first);
      const to = at32(halves.edges.to, first);
      if (at32(apart.of, from) !== at32(apart.of, to)) continue;
      const mask = flow | RW | WITHIN;
      const back = paths.shortest(to, from, mask, apart, best?.length ?? halves.nodes);
      if (back !== null) {
        const whole = [first, ...back]
          .map((e) => at32(halves.edges.cause, e))
          .filter((e) => e >= 0);
        if (isSimple(whole, edges.from) || best === null) best = whole;
      }
      if (best !== null && paths.looks > LOOKS_MAX) break;
      if (this.#tired(Number.POSITIVE_INFINITY)) break;
    }
    return best;
  }

  /** Two anti-dependencies that meet, u → v → w, and any way back from w to u but through v. */
  #adjacent(mask: number): number[] | null {
    const { edges, first, edge, kind, target } = this.#graph;
    let best: number[] | null = null;
    const looksMax = this.#paths.looks + LOOKS_MAX;
    for (let e = 0; e < edges.count; e++) {
      if (edges.kind[e] !== RW) continue;
      const u = at32(edges.from, e);
      const v = at32(edges.to, e);
      if (at32(this.#all.of, u) !== at32(this.#all.of, v)) continue;
      for (let place = at32(first, v); place < at32(first, v + 1); place++) {
        const w = at32(target, place);
        if (kind[place] !== RW || at32(this.#all.of, w) !== at32(this.#all.of, v)) continue;
        const both = [e, at32(edge, place)];
        if (w === u) return both;
        const lengthMax = (best?.length ?? this.#graph.nodes + 2) - 1;
        const back = this.#paths.shortest(w, u, mask, this.#all, lengthMax, v);
        if (back !== null) best = [...both, ...back];
      }
      if (best !== null && this.#paths.looks > looksMax) break;
      if (this.#tired(looksMax)) break;
    }
    return best;
  }

  #tired(looksMax: number): boolean {
    if (this.#paths.looks <= looksMax && !this.#spent()) return false;
    this.exhausted = this.#spent();
    return true;
  }

  /** The edges for a reader, with moments of real time left out. */
  #told(cycle: readonly number[]): Edge[] {
    const { edges } = this.#graph;
    const { transactions } = this.#dependencies;
    // Begins at an edge that leaves a transaction.
    const begin = cycle.findIndex((e) => at32(edges.from, e) < transactions.length);
    const told: Edge[] = [];
    let from = at32(edges.from, cycle[begin] ?? 0);
    for (let i = 0; i < cycle.length; i++) {
      const e = cycle[(begin + i) % cycle.length] ?? 0;
      const to = at32(edges.to, e);
      if (to >= transactions.length) continue;
      const a = transactions[from];
      const b = transactions[to];
      if (a !== undefined && b !== undefined) {
        const reason = this.#reason(edges.kind[e] ?? 0, at32(edges.cause, e));
        told.push({ from: a.index, to: b.index, ...reason });
      }
      from = to;
    }
    return told;
  }

  #reason(kind: number, cause: number): Reason {
    if (kind === SESSION) {
      return { kind: "session", key: null, why: "one process did the one before the other" };
    }
    if (kind === REALTIME) {
      return { kind: "realtime", key: null, why: "the one returned before the other was called" };
    }
    return this.#explain(cause, kind);
  }
}

function isSimple(cycle: readonly number[], from: Int32Array): boolean {
  return new Set(cycle.map((e) => at32(from, e))).size === cycle.length;
}
