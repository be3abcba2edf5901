import {
  type ConfigAt,
  decodeConfig,
  type Entry,
  type EntryKind,
  entriesBytes,
  type LogIndex,
  type Now,
  type Position,
} from "../../core/index.ts";
import { encodeAppend } from "./record.ts";
import {
  andThen,
  hardStateOf,
  NO_EFFECTS,
  persist,
  type RaftState,
  type RaftStep,
} from "./state.ts";

/** What a leader appends to its own log; index and term follow from the place. */
export interface Draft {
  readonly kind: EntryKind;
  readonly command: Uint8Array;
}

/** Appends entries of the leader's own term and persists them; they are sent while the disk is still at work. */
export function appendOwn(state: RaftState, now: Now, drafts: readonly Draft[]): RaftStep {
  const first = state.log.lastIndex + 1;
  const entries = drafts.map(
    (draft, i): Entry => ({ index: (first + i) as LogIndex, epoch: state.term, ...draft }),
  );
  return replaceAfter(state, now, state.log.last, entries);
}

/**
 * Makes the log be what it was up to `prev`, then these entries. Configurations take effect here, on append, and
 * lose it here when their entry is overwritten (§6).
 */
export function replaceAfter(
  state: RaftState,
  now: Now,
  prev: Position,
  entries: readonly Entry[],
): RaftStep {
  const kept = prev.index < state.log.lastIndex ? state.log.truncate(prev.index) : state.log;
  const configs = [
    ...state.configs.filter(({ index }) => index <= prev.index),
    ...configsIn(entries),
  ];
  const undurable = state.undurable.map((u) =>
    u.lastIndex > prev.index ? { ...u, lastIndex: prev.index } : u,
  );
  const durableIndex = Math.min(state.durableIndex, prev.index) as LogIndex;
  return persistEntries(
    { ...state, log: kept, configs, undurable, durableIndex },
    now,
    prev,
    entries,
  );
}

/** One record per `batchBytesMax`, so that no journal record outgrows what a frame may carry. */
function persistEntries(
  state: RaftState,
  now: Now,
  prev: Position,
  entries: readonly Entry[],
): RaftStep {
  let step: RaftStep = [state, NO_EFFECTS];
  let at = prev;
  let rest = entries;
  do {
    const count = fitting(rest, state.settings.batchBytesMax);
    const part = count === rest.length ? rest : rest.slice(0, count);
    const last = part[part.length - 1] ?? at;
    const from = at;
    step = andThen(step, (s) => {
      const next = { ...s, log: s.log.append(part) };
      return persist(
        next,
        now.ticks,
        encodeAppend(hardStateOf(next), from, part),
        last.index as LogIndex,
      );
    });
    at = { index: last.index, epoch: last.epoch };
    rest = rest.slice(count);
  } while (rest.length > 0);
  return step;
}

/** How many of the entries go into one record: one at least. */
function fitting(entries: readonly Entry[], bytesMax: number): number {
  if (entriesBytes(entries) <= bytesMax) return entries.length;
  let bytes = 0;
  let count = 0;
  for (const entry of entries) {
    bytes += entry.command.length + 13;
    if (bytes > bytesMax && count > 0) break;
    count++;
  }
  return count;
}

export function configsIn(entries: readonly Entry[]): readonly ConfigAt[] {
  return entries
    .filter((entry) => entry.kind === "configuration")
    .map((entry) => ({ index: entry.index, config: decodeConfig(entry.command) }));
}
