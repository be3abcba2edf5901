import { inParts } from "../entry-codec.ts";
import type { Bytes, LogIndex, Ticks } from "../ids.ts";
import { Log } from "../log.ts";
import { cutOnDisk, handToDisk, replacedOnDisk } from "../on-disk.ts";
import type { Effect, Entry, GroupConfig, Position } from "../seam.ts";
import { andThen, NO_EFFECTS } from "../step.ts";
import { encodeAppend, encodeHardState, encodeInstalled, type HardState } from "./record.ts";
import type { AppointedState } from "./state.ts";

/** What only concerns the log and the disk: it is said to nobody. */
type Local<S> = readonly [S, readonly Effect<never>[]];

export const hardStateOf = ({ term, commitIndex, repairing }: AppointedState): HardState => ({
  epoch: term,
  commitIndex,
  repairing,
});

function persist<S extends AppointedState>(
  state: S,
  at: Ticks,
  record: Bytes,
  lastIndex: LogIndex = 0 as LogIndex,
): Local<S> {
  return handToDisk(state, at, record, lastIndex, state.log.lastIndex);
}

export const persistHardState = <S extends AppointedState>(state: S, at: Ticks): Local<S> =>
  persist(state, at, encodeHardState(hardStateOf(state)));

/** Makes the log be what it was up to `prev`, then these entries; one record for each `batchBytesMax`. */
export function replaceAfter<S extends AppointedState>(
  state: S,
  now: Ticks,
  prev: Position,
  entries: readonly Entry[],
): Local<S> {
  const kept = cutOnDisk(state, prev.index);
  let step: Local<S> = [{ ...kept, log: state.log.truncate(prev.index) }, NO_EFFECTS];
  let at = prev;
  for (const part of inParts(entries, state.settings.batchBytesMax)) {
    const last = part[part.length - 1] ?? at;
    const from = at;
    step = andThen(step, (s) => {
      const next = { ...s, log: s.log.append(part) };
      return persist(next, now, encodeAppend(hardStateOf(next), from, part), next.log.lastIndex);
    });
    at = { index: last.index, epoch: last.epoch };
  }
  return step;
}

/** Hands out what is committed now. */
export function commit<S extends AppointedState>(state: S, upTo: LogIndex): Local<S> {
  if (upTo <= state.commitIndex) return [state, NO_EFFECTS];
  const entries = state.log.slice(state.handedOut, upTo);
  return [{ ...state, commitIndex: upTo, handedOut: upTo }, [{ type: "Commit", entries }]];
}

/** The machine now is the snapshot, and its checkpoint is durable: the log starts there, and what had forked is gone. */
export const startingAt = <S extends AppointedState>(
  state: S,
  at: Position,
  config: GroupConfig,
): S => ({
  ...replacedOnDisk(state, at.index),
  log: Log.startingAt(at),
  commitIndex: at.index,
  handedOut: at.index,
  lastApplied: at.index,
  configs: [{ index: at.index, config }],
  installing: null,
  fork: null,
});

export const persistInstalled = <S extends AppointedState>(
  state: S,
  now: Ticks,
  at: Position,
  config: GroupConfig,
): Local<S> => persist(state, now, encodeInstalled(hardStateOf(state), at, config));

/** From here on this log is no part of the group's. */
export const lostFrom = (log: Log, from: LogIndex): Effect<never> => ({
  type: "Lost",
  from,
  to: log.lastIndex,
  entries: log.slice(Math.max(from - 1, log.base.index) as LogIndex, log.lastIndex),
});
