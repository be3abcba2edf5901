import { at32 } from "../graph/index.ts";
import { CommitGraph } from "./commit-graph.ts";
import { INITIAL, type RegisterHistory } from "./history.ts";
import type { Judgement } from "./judgement.ts";

/** Vector clocks of as many sessions at a time as fit in this many numbers (256 MiB). */
const CLOCKS_MAX = 1 << 26;

/**
 * Causal consistency (Biswas-Enea, figure 2c): what a transaction reads of a key is not older than what was written to it by any
 * transaction in its causal past, the closure of session order and reads-from. Of each session only the last writer in that past
 * has to be told. O(n · sessions), as AWDIT (Møldrup-Pavlogiannis, PLDI 2025).
 */
export function causal(history: RegisterHistory): Judgement {
  const graph = new CommitGraph(history);
  const causalOrder = graph.causalOrder();
  if (causalOrder.type !== "holds") return causalOrder;
  const nodes = history.transactions.length;
  const sessions = history.sessions.first.length - 1;
  const width = Math.max(1, Math.min(sessions, Math.floor(CLOCKS_MAX / Math.max(1, nodes))));
  for (let low = 0; low < sessions; low += width) {
    const high = Math.min(sessions, low + width);
    const past = pasts(history, causalOrder.order, low, high);
    forceReads(history, graph, past, low, high);
  }
  return graph.judge();
}

/** For each node and each session from `low` to `high`: how many transactions of the session are in the node's past. */
function pasts(
  history: RegisterHistory,
  order: readonly number[],
  low: number,
  high: number,
): Int32Array {
  const { session, place, sessions, reads, source } = history;
  const width = high - low;
  const past = new Int32Array(history.transactions.length * width);
  const join = (node: number, before: number): void => {
    const to = node * width;
    const from = before * width;
    for (let s = 0; s < width; s++) {
      const theirs = at32(past, from + s);
      if (theirs > at32(past, to + s)) past[to + s] = theirs;
    }
    const own = at32(session, before) - low;
    if (own >= 0 && own < width) {
      const counted = at32(place, before) + 1;
      if (counted > at32(past, to + own)) past[to + own] = counted;
    }
  };
  for (const node of order) {
    const at = at32(place, node);
    if (at > 0) {
      join(node, at32(sessions.item, at32(sessions.first, at32(session, node)) + at - 1));
    }
    let last = INITIAL;
    for (let i = at32(reads.first, node); i < at32(reads.first, node + 1); i++) {
      const from = at32(source, i);
      if (from !== INITIAL && from !== last) join(node, from);
      last = from;
    }
  }
  return past;
}

function forceReads(
  history: RegisterHistory,
  graph: CommitGraph,
  past: Int32Array,
  low: number,
  high: number,
): void {
  const { session, place, reads, source } = history;
  const width = high - low;
  const runs = writerRuns(history);
  for (let node = 0; node < history.transactions.length; node++) {
    for (let i = at32(reads.first, node); i < at32(reads.first, node + 1); i++) {
      const key = at32(reads.item, i);
      const from = at32(source, i);
      for (let run = at32(runs.first, key); run < at32(runs.first, key + 1); run++) {
        const begin = at32(runs.item, run);
        const s = at32(session, at32(history.writers.item, begin));
        if (s < low || s >= high) continue;
        const seen = at32(past, node * width + s - low);
        const writer = lastBefore(history, begin, at32(runs.end, run), seen);
        if (writer === INITIAL || writer === from) continue;
        // What is in the source's own past is before it already.
        if (from !== INITIAL && at32(past, from * width + s - low) > at32(place, writer)) continue;
        graph.force(writer, from, node, key);
      }
    }
  }
}

/** The writers of each key, cut where the session changes. */
function writerRuns(history: RegisterHistory): {
  first: Int32Array;
  item: Int32Array;
  end: Int32Array;
} {
  const { first, item } = history.writers;
  const starts: number[] = [];
  const ends: number[] = [];
  const runsFirst = new Int32Array(first.length);
  for (let key = 0; key + 1 < first.length; key++) {
    for (let i = at32(first, key); i < at32(first, key + 1); i++) {
      const fresh =
        i === at32(first, key) ||
        history.session[at32(item, i)] !== history.session[at32(item, i - 1)];
      if (fresh) {
        starts.push(i);
        ends.push(i + 1);
      } else ends[ends.length - 1] = i + 1;
    }
    runsFirst[key + 1] = starts.length;
  }
  return { first: runsFirst, item: Int32Array.from(starts), end: Int32Array.from(ends) };
}

/** The last writer of a run among the first `count` transactions of its session. */
function lastBefore(history: RegisterHistory, begin: number, end: number, count: number): number {
  const { item } = history.writers;
  let low = begin;
  let high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at32(history.place, at32(item, middle)) < count) low = middle + 1;
    else high = middle;
  }
  return low === begin ? INITIAL : at32(item, low - 1);
}
