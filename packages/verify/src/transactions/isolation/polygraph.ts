import {
  addRealtime,
  at32,
  type Components,
  components,
  type Digraph,
  digraph,
  EdgeList,
  REALTIME,
  RW,
  SESSION,
  shortCycle,
  WITHIN,
  WR,
  WW,
} from "../graph/index.ts";
import { type Chains, chains } from "./chains.ts";
import type { Events } from "./events.ts";
import { INITIAL, type RegisterHistory } from "./history.ts";
import { type Versions, versions } from "./versions.ts";

const ALL = 0xff;
/** Reachability is worked out for as many chains at a time as fit in this many numbers (256 MiB). */
const CLOCKS_MAX = 1 << 26;

/** Why an inferred edge is there: were its end's version first, there would be a cycle through a way that existed before. */
export interface Inference {
  readonly key: number;
  readonly before: number;
  readonly after: number;
  /** Who read `after`'s version, or `after` itself. */
  readonly via: number;
  /** A way from the first to the second along edges numbered below `edges`. */
  readonly from: number;
  readonly to: number;
  readonly edges: number;
}

/**
 * What is known of an order of transactions, and what is open (Papadimitriou's polygraph; Cobra, OSDI 2020; PolySI, VLDB 2023): of
 * two writers of a key, either comes first, and then before it come all who read the other's version. `saturate` decides all pairs
 * of which one way would make a cycle with what is known, until nothing more follows.
 */
export class Polygraph {
  readonly history: RegisterHistory;
  readonly events: Events;
  readonly edges = new EdgeList();
  readonly inferences: Inference[] = [];
  readonly nodes: number;
  readonly chains: Chains;
  readonly versions: Versions;
  readonly runs: Runs;
  /**
   * For version i and run q of its key: how many versions of the run are known to come before. Those of one key
   * and version lie side by side, from `decidedFirst[i]` on.
   */
  readonly decided: Int32Array;
  readonly decidedFirst: Int32Array;
  #graph: Digraph;

  constructor(history: RegisterHistory, events: Events) {
    this.history = history;
    this.events = events;
    this.nodes = this.#addOrders();
    this.#addReads();
    this.#graph = digraph(this.nodes, this.edges);
    const parts = components(this.#graph, ALL);
    // Where there is a cycle already, `saturate` says so before it looks at a chain.
    const order = parts.cyclic ? Int32Array.from(parts.of, (_, v) => v) : topological(parts);
    this.chains = chains(this.#graph, order, (from, to, kind) => this.#joins(from, to, kind));
    this.versions = versions(history, this.#byChain());
    this.runs = runs(this.versions, (t) => at32(this.chains.of, events.leave(t)));
    this.decidedFirst = new Int32Array(this.versions.writer.length + 1);
    for (let i = 0; i < this.versions.writer.length; i++) {
      const k = at32(this.versions.key, i);
      const width = at32(this.runs.first, k + 1) - at32(this.runs.first, k);
      this.decidedFirst[i + 1] = at32(this.decidedFirst, i) + width;
    }
    this.decided = new Int32Array(at32(this.decidedFirst, this.versions.writer.length));
    this.#addInitialReads();
  }

  /** The graph of all edges so far. */
  graph(): Digraph {
    if (this.#graph.edge.length !== this.edges.count) {
      this.#graph = digraph(this.nodes, this.edges);
    }
    return this.#graph;
  }

  /** A cycle in what is known, or null when nothing more follows and there is none. */
  saturate(spent: () => boolean): number[] | null | "spent" {
    const chainsAtOnce = Math.max(1, Math.floor(CLOCKS_MAX / Math.max(1, this.nodes)));
    const width = Math.min(this.chains.count, chainsAtOnce);
    let past = new Int32Array(this.nodes * width);
    let seen = 0;
    for (;;) {
      const graph = this.graph();
      const parts = components(graph, ALL);
      if (parts.cyclic) return shortCycle(graph, ALL, parts);
      if (spent()) return "spent";
      const order = topological(parts);
      const known = this.edges.count;
      for (let low = 0; low < this.chains.count; low += width) {
        // What has been worked out for all chains is only brought up to date.
        if (width < this.chains.count) {
          past = new Int32Array(this.nodes * width);
          seen = 0;
        }
        const grown = this.#grow(
          past,
          graph,
          order,
          low,
          Math.min(this.chains.count, low + width),
          seen,
        );
        for (let i = 0; i < this.versions.writer.length; i++) {
          if (this.#concerns(i, grown)) this.#infer(i, past, low, low + width, known);
        }
      }
      seen = known;
      if (this.edges.count === known) return null;
    }
  }

  /** Has the past of the version's writer grown, or that of a reader? */
  #concerns(version: number, grown: Uint8Array): boolean {
    const { events, versions: all } = this;
    if (grown[events.leave(at32(all.writer, version))] === 1) return true;
    const end = at32(all.readerFirst, version + 1);
    for (let j = at32(all.readerFirst, version); j < end; j++) {
      if (grown[events.antiLeave(at32(all.reader, j))] === 1) return true;
    }
    return false;
  }

  /** Known edges that a level starts from: within a transaction, of sessions, and of real time. */
  #addOrders(): number {
    const { history, events, edges } = this;
    const count = history.transactions.length;
    if (events.width === 2) {
      for (let t = 0; t < count; t++) edges.add(events.antiLeave(t), events.leave(t), WITHIN, -1);
    }
    const { item } = history.sessions;
    for (let i = 0; events.sessions && i + 1 < item.length; i++) {
      const a = at32(item, i);
      const b = at32(item, i + 1);
      if (history.session[a] === history.session[b]) {
        edges.add(events.leave(a), events.arrive(b), SESSION, -1);
      }
    }
    const nodes = count * events.width;
    return events.realtime ? addRealtime(history.transactions, nodes, edges) : nodes;
  }

  /** Chains are the sessions, and the moments of real time; where sessions do not count, whatever there is. */
  #joins(from: number, to: number, kind: number): boolean {
    const { events, history } = this;
    const moments = history.transactions.length * events.width;
    if (!events.sessions || kind === SESSION || kind === WITHIN) return true;
    return kind === REALTIME && from >= moments && to >= moments;
  }

  #addReads(): void {
    const { history, events } = this;
    for (let t = 0; t < history.transactions.length; t++) {
      for (let i = at32(history.reads.first, t); i < at32(history.reads.first, t + 1); i++) {
        const from = at32(history.source, i);
        if (from === INITIAL) continue;
        this.edges.add(events.leave(from), events.arrive(t), WR, at32(history.reads.item, i));
      }
    }
  }

  /** Who read the initial version comes before all writers; of each run the first is enough, or the second if it is the reader. */
  #addInitialReads(): void {
    const { versions: all, runs: cut, events } = this;
    for (let k = 0; k + 1 < all.first.length; k++) {
      for (let j = at32(all.initialFirst, k); j < at32(all.initialFirst, k + 1); j++) {
        const reader = at32(all.initialReader, j);
        for (let q = at32(cut.first, k); q < at32(cut.first, k + 1); q++) {
          let i = at32(cut.begin, q);
          if (all.writer[i] === reader) i++;
          if (i === at32(cut.begin, q + 1)) continue;
          const cause = -1 - k;
          this.edges.add(
            events.antiLeave(reader),
            events.antiArrive(at32(all.writer, i)),
            RW,
            cause,
          );
        }
      }
    }
  }

  #byChain(): Int32Array {
    const { of, place } = this.chains;
    const node = (t: number): number => this.events.leave(t);
    return Int32Array.from(this.history.transactions, (_, t) => t).sort(
      (a, b) =>
        at32(of, node(a)) - at32(of, node(b)) || at32(place, node(a)) - at32(place, node(b)),
    );
  }

  /**
   * Brings `past` up to date: for each node and each chain from `low` to `high`, how many nodes of the chain reach it. It is right for
   * the edges numbered below `seen`. Returns 1 for each node whose past grew; at first that is said of all.
   */
  #grow(
    past: Int32Array,
    graph: Digraph,
    order: Int32Array,
    low: number,
    high: number,
    seen: number,
  ): Uint8Array {
    const width = past.length / Math.max(1, this.nodes);
    const grown = new Uint8Array(this.nodes).fill(seen === 0 ? 1 : 0);
    const passOn = grown.slice();
    for (let e = seen; e < this.edges.count; e++) passOn[at32(this.edges.from, e)] = 1;
    const { of, place } = this.chains;
    for (const v of order) {
      if (passOn[v] === 0) continue;
      const from = v * width;
      const own = at32(of, v) < high ? at32(of, v) - low : -1;
      const counted = at32(place, v) + 1;
      for (let i = at32(graph.first, v); i < at32(graph.first, v + 1); i++) {
        const target = at32(graph.target, i);
        const to = target * width;
        let more = false;
        for (let s = 0; s < width; s++) {
          const theirs = at32(past, from + s);
          if (theirs <= at32(past, to + s)) continue;
          past[to + s] = theirs;
          more = true;
        }
        if (own >= 0 && counted > at32(past, to + own)) {
          past[to + own] = counted;
          more = true;
        }
        if (more) grown[target] = passOn[target] = 1;
      }
    }
    return grown;
  }

  /** Which versions of its key must come before version i, because the other way round makes a cycle. */
  #infer(i: number, past: Int32Array, low: number, high: number, known: number): void {
    const { versions: all, runs: cut, events, chains: chain } = this;
    const width = high - low;
    const writer = at32(all.writer, i);
    const k = at32(all.key, i);
    const runFirst = at32(cut.first, k);
    for (let q = runFirst; q < at32(cut.first, k + 1); q++) {
      const begin = at32(cut.begin, q);
      const c = at32(cut.chain, q) - low;
      if (c < 0 || c >= width) continue;
      const slot = at32(this.decidedFirst, i) + q - runFirst;
      let place = begin + at32(this.decided, slot);
      // A run stands in the order of its chain; of the writer's own, what comes after it does so anyway.
      const end = i >= begin && i < at32(cut.begin, q + 1) ? i : at32(cut.begin, q + 1);
      if (place >= end) continue;
      const writerPast = at32(past, events.leave(writer) * width + c);
      let via = writer;
      let readerPast = -1;
      for (let j = at32(all.readerFirst, i); j < at32(all.readerFirst, i + 1); j++) {
        const reader = at32(all.reader, j);
        const theirs = at32(past, events.antiLeave(reader) * width + c);
        if (theirs <= readerPast) continue;
        readerPast = theirs;
        via = reader;
      }
      const before = (other: number): boolean =>
        at32(chain.place, events.overwrite(other)) < writerPast;
      const first = place;
      while (place < end) {
        const other = at32(all.writer, place);
        if (!before(other) && at32(chain.place, events.antiArrive(other)) >= readerPast) break;
        place++;
      }
      if (place === first) continue;
      this.decided[slot] = place - begin;
      const other = at32(all.writer, place - 1);
      const direct = before(other);
      const inference = {
        key: k,
        before: other,
        after: writer,
        via: direct ? writer : via,
        from: direct ? events.overwrite(other) : events.antiArrive(other),
        to: direct ? events.leave(writer) : events.antiLeave(via),
        edges: known,
      };
      this.#force(place - 1, i, inference, (from, to) => {
        const c = at32(chain.of, from) - low;
        return c >= 0 && c < width && at32(past, to * width + c) > at32(chain.place, from);
      });
    }
  }

  /** Version a comes before version b, and so do those who read it; what is `implied` needs no edge. */
  #force(
    a: number,
    b: number,
    inference: Inference,
    implied: (from: number, to: number) => boolean,
  ): void {
    const { versions: all, events } = this;
    const cause = this.inferences.push(inference) - 1;
    const writer = at32(all.writer, b);
    const leave = events.leave(at32(all.writer, a));
    const overwrite = events.overwrite(writer);
    if (!implied(leave, overwrite)) this.edges.add(leave, overwrite, WW, cause);
    const antiArrive = events.antiArrive(writer);
    for (let j = at32(all.readerFirst, a); j < at32(all.readerFirst, a + 1); j++) {
      const reader = at32(all.reader, j);
      const antiLeave = events.antiLeave(reader);
      if (reader === writer || implied(antiLeave, antiArrive)) continue;
      this.edges.add(antiLeave, antiArrive, RW, cause);
    }
  }
}

/** The versions of each key, cut where the chain of their writers changes: run q is `begin[q]…begin[q + 1] − 1`. */
export interface Runs {
  /** The runs of key k are `first[k]…first[k + 1] − 1`. */
  readonly first: Int32Array;
  readonly begin: Int32Array;
  readonly chain: Int32Array;
}

function runs(all: Versions, chainOf: (writer: number) => number): Runs {
  const first = new Int32Array(all.first.length);
  const begin: number[] = [];
  const chain: number[] = [];
  for (let k = 0; k + 1 < all.first.length; k++) {
    for (let i = at32(all.first, k); i < at32(all.first, k + 1); i++) {
      const of = chainOf(at32(all.writer, i));
      if (i !== at32(all.first, k) && of === chain.at(-1)) continue;
      begin.push(i);
      chain.push(of);
    }
    first[k + 1] = begin.length;
  }
  begin.push(all.writer.length);
  return { first, begin: Int32Array.from(begin), chain: Int32Array.from(chain) };
}

/** Nodes in topological order, where there is no cycle. */
export function topological(parts: Components): Int32Array {
  const order = new Int32Array(parts.of.length);
  for (let v = 0; v < order.length; v++) order[order.length - 1 - at32(parts.of, v)] = v;
  return order;
}
