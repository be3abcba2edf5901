import { Log } from "./log.ts";
import type { Entry, Position } from "./seam.ts";

/**
 * The log with what a record says put behind `prev`, while a log is replayed. Records reach back before the checkpoint's position, so that
 * others can be served from the log after a restart: below what the machine holds (`applied`) nothing needs to join, for the log began anew
 * there in an earlier life, because the machine was ahead of it. Above it, a gap is damage: null. `begun`: a record has been replayed.
 */
export function rejoin(
  log: Log,
  begun: boolean,
  prev: Position,
  entries: readonly Entry[],
  applied: Position,
): Log | null {
  const joins = begun && prev.index >= log.base.index && log.epochAt(prev.index) === prev.epoch;
  if (joins) return log.truncate(prev.index).append(entries);
  return prev.index <= applied.index ? Log.startingAt(prev).append(entries) : null;
}
