import type { Bytes, LogIndex, PersistSeq, Ticks } from "./ids.ts";
import type { Effect } from "./seam.ts";

/** A record that was handed to the disk and is not known to be durable. */
export interface Undurable {
  readonly seq: PersistSeq;
  /** Up to where the log counts as held by this disk once the record is durable. */
  readonly lastIndex: LogIndex;
  /** Since when the disk owes it. */
  readonly at: Ticks;
}

/** What a replica knows of its own disk. */
export interface OnDisk {
  /** The newest record persisted, the newest known durable, and what is between, oldest first. */
  readonly persisted: PersistSeq;
  readonly durable: PersistSeq;
  readonly undurable: readonly Undurable[];
  /** Up to where the log is known to be on the disk. */
  readonly durableIndex: LogIndex;
}

/** Before anything was persisted in this life, with a log that was found on the disk up to here. */
export const foundOnDisk = (durableIndex: LogIndex): OnDisk => ({
  persisted: 0 as PersistSeq,
  durable: 0 as PersistSeq,
  undurable: [],
  durableIndex,
});

/** Hands a record to the disk. `lastIndex`: see `Effect`; `counts`: see `Undurable.lastIndex`. */
export function handToDisk<S extends OnDisk>(
  state: S,
  at: Ticks,
  record: Bytes,
  lastIndex: LogIndex,
  counts: LogIndex,
): readonly [S, readonly Effect<never>[]] {
  const persisted = (state.persisted + 1) as PersistSeq;
  const undurable = [...state.undurable, { seq: persisted, lastIndex: counts, at }];
  return [{ ...state, persisted, undurable }, [{ type: "Persist", record, lastIndex }]];
}

/** The disk holds everything persisted up to here: that much of the log may be counted. */
export function heardFromDisk<S extends OnDisk>(state: S, now: Ticks, upTo: PersistSeq): S {
  let { durableIndex } = state;
  let done = 0;
  for (const { seq, lastIndex } of state.undurable) {
    if (seq > upTo) break;
    durableIndex = Math.max(durableIndex, lastIndex) as LogIndex;
    done++;
  }
  if (done === 0) return state;
  // What is left waits for the next sync from now on: a disk that is slow and goes on does not hang.
  const [next, ...rest] = state.undurable.slice(done);
  const undurable = next === undefined ? [] : [{ ...next, at: now }, ...rest];
  return { ...state, durable: upTo, durableIndex, undurable };
}

/** The log is cut behind `last`: what lay there counts no longer, on the disk or on its way. */
export function cutOnDisk<S extends OnDisk>(state: S, last: LogIndex): S {
  const cut = (index: LogIndex): LogIndex => Math.min(index, last) as LogIndex;
  const undurable = state.undurable.map((one) => ({ ...one, lastIndex: cut(one.lastIndex) }));
  return { ...state, undurable, durableIndex: cut(state.durableIndex) };
}

/** A snapshot takes the log's place: all up to `at` is in its checkpoint, which is durable. */
export const replacedOnDisk = <S extends OnDisk>(state: S, at: LogIndex): S => ({
  ...state,
  durableIndex: at,
  undurable: state.undurable.map((one) => ({ ...one, lastIndex: at })),
});

/** When the disk will have owed a record for so long, if it writes nothing until then; null: it owes none. */
export function hungAt({ undurable: [oldest] }: OnDisk, patienceTicks: number): Ticks | null {
  return oldest === undefined ? null : ((oldest.at + patienceTicks) as Ticks);
}
