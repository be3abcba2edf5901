import {
  at32,
  components,
  digraph,
  EdgeList,
  Paths,
  SESSION,
  shortCycle,
  WR,
  WW,
} from "../graph/index.ts";
import { INITIAL, type RegisterHistory } from "./history.ts";
import type { Broken, Judgement, NodeEdge } from "./judgement.ts";

/**
 * What must be in the commit order, for the levels whose axioms force one direction outright: session order, who reads from whom,
 * and "t2 before t1, because `reader` read a key from t1 although it could see that t2 wrote it" (Biswas-Enea, figure 2).
 * The level holds when there is no cycle; any topological order is then a commit order.
 */
export class CommitGraph {
  readonly #history: RegisterHistory;
  readonly #edges = new EdgeList();
  readonly #reader: number[] = [];
  readonly #key: number[] = [];
  #overlooked: { writer: number; reader: number; key: number } | null = null;

  constructor(history: RegisterHistory) {
    this.#history = history;
    const { sessions, reads, source } = history;
    for (let i = 0; i + 1 < sessions.item.length; i++) {
      const a = at32(sessions.item, i);
      const b = at32(sessions.item, i + 1);
      if (history.session[a] === history.session[b]) this.#edges.add(a, b, SESSION, -1);
    }
    for (let node = 0; node < history.transactions.length; node++) {
      let last = INITIAL;
      for (let i = at32(reads.first, node); i < at32(reads.first, node + 1); i++) {
        const from = at32(source, i);
        if (from !== INITIAL && from !== last) {
          this.#edges.add(from, node, WR, at32(reads.item, i));
        }
        last = from;
      }
    }
  }

  /** `writer` comes before `source`, from whom `reader` read the key. */
  force(writer: number, source: number, reader: number, key: number): void {
    if (source === INITIAL) this.#overlooked ??= { writer, reader, key };
    else {
      this.#edges.add(writer, source, WW, this.#key.length);
      this.#reader.push(reader);
      this.#key.push(key);
    }
  }

  /** The nodes in an order of sessions and reads-from, or the cycle in these. */
  causalOrder(): Judgement {
    return this.#order(SESSION | WR);
  }

  judge(): Judgement {
    if (this.#overlooked !== null) return this.#brokenByInitialRead(this.#overlooked);
    return this.#order(SESSION | WR | WW);
  }

  #order(mask: number): Judgement {
    const nodes = this.#history.transactions.length;
    const graph = digraph(nodes, this.#edges);
    const parts = components(graph, mask);
    if (!parts.cyclic) {
      const order = Array.from<number>({ length: nodes });
      for (let v = 0; v < nodes; v++) order[nodes - 1 - at32(parts.of, v)] = v;
      return { type: "holds", order };
    }
    return this.#broken((shortCycle(graph, mask, parts) ?? []).map((e) => this.#edge(e)));
  }

  /** The reader comes before whoever wrote over the initial state, and that writer before the reader. */
  #brokenByInitialRead(by: { writer: number; reader: number; key: number }): Broken {
    const key = String(this.#history.keys[by.key]);
    const why = `the initial ${key} was read, which the other wrote over`;
    const path = this.#visible(by.writer, by.reader).map((e) => this.#edge(e));
    return this.#broken([{ from: by.reader, to: by.writer, kind: "rw", key, why }, ...path]);
  }

  #broken(cycle: readonly NodeEdge[]): Broken {
    const core = new Set<number>();
    for (const edge of cycle) core.add(edge.from);
    for (const edge of cycle) {
      if (edge.kind !== "ww") continue;
      const e = this.#find(edge.from, edge.to);
      const reader = this.#reader[at32(this.#edges.cause, e)];
      if (reader === undefined) continue;
      core.add(reader);
      // How the reader could see what it did not read.
      for (const step of this.#visible(edge.from, reader)) core.add(at32(this.#edges.from, step));
    }
    return { type: "broken", core: [...core], cycle };
  }

  #find(from: number, to: number): number {
    const { count, kind } = this.#edges;
    for (let e = 0; e < count; e++) {
      if (kind[e] === WW && this.#edges.from[e] === from && this.#edges.to[e] === to) return e;
    }
    return -1;
  }

  /** A shortest way by sessions and reads-from. */
  #visible(writer: number, reader: number): number[] {
    const nodes = this.#history.transactions.length;
    const graph = digraph(nodes, this.#edges);
    const one = { of: new Int32Array(nodes), size: Int32Array.of(nodes), count: 1, cyclic: true };
    return new Paths(graph).shortest(writer, reader, SESSION | WR, one, nodes + 1) ?? [];
  }

  #edge(e: number): NodeEdge {
    const from = at32(this.#edges.from, e);
    const to = at32(this.#edges.to, e);
    const kind = this.#edges.kind[e];
    const cause = at32(this.#edges.cause, e);
    if (kind === SESSION) {
      return { from, to, kind: "session", key: null, why: "earlier in the same session" };
    }
    if (kind === WR) {
      const key = String(this.#history.keys[cause]);
      return { from, to, kind: "wr", key, why: `${key} was read from the other` };
    }
    const key = String(this.#history.keys[this.#key[cause] ?? 0]);
    const reader = this.#history.transactions[this.#reader[cause] ?? 0]?.index;
    const why = `${reader} read ${key} from the second, although the first's write was visible to it`;
    return { from, to, kind: "ww", key, why };
  }
}
