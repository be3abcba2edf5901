import type { History, Operation } from "../history/index.ts";
import type { Verdict } from "../verdict.ts";
import { readsFrom } from "./reads-from.ts";

/**
 * Eventual convergence: when writing is over, the replicas agree. For each key the last reads of all processes, of those that
 * were called after the last write had returned, have answered the same; and each of them a value that was written. A history
 * without such reads says nothing, and is ok.
 */
export function checkConvergence(history: History): Verdict {
  const found = readsFrom(history);
  if (typeof found === "string") return { type: "unknown", steps: 0, why: found };
  if ("type" in found) return found;
  const { operations, writes } = found;
  const last = new Map<string, Map<number, Operation>>();
  for (const read of operations) {
    const key = read.key ?? "";
    if (read.f !== "read" || read.called <= endOf(operations, writes.get(key) ?? [])) continue;
    const reads = last.get(key) ?? new Map<number, Operation>();
    reads.set(read.process, read);
    last.set(key, reads);
  }
  let compared = 0;
  for (const [key, reads] of [...last].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [first, ...others] = reads.values();
    if (first === undefined) continue;
    compared += reads.size;
    const other = others.find(({ output }) => output !== first.output);
    if (other !== undefined) return apart(key, first, other);
  }
  return { type: "ok", witness: { type: "direct", compared } };
}

/** When the last write that returned did so. One of unknown outcome may take effect ever after, and says nothing. */
const endOf = (operations: readonly Operation[], writes: readonly number[]): number =>
  writes.reduce((end, write) => {
    const returned = operations[write]?.returned ?? Number.POSITIVE_INFINITY;
    return Number.isFinite(returned) ? Math.max(end, returned) : end;
  }, Number.NEGATIVE_INFINITY);

const apart = (key: string, first: Operation, other: Operation): Verdict => ({
  type: "violation",
  anomaly: "diverged",
  anomalies: ["diverged"],
  core: [first.index, other.index].sort((a, b) => a - b),
  minimal: true,
  evidence: {
    type: "answer",
    operation: other.index,
    expected: `${JSON.stringify(first.output)} in ${key}, as operation ${first.index} read`,
  },
});
