import { type Bytes, type Log, type LogIndex, Malformed, Reader, Writer } from "../core/index.ts";
import { decodeEnvelope, kindOf, ReplicaKind } from "./envelope.ts";

/**
 * The longest cache lease that the leaders of a group may have granted, as an entry of its log: written before the first is granted, and
 * again before a longer one. Part of the replicated state, in snapshots too; it never gets less (D3).
 */
export const bodyOfLeased = (ticks: number): Bytes => new Writer(8).uint(ticks).take();

/** 0 for what is none. */
export const ticksOfLeased = (body: Bytes): number =>
  body.length === 8 ? Math.min(new Reader(body).uint(), LEASED_TICKS_MAX) : 0;

/** The same of the entries that are in the log and not applied: they may be committed, and then bind whoever leads. */
export function leasedIn(log: Log, applied: LogIndex): number {
  let longest = 0;
  for (let index = applied + 1; index <= log.lastIndex; index++) {
    const entry = log.at(index as LogIndex);
    if (entry?.kind !== "command" || kindOf(entry.command) !== ReplicaKind.leased) continue;
    const envelope = decodeEnvelope(entry.command);
    if (!(envelope instanceof Malformed)) longest = Math.max(longest, ticksOfLeased(envelope.body));
  }
  return longest;
}

/** No entry can stop writes for longer than an hour. */
const LEASED_TICKS_MAX = 3_600_000;
