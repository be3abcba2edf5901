import { at32, Paths, REALTIME, RW, SESSION, WITHIN, WR } from "../graph/index.ts";
import type { NodeEdge } from "./judgement.ts";
import type { Inference, Polygraph } from "./polygraph.ts";

/** Inferences followed back, before the core is left as it is. */
const FOLLOWED_MAX = 4096;

/** Why the known edges of a polygraph are there. */
export class Reasons {
  readonly #polygraph: Polygraph;

  constructor(polygraph: Polygraph) {
    this.#polygraph = polygraph;
  }

  /** The transactions that the edges come from, those behind their inferences included: by themselves they give all these edges. */
  behind(edges: Iterable<number>): Set<number> {
    const { edges: all, inferences } = this.#polygraph;
    const transactions = new Set<number>();
    const followed = new Set<number>();
    const open = new Set(edges);
    for (const e of open) {
      this.#addEnds(e, transactions);
      const cause = at32(all.cause, e);
      const inferred = this.#isInferred(e) ? inferences[cause] : undefined;
      if (inferred === undefined || followed.has(cause)) continue;
      if (followed.size === FOLLOWED_MAX) continue;
      followed.add(cause);
      for (const t of [inferred.before, inferred.after, inferred.via]) transactions.add(t);
      for (const step of this.#way(inferred)) open.add(step);
    }
    return transactions;
  }

  /** A cycle of known edges, for a reader: between transactions, without the steps inside them and the moments of real time. */
  told(cycle: readonly number[]): NodeEdge[] {
    const { edges } = this.#polygraph;
    const begin = Math.max(
      0,
      cycle.findIndex((e) => this.#transactionOf(at32(edges.from, e)) !== null),
    );
    const told: NodeEdge[] = [];
    let from = this.#transactionOf(at32(edges.from, cycle[begin] ?? 0)) ?? 0;
    for (let i = 0; i < cycle.length; i++) {
      const e = cycle[(begin + i) % cycle.length] ?? 0;
      const to = this.#transactionOf(at32(edges.to, e));
      if (to === null || edges.kind[e] === WITHIN) continue;
      told.push({ from, to, ...this.#reason(e) });
      from = to;
    }
    return told;
  }

  #way(inferred: Inference): readonly number[] {
    const { from, to, edges } = inferred;
    if (from === to) return [];
    const graph = this.#polygraph.graph();
    return new Paths(graph).before(from, to, edges) ?? [];
  }

  #isInferred(e: number): boolean {
    const { kind, cause } = this.#polygraph.edges;
    return (kind[e] ?? 0) !== WR && at32(cause, e) >= 0;
  }

  #addEnds(e: number, to: Set<number>): void {
    const { edges } = this.#polygraph;
    for (const node of [at32(edges.from, e), at32(edges.to, e)]) {
      const t = this.#transactionOf(node);
      if (t !== null) to.add(t);
    }
  }

  /** Null for a moment of real time. */
  #transactionOf(node: number): number | null {
    const { events, history } = this.#polygraph;
    const t = Math.floor(node / events.width);
    return t < history.transactions.length ? t : null;
  }

  #reason(e: number): Pick<NodeEdge, "kind" | "key" | "why"> {
    const { edges, inferences, history } = this.#polygraph;
    const kind = edges.kind[e];
    const cause = at32(edges.cause, e);
    const named = (key: number): string => String(history.keys[key]);
    if (kind === SESSION) return { kind: "session", key: null, why: "earlier in the same session" };
    if (kind === REALTIME) {
      return { kind: "realtime", key: null, why: "the one returned before the other was called" };
    }
    if (kind === WR) {
      return { kind: "wr", key: named(cause), why: `${named(cause)} was read from the other` };
    }
    if (kind === RW && cause < 0) {
      const key = named(-1 - cause);
      return { kind: "rw", key, why: `the initial ${key} was read, which the other wrote over` };
    }
    const inferred = inferences[cause];
    const key = named(inferred?.key ?? 0);
    const index = (t: number | undefined): number => history.transactions[t ?? 0]?.index ?? -1;
    const order = `${index(inferred?.before)} wrote ${key} before ${index(inferred?.after)}`;
    const why = `${order}, for it comes before ${index(inferred?.via)} anyway`;
    if (kind === RW)
      return { kind: "rw", key, why: `${key} was read before it was written; ${why}` };
    return { kind: "ww", key, why };
  }
}
