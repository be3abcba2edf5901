import { at32 } from "../graph/index.ts";
import { CommitGraph } from "./commit-graph.ts";
import { INITIAL, type RegisterHistory, wrote } from "./history.ts";
import type { Judgement } from "./judgement.ts";

/**
 * Read committed as Biswas and Enea define it (OOPSLA 2019, figure 2a): once a transaction has read from t2, a later read of
 * a key that t2 wrote comes from t2 or from something after it. That is more than Adya's PL-2, which has no order of reads.
 *
 * For each transaction and each t2 it reads from, the smaller of the two sets of keys is walked: AWDIT (Møldrup-Pavlogiannis,
 * PLDI 2025), O(n^1.5) for n operations.
 */
export function readCommitted(history: RegisterHistory): Judgement {
  const graph = new CommitGraph(history);
  const { reads, source } = history;
  const seen = new Int32Array(history.transactions.length).fill(-1);
  for (let node = 0; node < history.transactions.length; node++) {
    const begin = at32(reads.first, node);
    const end = at32(reads.first, node + 1);
    if (end - begin < 2) continue;
    const byKey = readsByKey(history, begin, end);
    for (let i = begin; i < end; i++) {
      const from = at32(source, i);
      if (from === INITIAL || seen[from] === node) continue;
      seen[from] = node;
      forEachShared(history, from, byKey, (key, places) => {
        for (const later of places) {
          if (later <= i || source[later] === from) continue;
          graph.force(from, at32(source, later), node, key);
          return;
        }
      });
    }
  }
  return graph.judge();
}

/** Where a transaction reads each key, in program order. */
export function readsByKey(
  history: RegisterHistory,
  begin: number,
  end: number,
): ReadonlyMap<number, readonly number[]> {
  const byKey = new Map<number, number[]>();
  for (let i = begin; i < end; i++) {
    const key = at32(history.reads.item, i);
    const places = byKey.get(key);
    if (places === undefined) byKey.set(key, [i]);
    else places.push(i);
  }
  return byKey;
}

/** The keys that `writer` wrote and that are read here, by a walk over the smaller set. */
export function forEachShared(
  history: RegisterHistory,
  writer: number,
  byKey: ReadonlyMap<number, readonly number[]>,
  each: (key: number, places: readonly number[]) => void,
): void {
  const { first, item } = history.writes;
  const begin = at32(first, writer);
  const end = at32(first, writer + 1);
  if (end - begin <= byKey.size) {
    for (let i = begin; i < end; i++) {
      const places = byKey.get(at32(item, i));
      if (places !== undefined) each(at32(item, i), places);
    }
    return;
  }
  for (const [key, places] of byKey) if (wrote(history, writer, key)) each(key, places);
}
