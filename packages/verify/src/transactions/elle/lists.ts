import type { Atom, Transaction } from "../transaction.ts";

/** One append, of a transaction that may have committed or that failed. */
export interface Append {
  readonly key: KeyList;
  readonly value: Atom;
  readonly transaction: Transaction;
  /** Its transaction's node in the graph; −1 where it failed. */
  readonly node: number;
  /** Its transaction appended to the same key again. */
  intermediate: boolean;
  /** Where the longest list that was read has it; −1 where no one read it. */
  place: number;
  /** Its place among the committed versions; −1 where no one read it. */
  version: number;
}

/** All that is known of one key. */
export interface KeyList {
  readonly key: Atom;
  readonly appends: Map<Atom, Append>;
  /** The longest list read, and who read it. */
  longest: readonly Atom[];
  reader: Transaction | null;
  last: Append | null;
  /** Is there an append of a failed transaction? */
  aborted: boolean;
  /** The appends that were read, in version order, those of failed transactions and of nobody left out. */
  readonly versions: Append[];
  /** Committed, and read by nobody: they come after all versions, in whatever order. */
  readonly unread: Append[];
}

/** The lists of a history, and the order of their versions. */
export interface Lists {
  readonly keys: ReadonlyMap<Atom, KeyList>;
  /** What may have committed: node v is `nodes[v]`. */
  readonly nodes: readonly Transaction[];
  /** A value that two appends of one key share: then nothing can be said. */
  readonly ambiguous: Append | null;
}

/**
 * The version order of every key is its longest list: every list read must be a beginning of it, so that an append is placed as
 * soon as one reader saw it (Kingsbury-Alvaro, Elle §4.2.1). Appends that nobody read come after those.
 */
export function lists(transactions: readonly Transaction[]): Lists {
  const keys = new Map<Atom, KeyList>();
  const nodes: Transaction[] = [];
  let ambiguous: Append | null = null;
  for (const transaction of transactions) {
    const node = transaction.outcome === "failed" ? -1 : nodes.push(transaction) - 1;
    for (const step of transaction.steps) {
      if (step.type === "append") {
        const key = keyList(keys, step.key);
        const { value } = step;
        const append: Append = {
          key,
          value,
          transaction,
          node,
          intermediate: false,
          place: -1,
          version: -1,
        };
        if (key.appends.has(value)) ambiguous ??= append;
        key.appends.set(value, append);
        if (key.last?.transaction === transaction) key.last.intermediate = true;
        key.last = append;
        if (node === -1) key.aborted = true;
      } else if (step.type === "read-list" && node !== -1) {
        const key = keyList(keys, step.key);
        if (step.value.length > key.longest.length) {
          key.longest = step.value;
          key.reader = transaction;
        }
      }
    }
  }
  for (const key of keys.values()) order(key);
  placeUnread(keys);
  return { keys, nodes, ambiguous };
}

function keyList(keys: Map<Atom, KeyList>, key: Atom): KeyList {
  let found = keys.get(key);
  if (found === undefined) {
    found = {
      key,
      appends: new Map(),
      longest: [],
      reader: null,
      last: null,
      aborted: false,
      versions: [],
      unread: [],
    };
    keys.set(key, found);
  }
  return found;
}

function order(key: KeyList): void {
  key.longest.forEach((value, place) => {
    const append = key.appends.get(value);
    if (append === undefined || append.place !== -1) return;
    append.place = place;
    if (append.node === -1) return;
    append.version = key.versions.length;
    key.versions.push(append);
  });
}

/** Those of unknown outcome count only where something else that their transaction appended was read: then it committed. */
function placeUnread(keys: ReadonlyMap<Atom, KeyList>): void {
  const seen = new Set<Transaction>();
  for (const key of keys.values()) for (const append of key.versions) seen.add(append.transaction);
  for (const key of keys.values()) {
    if (key.versions.length === key.appends.size) continue;
    for (const append of key.appends.values()) {
      if (append.node === -1 || append.version !== -1) continue;
      if (append.transaction.outcome === "ok" || seen.has(append.transaction)) {
        key.unread.push(append);
      }
    }
  }
}

/** Is `list` a beginning of the longest list of its key? */
export function isPrefix(list: readonly Atom[], key: KeyList): boolean {
  for (let i = 0; i < list.length; i++) if (list[i] !== key.longest[i]) return false;
  return true;
}

/** The version that a list ends in: its place among the versions, −1 for the initial one; null where nobody can say. */
export function versionOf(list: readonly Atom[], key: KeyList): number | null {
  const last = list.at(-1);
  if (last === undefined) return -1;
  const append = key.appends.get(last);
  if (append === undefined || append.place === -1) return null;
  if (append.version !== -1) return append.version;
  // It ends in an aborted append: whatever is committed before it was read too.
  let version = -1;
  for (const other of key.versions) if (other.place < append.place) version = other.version;
  return version;
}
