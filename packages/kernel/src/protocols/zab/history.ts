import {
  type Entry,
  type EntryKind,
  entriesBytes,
  type LogIndex,
  type Now,
  type Position,
} from "../../core/index.ts";
import { encodeAppend } from "./record.ts";
import { andThen, hardStateOf, NO_EFFECTS, persist, type ZabState, type ZabStep } from "./state.ts";

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
  let rest = entries;
  while (rest.length > 0) {
    const count = fitting(rest, state.settings.batchBytesMax);
    const part = count === rest.length ? rest : rest.slice(0, count);
    rest = rest.slice(count);
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
  const cut = (index: LogIndex): LogIndex => Math.min(index, last.index) as LogIndex;
  const next: ZabState = {
    ...state,
    log: state.log.truncate(last.index),
    undurable: state.undurable.map((u) => ({ ...u, lastIndex: cut(u.lastIndex) })),
    durableIndex: cut(state.durableIndex),
    commitIndex: cut(state.commitIndex),
  };
  if (!state.settings.rules.truncateFlushed) return [next, NO_EFFECTS];
  return persist(next, now.ticks, encodeAppend(hardStateOf(next), last, []), last.index);
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
