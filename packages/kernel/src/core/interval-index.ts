interface Node<T> {
  readonly from: string;
  /** Exclusive; null is beyond every key. */
  readonly to: string | null;
  readonly priority: number;
  readonly values: T[];
  /** The greatest `to` in this subtree. */
  reach: string | null;
  left: Node<T> | null;
  right: Node<T> | null;
}

/**
 * Intervals [from, to) of byte-ordered strings, asked which of them contain a point: O(log n) and a little
 * for each hit. A treap ordered by (from, to), each node knowing how far its subtree reaches; its priorities
 * come from a generator of its own, so equal histories give equal shapes.
 */
export class IntervalIndex<T> {
  #root: Node<T> | null = null;
  #random = 0x2545f491;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds one more value at the interval; equal intervals share a node. */
  add(from: string, to: string | null, value: T): void {
    this.#size++;
    const node = this.#find(from, to);
    if (node !== null) {
      node.values.push(value);
      return;
    }
    const [left, right] = split(this.#root, from, to);
    const priority = this.#draw();
    const added: Node<T> = {
      from,
      to,
      priority,
      values: [value],
      reach: to,
      left: null,
      right: null,
    };
    this.#root = join(join(left, added), right);
  }

  /** False where there was no such value at that interval. */
  remove(from: string, to: string | null, value: T): boolean {
    const node = this.#find(from, to);
    const at = node === null ? -1 : node.values.indexOf(value);
    if (node === null || at < 0) return false;
    this.#size--;
    node.values.splice(at, 1);
    if (node.values.length === 0) this.#root = without(this.#root, from, to);
    return true;
  }

  /** Appends to `hits` the values of all intervals that contain `point`, ordered by (from, to). */
  stab(point: string, hits: T[]): void {
    stab(this.#root, point, hits);
  }

  #find(from: string, to: string | null): Node<T> | null {
    let node = this.#root;
    while (node !== null) {
      const order = compare(from, to, node);
      if (order === 0) return node;
      node = order < 0 ? node.left : node.right;
    }
    return null;
  }

  #draw(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return x >>> 0;
  }
}

function stab<T>(node: Node<T> | null, point: string, hits: T[]): void {
  if (node === null || !isBeyond(node.reach, point)) return;
  stab(node.left, point, hits);
  if (node.from > point) return;
  if (isBeyond(node.to, point)) for (const value of node.values) hits.push(value);
  stab(node.right, point, hits);
}

/** Splits into what is ordered before (from, to) and what is not. */
function split<T>(
  node: Node<T> | null,
  from: string,
  to: string | null,
): [Node<T> | null, Node<T> | null] {
  if (node === null) return [null, null];
  if (compare(from, to, node) > 0) {
    const [middle, right] = split(node.right, from, to);
    node.right = middle;
    return [refreshed(node), right];
  }
  const [left, middle] = split(node.left, from, to);
  node.left = middle;
  return [left, refreshed(node)];
}

function join<T>(left: Node<T> | null, right: Node<T> | null): Node<T> | null {
  if (left === null) return right;
  if (right === null) return left;
  if (left.priority >= right.priority) {
    left.right = join(left.right, right);
    return refreshed(left);
  }
  right.left = join(left, right.left);
  return refreshed(right);
}

function without<T>(node: Node<T> | null, from: string, to: string | null): Node<T> | null {
  if (node === null) return null;
  const order = compare(from, to, node);
  if (order === 0) return join(node.left, node.right);
  if (order < 0) node.left = without(node.left, from, to);
  else node.right = without(node.right, from, to);
  return refreshed(node);
}

function refreshed<T>(node: Node<T>): Node<T> {
  let reach = node.to;
  if (node.left !== null) reach = farther(reach, node.left.reach);
  if (node.right !== null) reach = farther(reach, node.right.reach);
  node.reach = reach;
  return node;
}

function compare<T>(from: string, to: string | null, node: Node<T>): number {
  if (from !== node.from) return from < node.from ? -1 : 1;
  if (to === node.to) return 0;
  if (to === null) return 1;
  return node.to === null || to < node.to ? -1 : 1;
}

function farther(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return null;
  return a > b ? a : b;
}

function isBeyond(to: string | null, point: string): boolean {
  return to === null || to > point;
}
