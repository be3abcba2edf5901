import { at32 } from "../graph/index.ts";
import { CommitGraph } from "./commit-graph.ts";
import { INITIAL, type RegisterHistory } from "./history.ts";
import type { Judgement } from "./judgement.ts";
import { forEachShared, readsByKey } from "./read-committed.ts";

/**
 * Read atomic (Biswas-Enea, figure 2b): what a transaction reads of a key is not older than what was written to it by any
 * transaction it reads from, or by any earlier one of its session. O(n^1.5) as for read committed.
 */
export function readAtomic(history: RegisterHistory): Judgement {
  const graph = new CommitGraph(history);
  const { reads, source, sessions, writes } = history;
  const seen = new Int32Array(history.transactions.length).fill(-1);
  const lastWriter = new Int32Array(history.keys.length);
  const lastSession = new Int32Array(history.keys.length).fill(-1);
  for (const node of sessions.item) {
    const session = at32(history.session, node);
    const begin = at32(reads.first, node);
    const end = at32(reads.first, node + 1);
    for (let i = begin; i < end; i++) {
      const key = at32(reads.item, i);
      const writer = at32(lastWriter, key);
      if (lastSession[key] === session && source[i] !== writer) {
        graph.force(writer, at32(source, i), node, key);
      }
    }
    const byKey = end - begin < 2 ? new Map<number, number[]>() : readsByKey(history, begin, end);
    for (let i = begin; i < end && byKey.size > 0; i++) {
      const from = at32(source, i);
      if (from === INITIAL || seen[from] === node) continue;
      seen[from] = node;
      forEachShared(history, from, byKey, (key, places) => {
        for (const place of places) {
          if (source[place] !== from) graph.force(from, at32(source, place), node, key);
        }
      });
    }
    for (let i = at32(writes.first, node); i < at32(writes.first, node + 1); i++) {
      const key = at32(writes.item, i);
      lastWriter[key] = node;
      lastSession[key] = session;
    }
  }
  return graph.judge();
}
