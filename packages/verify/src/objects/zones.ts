import type { Operation, Value } from "../history/index.ts";
import { type RegisterOptions, registerRole } from "./register.ts";
import { sortByKey } from "./sort-by-key.ts";
import { textOf } from "./value.ts";

export type Zoned =
  | { readonly type: "order"; readonly order: readonly number[] }
  /** A part that breaks by itself, with the reason in words. */
  | { readonly type: "broken"; readonly part: readonly Operation[]; readonly why: string };

/**
 * Is the history of one register linearizable, where each value was written once (Gibbons and Korach 1997, §4)? A value with
 * those that saw it is a cluster. Its zone reaches from its first return to its last call: `forward` where the return comes
 * first, then the value was there for that whole time; else `backward`, and any moment in between will do. The history is
 * linearizable if and only if no read came before its write, no two forward zones overlap, and no backward zone lies inside
 * a forward one. O(n log n), in fact linear where calls come in order. Null where a value was written twice, or there is a `cas`.
 */
export function zones(operations: readonly Operation[], options: RegisterOptions): Zoned | null {
  const clusters = gather(operations, options);
  return clusters === null || "type" in clusters ? clusters : compare(operations, clusters);
}

interface Clusters {
  readonly count: number;
  /** The cluster of each operation, -1 where it has none. */
  readonly of: Int32Array;
  /** The write of each cluster, -1 for the initial value. */
  readonly writes: Int32Array;
  readonly firstReturn: Float64Array;
  readonly lastCall: Float64Array;
}

const NO_CLUSTER = -1;

function gather(
  operations: readonly Operation[],
  options: RegisterOptions,
): Clusters | Zoned | null {
  const numbers = new Map<Value, number>();
  const writes = new Int32Array(operations.length + 1);
  writes[0] = -1;
  numbers.set(atomOf(options.initial), 0);
  let count = 1;
  for (let i = 0; i < operations.length; i++) {
    const { f, input, outcome } = operations[i] as Operation;
    if (f === "read") continue;
    if (f !== "write") return null;
    if (outcome === "failed") continue;
    const value = atomOf(input);
    if (numbers.has(value)) return null;
    numbers.set(value, count);
    writes[count++] = i;
  }
  const clusters: Clusters = {
    count,
    of: new Int32Array(operations.length).fill(NO_CLUSTER),
    writes,
    firstReturn: new Float64Array(count).fill(Number.POSITIVE_INFINITY),
    lastCall: new Float64Array(count).fill(Number.NEGATIVE_INFINITY),
  };
  clusters.firstReturn[0] = Number.NEGATIVE_INFINITY;
  for (let c = 1; c < count; c++) {
    const write = writes[c] as number;
    if ((operations[write] as Operation).outcome === "ok") join(clusters, c, operations, write);
  }
  return joinReads(operations, options, numbers, clusters);
}

/** Reads join the clusters of their values. A write of unknown outcome happened if somebody saw it, and only then counts. */
function joinReads(
  operations: readonly Operation[],
  options: RegisterOptions,
  numbers: ReadonlyMap<Value, number>,
  clusters: Clusters,
): Clusters | Zoned {
  for (let i = 0; i < operations.length; i++) {
    const operation = operations[i] as Operation;
    if (operation.f !== "read" || registerRole(operation, options) === "nothing") continue;
    const cluster = numbers.get(atomOf(operation.output));
    if (cluster === undefined) {
      return broken([operation], "nobody wrote what it read");
    }
    const write = clusters.writes[cluster] as number;
    if (write >= 0) {
      const writer = operations[write] as Operation;
      if (operation.returned < writer.called) {
        return broken([writer, operation], "it read a value before it was written");
      }
      if (clusters.of[write] === NO_CLUSTER) join(clusters, cluster, operations, write);
    }
    join(clusters, cluster, operations, i);
  }
  return clusters;
}

function join(clusters: Clusters, c: number, operations: readonly Operation[], i: number): void {
  const { called, returned } = operations[i] as Operation;
  clusters.of[i] = c;
  if (returned < (clusters.firstReturn[c] as number)) clusters.firstReturn[c] = returned;
  if (called > (clusters.lastCall[c] as number)) clusters.lastCall[c] = called;
}

/** Clusters in the order of the beginnings of their zones: so they stand in a witness, and so one look at each is enough. */
function compare(operations: readonly Operation[], clusters: Clusters): Zoned {
  const { count, firstReturn, lastCall } = clusters;
  const begins = new Float64Array(count);
  const order = new Int32Array(count);
  let length = 0;
  for (let c = 0; c < count; c++) {
    if (isEmpty(clusters, c)) continue;
    begins[c] = Math.min(firstReturn[c] as number, lastCall[c] as number);
    order[length++] = c;
  }
  const sorted = order.subarray(0, length);
  sortByKey(sorted, (a, b) => {
    const difference = (begins[a] as number) - (begins[b] as number);
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
    return Number(isForward(clusters, a)) - Number(isForward(clusters, b));
  });
  let last = NO_CLUSTER;
  for (let i = 0; i < length; i++) {
    const c = sorted[i] as number;
    if (last !== NO_CLUSTER && (firstReturn[c] as number) < (lastCall[last] as number)) {
      return conflict(operations, clusters, last, c);
    }
    if (isForward(clusters, c)) last = c;
  }
  return { type: "order", order: witness(operations, clusters, sorted) };
}

const isForward = ({ firstReturn, lastCall }: Clusters, c: number): boolean =>
  (firstReturn[c] as number) < (lastCall[c] as number);

/** A write that nobody saw and that may not have happened, or an initial value that nobody read. */
const isEmpty = ({ lastCall }: Clusters, c: number): boolean =>
  lastCall[c] === Number.NEGATIVE_INFINITY;

/** Cluster by cluster, each with its write first and its reads as they were called. */
function witness(
  operations: readonly Operation[],
  { count, of, writes }: Clusters,
  sorted: Int32Array,
): readonly number[] {
  const sizes = new Int32Array(count);
  for (const c of of) if (c >= 0) sizes[c] = (sizes[c] as number) + 1;
  const next = new Int32Array(count);
  let total = 0;
  for (const c of sorted) {
    next[c] = total;
    total += sizes[c] as number;
  }
  const order = new Float64Array(total);
  for (const c of sorted) {
    const write = writes[c] as number;
    if (write < 0) continue;
    order[next[c] as number] = (operations[write] as Operation).index;
    next[c] = (next[c] as number) + 1;
  }
  for (let i = 0; i < operations.length; i++) {
    const c = of[i] as number;
    if (c < 0 || writes[c] === i) continue;
    order[next[c] as number] = (operations[i] as Operation).index;
    next[c] = (next[c] as number) + 1;
  }
  return Array.from(order);
}

/** Of both clusters the writes, and the operations that return first and are called last. */
function conflict(
  operations: readonly Operation[],
  clusters: Clusters,
  a: number,
  b: number,
): Zoned {
  const part = new Set<Operation>();
  for (const c of [a, b]) {
    const write = clusters.writes[c] as number;
    if (write >= 0) part.add(operations[write] as Operation);
    const members = operations.filter((_, i) => clusters.of[i] === c);
    const first = members.find(({ returned }) => returned === clusters.firstReturn[c]);
    const last = members.find(({ called }) => called === clusters.lastCall[c]);
    if (first !== undefined) part.add(first);
    if (last !== undefined) part.add(last);
  }
  return broken([...part], "each of two values was there before the other had gone");
}

const broken = (part: readonly Operation[], why: string): Zoned => ({
  type: "broken",
  part: [...part].sort((x, y) => x.index - y.index),
  why,
});

/** A value as a key of a map. */
const atomOf = (value: Value): Value =>
  typeof value === "object" && value !== null ? textOf(value) : value;
