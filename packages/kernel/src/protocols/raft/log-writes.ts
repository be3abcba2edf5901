import {
  andThen,
  type ConfigAt,
  cutOnDisk,
  decodeConfig,
  type Entry,
  type EntryKind,
  inParts,
  type LogIndex,
  NO_EFFECTS,
  type Now,
  type Position,
} from "../../core/index.ts";
import { encodeAppend } from "./record.ts";
import { hardStateOf, persist, type RaftState, type RaftStep } from "./state.ts";

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
  return persistEntries(
    { ...cutOnDisk(state, prev.index), log: kept, configs },
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
  for (const part of inParts(entries, state.settings.batchBytesMax)) {
    const last = part[part.length - 1] ?? at;
    const from = at;
    step = andThen(step, (s) => {
      const next = { ...s, log: s.log.append(part) };
      const record = encodeAppend(hardStateOf(next), from, part);
      return persist(next, now.ticks, record, last.index);
    });
    at = { index: last.index, epoch: last.epoch };
  }
  return step;
}

export function configsIn(entries: readonly Entry[]): readonly ConfigAt[] {
  return entries
    .filter((entry) => entry.kind === "configuration")
    .map((entry) => ({ index: entry.index, config: decodeConfig(entry.command) }));
}
