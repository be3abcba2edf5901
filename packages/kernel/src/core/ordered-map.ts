import { assert } from "./assert.ts";

/** Who may change a node in place: the map whose token it carries. Everybody else copies it first. */
class Owner {}

interface Leaf<V> {
  readonly leaf: true;
  readonly owner: Owner;
  readonly keys: string[];
  readonly values: V[];
}

interface Branch<V> {
  readonly leaf: false;
  readonly owner: Owner;
  /** `keys[i]` is at most the least key under `children[i]` and above every key before it; `keys[0]` is unused. */
  readonly keys: string[];
  readonly children: Node<V>[];
  /** `counts[i]` keys are under `children[i]`, `count` under all of them. */
  readonly counts: number[];
  count: number;
}

type Node<V> = Leaf<V> | Branch<V>;

const FANOUT_MAX = 64;
const FANOUT_MIN = FANOUT_MAX / 4;

/**
 * A B+tree on strings with one character per byte, which JavaScript orders as their bytes. Inner nodes count
 * what is beneath them, so counting a range and finding the n-th key are O(log n). `fork` is O(1): both
 * sides go on with a new owner token, and copy a node the first time they change it.
 */
export class OrderedMap<V> {
  #root: Node<V>;
  #owner: Owner;
  #changes = 0;
  /** What the descent under way found. */
  #found: V | undefined;

  constructor() {
    this.#owner = new Owner();
    this.#root = { leaf: true, owner: this.#owner, keys: [], values: [] };
  }

  get size(): number {
    return countOf(this.#root);
  }

  /** Rises with every change; cursors look at it. */
  get changes(): number {
    return this.#changes;
  }

  get(key: string): V | undefined {
    let node = this.#root;
    while (!node.leaf) node = childOf(node, childIndex(node, key));
    const at = lowerBound(node.keys, key);
    return node.keys[at] === key ? node.values[at] : undefined;
  }

  /** Sets and returns what was there before; undefined where the key is new. */
  set(key: string, value: V): V | undefined {
    this.#changes++;
    this.#found = undefined;
    const root = this.#owned(this.#root);
    const right = this.#insert(root, key, value);
    this.#root = right === null ? root : this.#grown(root, right);
    return this.#found;
  }

  /** Removes and returns what was there; undefined where there was nothing, and then nothing is copied. */
  delete(key: string): V | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    this.#changes++;
    const root = this.#owned(this.#root);
    this.#remove(root, key);
    this.#root = root;
    if (this.size === 0) this.#root = { leaf: true, owner: this.#owner, keys: [], values: [] };
    else if (!root.leaf && root.children.length === 1) this.#root = childOf(root, 0);
    return value;
  }

  /** How many keys are below `key`. */
  rank(key: string): number {
    let rank = 0;
    let node = this.#root;
    while (!node.leaf) {
      const at = childIndex(node, key);
      for (let i = 0; i < at; i++) rank += node.counts[i] ?? 0;
      node = childOf(node, at);
    }
    return rank + lowerBound(node.keys, key);
  }

  /** How many keys k have from <= k < to; null is beyond every key. */
  count(from: string, to: string | null): number {
    if (to !== null && to <= from) return 0;
    return (to === null ? this.size : this.rank(to)) - this.rank(from);
  }

  /** A cursor before the first key at or above `from`, that ends below `to`. */
  cursor(from: string, to: string | null): OrderedCursor<V> {
    return new OrderedCursor(this, from, to);
  }

  /** A cursor before the key of that rank, to the end. */
  cursorAt(rank: number): OrderedCursor<V> {
    return new OrderedCursor(this, this.keyAt(rank) ?? null, null);
  }

  /** The key with `rank` keys below it. */
  keyAt(rank: number): string | undefined {
    if (rank < 0 || rank >= this.size) return undefined;
    let node = this.#root;
    while (!node.leaf) {
      let at = 0;
      for (let below = node.counts[0] ?? 0; rank >= below; below = node.counts[at] ?? 0) {
        rank -= below;
        at++;
      }
      node = childOf(node, at);
    }
    return node.keys[rank];
  }

  /** O(1). Both go their own ways from here. */
  fork(): OrderedMap<V> {
    const fork = new OrderedMap<V>();
    fork.#root = this.#root;
    this.#owner = new Owner();
    return fork;
  }

  /** The leaf and place of the first key at or above `key` (above, if `past`); null at the end. For cursors. */
  seek(key: string, past: boolean): LeafPlace<V> | null {
    let node = this.#root;
    let next: Node<V> | null = null;
    while (!node.leaf) {
      const at = childIndex(node, key);
      next = node.children[at + 1] ?? next;
      node = childOf(node, at);
    }
    let at = lowerBound(node.keys, key);
    if (past && node.keys[at] === key) at++;
    if (at < node.keys.length) return { keys: node.keys, values: node.values, at };
    if (next === null) return null;
    while (!next.leaf) next = childOf(next, 0);
    return { keys: next.keys, values: next.values, at: 0 };
  }

  /** Puts the entry under an owned node; the right half, where the node had to be split. */
  #insert(node: Node<V>, key: string, value: V): Node<V> | null {
    if (node.leaf) return this.#insertInLeaf(node, key, value);
    const at = childIndex(node, key);
    const child = this.#owned(childOf(node, at));
    node.children[at] = child;
    const right = this.#insert(child, key, value);
    if (this.#found === undefined) {
      node.count++;
      node.counts[at] = countOf(child);
    }
    if (right === null) return null;
    node.children.splice(at + 1, 0, right);
    node.counts.splice(at + 1, 0, countOf(right));
    node.keys.splice(at + 1, 0, leastKey(right));
    return node.children.length <= FANOUT_MAX ? null : this.#splitBranch(node, at + 1);
  }

  #insertInLeaf(leaf: Leaf<V>, key: string, value: V): Leaf<V> | null {
    const at = lowerBound(leaf.keys, key);
    if (leaf.keys[at] === key) {
      this.#found = leaf.values[at];
      leaf.values[at] = value;
      return null;
    }
    if (at === leaf.keys.length) {
      leaf.keys.push(key);
      leaf.values.push(value);
    } else {
      leaf.keys.splice(at, 0, key);
      leaf.values.splice(at, 0, value);
    }
    if (leaf.keys.length <= FANOUT_MAX) return null;
    const from = splitPoint(leaf.keys.length, at);
    const keys = leaf.keys.splice(from);
    const values = leaf.values.splice(from);
    return { leaf: true, owner: this.#owner, keys, values };
  }

  #splitBranch(branch: Branch<V>, at: number): Branch<V> {
    const from = splitPoint(branch.children.length, at);
    const children = branch.children.splice(from);
    const keys = branch.keys.splice(from);
    const counts = branch.counts.splice(from);
    const count = counts.reduce((sum, n) => sum + n, 0);
    branch.count -= count;
    return { leaf: false, owner: this.#owner, keys, children, counts, count };
  }

  #grown(left: Node<V>, right: Node<V>): Branch<V> {
    const keys = ["", leastKey(right)];
    const counts = [countOf(left), countOf(right)];
    const count = countOf(left) + countOf(right);
    return { leaf: false, owner: this.#owner, keys, children: [left, right], counts, count };
  }

  /** Removes a key that is there from under an owned node. */
  #remove(node: Node<V>, key: string): void {
    if (node.leaf) {
      const at = lowerBound(node.keys, key);
      node.keys.splice(at, 1);
      node.values.splice(at, 1);
      return;
    }
    const at = childIndex(node, key);
    const child = this.#owned(childOf(node, at));
    node.children[at] = child;
    this.#remove(child, key);
    node.count--;
    node.counts[at] = countOf(child);
    if (countOf(child) === 0) {
      // No node below the root stays empty: a cursor that steps to the next leaf finds a key there.
      node.children.splice(at, 1);
      node.counts.splice(at, 1);
      node.keys.splice(at, 1);
    } else if (widthOf(child) < FANOUT_MIN && node.children.length > 1) this.#merge(node, at);
  }

  /** Joins a narrow child with a neighbour where both fit into one node. */
  #merge(node: Branch<V>, at: number): void {
    const first = at > 0 ? at - 1 : at;
    const right = childOf(node, first + 1);
    if (widthOf(childOf(node, first)) + widthOf(right) > FANOUT_MAX) return;
    const left = this.#owned(childOf(node, first));
    node.children[first] = left;
    if (left.leaf && right.leaf) {
      for (const key of right.keys) left.keys.push(key);
      for (const value of right.values) left.values.push(value);
    } else if (!left.leaf && !right.leaf) {
      left.keys.push(node.keys[first + 1] ?? "", ...right.keys.slice(1));
      left.children.push(...right.children);
      left.counts.push(...right.counts);
      left.count += right.count;
    }
    node.counts[first] = countOf(left);
    node.children.splice(first + 1, 1);
    node.counts.splice(first + 1, 1);
    node.keys.splice(first + 1, 1);
  }

  #owned(node: Node<V>): Node<V> {
    const owner = this.#owner;
    if (node.owner === owner) return node;
    const keys = node.keys.slice();
    if (node.leaf) return { leaf: true, owner, keys, values: node.values.slice() };
    const { children, counts, count } = node;
    return { leaf: false, owner, keys, children: children.slice(), counts: counts.slice(), count };
  }
}

interface LeafPlace<V> {
  readonly keys: readonly string[];
  readonly values: readonly V[];
  readonly at: number;
}

/**
 * Walks a map upwards. It survives changes of the map between two steps: it goes on at the first key above
 * the one it showed last, as the map is then.
 */
export class OrderedCursor<V> {
  readonly #map: OrderedMap<V>;
  readonly #to: string | null;
  #place: LeafPlace<V> | null;
  #at: number;
  #changes: number;
  #key: string;
  #value: V | undefined;

  constructor(map: OrderedMap<V>, from: string | null, to: string | null) {
    this.#map = map;
    this.#to = to;
    this.#key = from ?? "";
    this.#place = from === null ? null : map.seek(from, false);
    this.#at = (this.#place?.at ?? 0) - 1;
    this.#changes = map.changes;
  }

  get key(): string {
    return this.#key;
  }

  get value(): V {
    assert(this.#value !== undefined, "next() said that there is an entry");
    return this.#value;
  }

  /** Steps to the next entry; false at the end, and from then on. */
  next(): boolean {
    if (this.#place === null) return false;
    this.#at++;
    const started = this.#value !== undefined;
    if (this.#changes !== this.#map.changes) this.#seek(started);
    else if (this.#at >= this.#place.keys.length) this.#seek(true);
    const key = this.#place?.keys[this.#at];
    if (key === undefined || (this.#to !== null && key >= this.#to)) {
      this.#place = null;
      return false;
    }
    this.#key = key;
    this.#value = this.#place?.values[this.#at];
    return true;
  }

  #seek(past: boolean): void {
    this.#changes = this.#map.changes;
    this.#place = this.#map.seek(this.#key, past);
    this.#at = this.#place?.at ?? 0;
  }
}

/** Where a full node is cut: in the middle, or near its end for keys that arrive in order. */
function splitPoint(length: number, inserted: number): number {
  return inserted === length - 1 ? length - 2 : length >>> 1;
}

function countOf<V>(node: Node<V>): number {
  return node.leaf ? node.keys.length : node.count;
}

function widthOf<V>(node: Node<V>): number {
  return node.leaf ? node.keys.length : node.children.length;
}

function childOf<V>(branch: Branch<V>, at: number): Node<V> {
  const child = branch.children[at];
  assert(child !== undefined, "a branch has a child for every key");
  return child;
}

function leastKey<V>(node: Node<V>): string {
  while (!node.leaf) node = childOf(node, 0);
  return node.keys[0] ?? "";
}

/** The child under which `key` belongs. */
function childIndex<V>(branch: Branch<V>, key: string): number {
  const keys = branch.keys;
  let low = 1;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? "") <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The first place whose key is at or above `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
