import type { LogIndex, LogState } from "../core/index.ts";
import type { NodeOptions } from "./options.ts";

/**
 * Up to where the log may be dropped from memory, or null where that is not worth it. Only the tail stays: what a
 * follower lacks beyond it comes as a snapshot.
 */
export function droppable(
  { log, lastApplied }: LogState,
  { tailEntriesMax, tailBytesMax }: NodeOptions,
): LogIndex | null {
  const excess = Math.max(
    log.length - tailEntriesMax,
    log.bytes > tailBytesMax ? Math.ceil(log.length / 4) : 0,
  );
  // In steps of an eighth: dropping entry by entry would cost more than what it keeps.
  if (excess <= tailEntriesMax / 8 && log.bytes <= tailBytesMax) return null;
  const upTo = Math.min(log.base.index + excess, lastApplied) as LogIndex;
  return upTo > log.base.index ? upTo : null;
}
