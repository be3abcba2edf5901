import { at32 } from "../graph/index.ts";
import { INITIAL, type RegisterHistory } from "./history.ts";

/** Every version of every key but the initial ones; those of key k are `first[k]…first[k + 1] − 1`. */
export interface Versions {
  readonly first: Int32Array;
  readonly writer: Int32Array;
  readonly key: Int32Array;
  /** `reader` from `readerFirst[i]` on: who read version i. */
  readonly readerFirst: Int32Array;
  readonly reader: Int32Array;
  /** Who read the initial version of key k, from `initialFirst[k]` on. */
  readonly initialFirst: Int32Array;
  readonly initialReader: Int32Array;
}

/** The versions of a key are in the order that `nodes` gives their writers, which says nothing of the version order. */
export function versions(history: RegisterHistory, nodes: Int32Array): Versions {
  const { writers, reads, source, writes } = history;
  const { first } = writers;
  const key = new Int32Array(writers.item.length);
  for (let k = 0; k + 1 < first.length; k++) key.fill(k, at32(first, k), at32(first, k + 1));
  const writer = new Int32Array(key.length);
  const version = new Int32Array(writes.item.length);
  const next = first.slice();
  for (const node of nodes) {
    for (let i = at32(writes.first, node); i < at32(writes.first, node + 1); i++) {
      const k = at32(writes.item, i);
      const place = at32(next, k);
      next[k] = place + 1;
      version[i] = place;
      writer[place] = node;
    }
  }
  const of = new Int32Array(reads.item.length);
  const readerFirst = new Int32Array(key.length + 1);
  const initialFirst = new Int32Array(first.length);
  for (let i = 0; i < of.length; i++) {
    const from = at32(source, i);
    const k = at32(reads.item, i);
    of[i] = from === INITIAL ? INITIAL : at32(version, placeOf(history, from, k));
    const counts = from === INITIAL ? initialFirst : readerFirst;
    const at = (from === INITIAL ? k : at32(of, i)) + 1;
    counts[at] = at32(counts, at) + 1;
  }
  for (let i = 0; i + 1 < readerFirst.length; i++) {
    readerFirst[i + 1] = at32(readerFirst, i) + at32(readerFirst, i + 1);
  }
  for (let k = 0; k + 1 < initialFirst.length; k++) {
    initialFirst[k + 1] = at32(initialFirst, k) + at32(initialFirst, k + 1);
  }
  const reader = new Int32Array(at32(readerFirst, key.length));
  const initialReader = new Int32Array(at32(initialFirst, initialFirst.length - 1));
  const readerNext = readerFirst.slice();
  const initialNext = initialFirst.slice();
  for (let node = 0; node < history.transactions.length; node++) {
    for (let i = at32(reads.first, node); i < at32(reads.first, node + 1); i++) {
      const initial = of[i] === INITIAL;
      const counts = initial ? initialNext : readerNext;
      const at = initial ? at32(reads.item, i) : at32(of, i);
      const place = at32(counts, at);
      (initial ? initialReader : reader)[place] = node;
      counts[at] = place + 1;
    }
  }
  return { first, writer, key, readerFirst, reader, initialFirst, initialReader };
}

/** Where among its writes the node has the key. */
function placeOf(history: RegisterHistory, node: number, key: number): number {
  const { first, item } = history.writes;
  let low = at32(first, node);
  let high = at32(first, node + 1) - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at32(item, middle) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
