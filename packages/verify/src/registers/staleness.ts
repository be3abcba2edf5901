import type { History, Operation } from "../history/index.ts";
import type { Verdict } from "../verdict.ts";
import { readsFrom } from "./reads-from.ts";

/** How far behind the reads of a history were for certain: no order of its writes explains less. */
export interface Staleness {
  /** The most writes of its key that lay between a read and what it saw. 0: no read was stale. */
  readonly versions: number;
  /** The longest time, in the unit of the history, for which what a read saw had been replaced when it was called. */
  readonly time: number;
  /** The reads that this is true of. */
  readonly operations: readonly number[];
}

/**
 * Bounded staleness as a number (k-atomicity, Aiyer et al. 2005, and its like in time), for registers with unique writes. A write
 * certainly lies between where it was called after the one that was seen had returned, and had returned before the read was
 * called. Null where the history is not of that kind. O(reads × writes of a key).
 */
export function staleness(history: History): Staleness | null {
  const found = readsFrom(history);
  if (typeof found === "string" || "type" in found) return null;
  const { operations, source, writes } = found;
  const worst = { versions: 0, time: 0, mostVersions: -1, longest: -1 };
  operations.forEach((read, place) => {
    if (read.f !== "read") return;
    const saw = operations[source[place] as number];
    const between = (writes.get(read.key ?? "") ?? [])
      .map((write) => operations[write] as Operation)
      .filter((write) => write !== saw && write.returned < read.called)
      .filter((write) => saw === undefined || saw.returned < write.called);
    const time = Math.max(0, ...between.map((write) => read.called - write.returned));
    if (between.length > worst.versions) {
      worst.versions = between.length;
      worst.mostVersions = read.index;
    }
    if (time > worst.time) {
      worst.time = time;
      worst.longest = read.index;
    }
  });
  const named = [worst.mostVersions, worst.longest].filter((index) => index >= 0);
  return { versions: worst.versions, time: worst.time, operations: [...new Set(named)] };
}

/** Whether every read was at most so stale, in versions and in time; if not, by how much it was. */
export function checkStaleness(
  history: History,
  most: { readonly versions: number; readonly time: number },
): Verdict {
  const found = staleness(history);
  if (found === null) {
    const why = "staleness is measured on reads and writes of registers, each value written once";
    return { type: "unknown", steps: 0, why };
  }
  const { versions, time, operations } = found;
  const [operation = -1] = operations;
  if (versions <= most.versions && time <= most.time)
    return { type: "ok", witness: { type: "direct", compared: history.length } };
  const anomaly = "stale read";
  const expected = `reads were up to ${versions} versions and ${time} units of time behind`;
  return {
    type: "violation",
    anomaly,
    anomalies: [anomaly],
    core: operations,
    minimal: false,
    evidence: { type: "answer", operation, expected },
  };
}
