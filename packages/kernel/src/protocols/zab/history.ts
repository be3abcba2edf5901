import {
  andThen,
  cutOnDisk,
  type Entry,
  type EntryKind,
  inParts,
  type LogIndex,
  NO_EFFECTS,
  type Now,
  type Position,
} from "../../core/index.ts";
import { encodeAppend } from "./record.ts";
import { hardStateOf, persist, type ZabState, type ZabStep } from "./state.ts";

/** What a leader appends to its own history; index and epoch follow from the place. */
export interface Draft {
  readonly kind: EntryKind;
  readonly command: Uint8Array;
}

/** Appends proposals of the leader's own epoch and persists them; they are sent while the disk is still at work. */
export function appendOwn(state: ZabState, now: Now, drafts: readonly Draft[]): ZabStep {
  const first = state.log.lastIndex + 1;
  const entries = drafts.map(
    (draft, i): Entry => ({
      index: (first + i) as LogIndex,
      epoch: state.acceptedEpoch,
      ...draft,
    }),
  );
  return append(state, now, entries);
}

/** One record per `batchBytesMax`, so that no journal record outgrows what a frame may carry. */
export function append(state: ZabState, now: Now, entries: readonly Entry[]): ZabStep {
  let step: ZabStep = [state, NO_EFFECTS];
  if (entries.length === 0) return step;
  for (const part of inParts(entries, state.settings.batchBytesMax)) {
    step = andThen(step, (s) => {
      const prev = s.log.last;
      const next = { ...s, log: s.log.append(part) };
      const record = encodeAppend(hardStateOf(next), prev, part);
      return persist(next, now.ticks, record, next.log.lastIndex);
    });
  }
  return step;
}

/** TRUNC: the history ends here now. What is cut was not committed, or this replica would not be asked to cut it. */
export function truncateTo(state: ZabState, now: Now, last: Position): ZabStep {
  const next: ZabState = {
    ...cutOnDisk(state, last.index),
    log: state.log.truncate(last.index),
    commitIndex: Math.min(state.commitIndex, last.index) as LogIndex,
  };
  if (!state.settings.rules.truncateFlushed) return [next, NO_EFFECTS];
  return persist(next, now.ticks, encodeAppend(hardStateOf(next), last, []), last.index);
}
