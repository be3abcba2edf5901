import { at32 } from "../graph/index.ts";
import type { Atom, Transaction } from "../transaction.ts";

/** Read from nobody: the initial state, which comes before all transactions. */
export const INITIAL = -1;

/**
 * The committed transactions of a register history, numbered 0…n−1 in the order of the history, in columns. Lists of
 * something per node or key are laid end to end: those of v are the places `first[v]…first[v + 1] − 1`.
 *
 * Only what a transaction shows to others is here: its reads of values that it has not written itself (all of them, in program
 * order), and the keys that it wrote, once each.
 */
export interface RegisterHistory {
  readonly transactions: readonly Transaction[];
  readonly keys: readonly Atom[];
  readonly session: Int32Array;
  /** Counted among the committed of its session. */
  readonly place: Int32Array;
  readonly sessions: Lists;
  readonly reads: Lists;
  /** Beside `reads.item`, which is the key: the node that wrote the value, or INITIAL. */
  readonly source: Int32Array;
  /** By number of the key. */
  readonly writes: Lists;
  /** For each key the nodes that wrote it, by session and place. */
  readonly writers: Lists;
}

export interface Lists {
  readonly first: Int32Array;
  readonly item: Int32Array;
}

/** What is put in, row by row, node after node. */
export class Rows {
  readonly keys: readonly Atom[];
  readonly transactions: Transaction[] = [];
  readonly readFirst: number[] = [0];
  readonly readKey: number[] = [];
  readonly source: number[] = [];
  readonly writeFirst: number[] = [0];
  readonly writeKey: number[] = [];
  /** Nodes that have a number, whether or not their rows have been put in. */
  count = 0;

  constructor(keys: readonly Atom[]) {
    this.keys = keys;
  }

  read(key: number, source: number): void {
    this.readKey.push(key);
    this.source.push(source);
  }

  write(key: number): void {
    this.writeKey.push(key);
  }

  /** All reads and writes since the last end were this transaction's. */
  end(transaction: Transaction): void {
    this.transactions.push(transaction);
    this.readFirst.push(this.readKey.length);
    this.writeFirst.push(this.writeKey.length);
  }
}

/** O(log of what it wrote). */
export function wrote(history: RegisterHistory, node: number, key: number): boolean {
  const { first, item } = history.writes;
  let low = at32(first, node);
  let high = at32(first, node + 1);
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = at32(item, middle);
    if (there === key) return true;
    if (there < key) low = middle + 1;
    else high = middle;
  }
  return false;
}

/** All that follows from the rows. */
export function registerHistory(rows: Rows): RegisterHistory {
  const { transactions, keys } = rows;
  const count = transactions.length;
  const session = new Int32Array(count);
  const place = new Int32Array(count);
  const sessions = sessionLists(transactions);
  for (let s = 0; s + 1 < sessions.first.length; s++) {
    const begin = at32(sessions.first, s);
    for (let i = begin; i < at32(sessions.first, s + 1); i++) {
      session[at32(sessions.item, i)] = s;
      place[at32(sessions.item, i)] = i - begin;
    }
  }
  const reads = { first: new Int32Array(rows.readFirst), item: new Int32Array(rows.readKey) };
  const writes = { first: new Int32Array(rows.writeFirst), item: new Int32Array(rows.writeKey) };
  for (let node = 0; node < count; node++) {
    writes.item.subarray(at32(writes.first, node), at32(writes.first, node + 1)).sort();
  }
  const source = new Int32Array(rows.source);
  const writers = writersOf(writes, sessions, keys.length);
  return { transactions, keys, session, place, sessions, reads, source, writes, writers };
}

function sessionLists(transactions: readonly Transaction[]): Lists {
  const byName = new Map<number, number[]>();
  transactions.forEach((transaction, node) => {
    const nodes = byName.get(transaction.session);
    if (nodes === undefined) byName.set(transaction.session, [node]);
    else nodes.push(node);
  });
  const placeOf = (node: number): number => transactions[node]?.place ?? 0;
  const first = new Int32Array(byName.size + 1);
  const item = new Int32Array(transactions.length);
  let at = 0;
  let s = 0;
  for (const nodes of byName.values()) {
    item.set(
      nodes.sort((a, b) => placeOf(a) - placeOf(b) || a - b),
      at,
    );
    at += nodes.length;
    first[++s] = at;
  }
  return { first, item };
}

/** `writes` the other way round. */
function writersOf(writes: Lists, sessions: Lists, keys: number): Lists {
  const first = new Int32Array(keys + 1);
  for (const key of writes.item) first[key + 1] = at32(first, key + 1) + 1;
  for (let key = 0; key < keys; key++) first[key + 1] = at32(first, key) + at32(first, key + 1);
  const next = first.slice();
  const item = new Int32Array(writes.item.length);
  for (const node of sessions.item) {
    for (let i = at32(writes.first, node); i < at32(writes.first, node + 1); i++) {
      const key = at32(writes.item, i);
      const place = at32(next, key);
      next[key] = place + 1;
      item[place] = node;
    }
  }
  return { first, item };
}

/**
 * The history of these nodes alone. A read of what a left-out node wrote is left out with it. Whatever level the whole
 * satisfies, the part does too; so a part that breaks a level proves that the whole does.
 */
export function restrict(history: RegisterHistory, nodes: readonly number[]): RegisterHistory {
  const rows = new Rows(history.keys);
  const number = new Map<number, number>();
  for (const node of nodes) number.set(node, rows.count++);
  for (const node of nodes) {
    const transaction = history.transactions[node];
    if (transaction === undefined) continue;
    const { reads, writes } = history;
    for (let i = at32(reads.first, node); i < at32(reads.first, node + 1); i++) {
      const from = at32(history.source, i);
      const source = from === INITIAL ? INITIAL : number.get(from);
      if (source !== undefined) rows.read(at32(reads.item, i), source);
    }
    for (let i = at32(writes.first, node); i < at32(writes.first, node + 1); i++) {
      rows.write(at32(writes.item, i));
    }
    rows.end(transaction);
  }
  return registerHistory(rows);
}
