import type { History, Operation, Value } from "../history/index.ts";
import type { Violation } from "../verdict.ts";

/** Histories beyond this are not looked at: the relations between operations are kept as a square of bits. */
export const OPERATIONS_MAX = 8192;

/** A history of registers with the write that each read saw. */
export interface ReadsFrom {
  /** Reads that answered, and writes that happened: those that returned, and those that somebody saw. By process and call. */
  readonly operations: readonly Operation[];
  /** For each of them the place of the write that it saw, -1 for none (a write, or the initial state). */
  readonly source: Int32Array;
  /** Places of the operations of each process, in their order. */
  readonly processes: ReadonlyMap<number, readonly number[]>;
  /** Places of the writes of each key. */
  readonly writes: ReadonlyMap<string, readonly number[]>;
}

/**
 * Reads find their writes by value: null is the initial state, any other value is written once to its key. A text says why the
 * history is not of that kind; a violation is a read of what nobody wrote.
 */
export function readsFrom(history: History): ReadsFrom | Violation | string {
  if (history.length > OPERATIONS_MAX) return `more than ${OPERATIONS_MAX} operations`;
  const stranger = history.find(({ f }) => f !== "read" && f !== "write");
  if (stranger !== undefined) return `operation ${stranger.index} is no read and no write`;
  const writers = new Map<string, Operation>();
  for (const operation of history) {
    if (operation.f !== "write" || operation.outcome === "failed") continue;
    const name = cellOf(operation.key, operation.input);
    if (operation.input === null || writers.has(name)) {
      return `operation ${operation.index} writes nothing, or what was written before`;
    }
    writers.set(name, operation);
  }
  const reads = history.filter(({ f, outcome }) => f === "read" && outcome === "ok");
  const seen = new Set<Operation>();
  for (const read of reads) {
    if (read.output === null) continue;
    const writer = writers.get(cellOf(read.key, read.output));
    if (writer === undefined) return thinAir(read);
    seen.add(writer);
  }
  const happened = history.filter(
    (operation) =>
      (operation.outcome === "ok" && (operation.f === "read" || operation.f === "write")) ||
      seen.has(operation),
  );
  return indexed(happened, writers);
}

function indexed(
  operations: readonly Operation[],
  writers: ReadonlyMap<string, Operation>,
): ReadsFrom {
  const places = new Map(operations.map((operation, i) => [operation, i]));
  const processes = new Map<number, number[]>();
  const writes = new Map<string, number[]>();
  const source = Int32Array.from(operations, (operation, i) => {
    push(processes, operation.process, i);
    if (operation.f === "write") {
      push(writes, operation.key ?? "", i);
      return -1;
    }
    const writer = writers.get(cellOf(operation.key, operation.output));
    return writer === undefined ? -1 : (places.get(writer) ?? -1);
  });
  return { operations, source, processes, writes };
}

function push<K>(lists: Map<K, number[]>, key: K, place: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [place]);
  else list.push(place);
}

const cellOf = (key: string | null, value: Value): string =>
  `${JSON.stringify(key)} ${JSON.stringify(value)}`;

const thinAir = ({ index, output }: Operation): Violation => ({
  type: "violation",
  anomaly: "thin-air read",
  anomalies: ["thin-air read"],
  core: [index],
  minimal: true,
  evidence: {
    type: "answer",
    operation: index,
    expected: `a value that was written, not ${JSON.stringify(output)}`,
  },
});
