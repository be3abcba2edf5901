import { commit, lostFrom, persistHardState, replaceAfter } from "../../core/appointed/index.ts";
import {
  andThen,
  type Entry,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Position,
  sendEarly,
  type Ticks,
} from "../../core/index.ts";
import type { PrimaryMessage } from "./message.ts";
import { leased } from "./read-leases.ts";
import { mayLose } from "./settings.ts";
import { follow, type PrimaryEffect, type PrimaryState, type PrimaryStep } from "./state.ts";

type Update = Extract<PrimaryMessage, { type: "Update" }>;
type Ack = Extract<PrimaryMessage, { type: "Ack" }>;

const NONE = 0 as LogIndex;

/** The primary's word on the log: joins it to one's own, or says where that goes on (card 9). */
export function onUpdate(state: PrimaryState, now: Now, from: NodeId, m: Update): PrimaryStep {
  const { refuseOldEpochs } = state.settings.rules;
  if (m.epoch < state.term && refuseOldEpochs)
    return [
      state,
      // Early: it promises nothing, and says of the epoch what group 0 has said.
      [
        sendEarly(
          from,
          { type: "Ack", epoch: state.term, state: "Lacks", match: NONE, at: now.ticks },
          "log",
        ),
      ],
    ];
  if (state.role.type === "Leader" && m.epoch === state.term) return [state, NO_EFFECTS];
  const followed = follow(state, Math.max(m.epoch, state.term), from, now.ticks);
  const step = andThen(followed, (s) => [leased(s, m.echo, now.ticks), NO_EFFECTS]);
  if (state.installing !== null) return step;
  return andThen(step, (s) => join(s, now.ticks, from, m));
}

function join(state: PrimaryState, now: Ticks, from: NodeId, m: Update): PrimaryStep {
  const { commitIndex } = state;
  if ((state.repairing && !state.rebuilt) || state.fork?.found === true)
    return [state, [answer(state, now, from, "Forked", commitIndex)]];
  const parted = partedAt(state, m);
  if (parted !== null && parted.index <= commitIndex && state.fork === null)
    return forkAt(state, now, from, m, parted.index);
  return joinBehind(parted === null ? state : { ...state, parted }, now, from, m);
}

/** The epoch of `prev` begins at `since` in its primary's log: where this log has another one there, all from there on differs. */
function partedAt({ log }: PrimaryState, { prev, since }: Update): Position | null {
  const epoch = log.epochAt(since);
  return epoch === null || epoch === prev.epoch ? null : { epoch, index: since };
}

function joinBehind(state: PrimaryState, now: Ticks, from: NodeId, m: Update): PrimaryStep {
  const { commitIndex } = state;
  const rest = behindBase(state, m);
  if (rest === null && isBehindItsEnd(state, m))
    return found(state, now, from, (state.log.base.index + 1) as LogIndex);
  if (rest === null) return [state, [answer(state, now, from, "Lacks", commitIndex)]];
  const { prev, entries, differs } = rest;
  if (differs) return forkAt(state, now, from, m, prev.index);
  const conflict = entries.find(({ index, epoch }) => state.log.epochAt(index) !== epoch);
  if (state.fork !== null)
    return found(
      state,
      now,
      from,
      conflict?.index ?? ((prev.index + entries.length + 1) as LogIndex),
    );
  if (conflict !== undefined && conflict.index <= commitIndex)
    return found(
      { ...state, fork: { from: conflict.index, found: false } },
      now,
      from,
      conflict.index,
    );
  const match = (prev.index + entries.length) as LogIndex;
  return andThen(write(state, now, prev, entries, conflict), (s) =>
    andThen(joined(s, now, match, m), (whole) =>
      andThen(commit(whole, Math.min(m.commit, match) as LogIndex), (done) => [
        done,
        m.answer ? [answer(done, now, from, "Holds", match)] : NO_EFFECTS,
      ]),
    ),
  );
}

interface Rest {
  readonly prev: Position;
  readonly entries: readonly Entry[];
  /** This log has another epoch at `prev`. */
  readonly differs: boolean;
}

/**
 * The primary's log ends before this one begins, and in a later epoch: epochs never decrease along a log, so whatever it will have where
 * this one begins is something else. Were that waited for, a primary whom nobody writes to would be waited for for ever.
 */
const isBehindItsEnd = ({ log, fork }: PrimaryState, { prev, entries }: Update): boolean => {
  const last = entries.at(-1) ?? prev;
  return fork === null && last.index < log.base.index && last.epoch > log.base.epoch;
};

/**
 * An update as far as it concerns what this log still holds. Null where it does not reach so far, or begins beyond what is known here: the
 * primary is to go on behind what is committed.
 */
function behindBase({ log, commitIndex }: PrimaryState, m: Update): Rest | null {
  const skipped = Math.max(0, log.base.index - m.prev.index);
  if (skipped === 0) {
    const differs = log.epochAt(m.prev.index) !== m.prev.epoch;
    return differs && m.prev.index > commitIndex
      ? null
      : { prev: m.prev, entries: m.entries, differs };
  }
  const prev = m.entries[skipped - 1];
  if (prev === undefined) return null;
  const differs = prev.epoch !== log.base.epoch;
  return { prev, entries: m.entries.slice(skipped), differs };
}

/** Puts into the log what it lacks. Nothing is cut but where an entry conflicts: a late repetition ends before what came since (CU-2). */
function write(
  state: PrimaryState,
  now: Ticks,
  prev: Position,
  entries: readonly Entry[],
  conflict: Entry | undefined,
): PrimaryStep {
  const { log, settings } = state;
  const cautious = settings.rules.truncateOnlyOnConflict;
  const first = cautious ? conflict : entries[0];
  if (first === undefined) return [state, NO_EFFECTS];
  const at = (first.index - 1) as LogIndex;
  const before: Position = { index: at, epoch: log.epochAt(at) ?? prev.epoch };
  // What is cut here may have been acknowledged.
  const lost = mayLose(settings) && log.lastIndex > at ? [lostFrom(log, first.index)] : [];
  return andThen([state, lost], (s) =>
    replaceAfter(s, now, before, entries.slice(entries.indexOf(first))),
  );
}

/**
 * Its log is its primary's up to `match`. While more than that is committed here, that may be what nobody else has. One that was rebuilt
 * has forgotten what it acknowledged, and others may have seen that since: it is whole again with all that is committed, and with what
 * this epoch found, of which the end may have been committed in the last.
 */
function joined(state: PrimaryState, now: Ticks, match: LogIndex, m: Update): PrimaryStep {
  if (state.role.type !== "Follower" || state.role.joined) return [state, NO_EFFECTS];
  const whole =
    match >= Math.max(state.commitIndex, m.commit) && state.log.epochAt(match) === m.epoch;
  if (!whole) return [state, NO_EFFECTS];
  const next: PrimaryState = { ...state, role: { ...state.role, joined: true } };
  return next.repairing
    ? persistHardState({ ...next, repairing: false, rebuilt: false }, now)
    : [next, NO_EFFECTS];
}

/**
 * What this replica has applied its primary does not have: it was acknowledged by too few (card 1, PA-3). It serves nobody from here on;
 * where its log left its primary's is still to be found, epoch by epoch, so that what is lost can be named.
 */
function forkAt(
  state: PrimaryState,
  now: Ticks,
  from: NodeId,
  m: Update,
  differs: LogIndex,
): PrimaryStep {
  const at = Math.min(differs, state.fork?.from ?? differs) as LogIndex;
  const before = Math.min(m.since, at) - 1;
  const next: PrimaryState = { ...state, fork: { from: at, found: false } };
  if (before < state.log.base.index || differs <= state.log.base.index)
    return found(next, now, from, (state.log.base.index + 1) as LogIndex);
  return [next, [answer(next, now, from, "Lacks", before as LogIndex)]];
}

/** From here on its log is no part of the group's: only a snapshot mends that. */
function found(state: PrimaryState, now: Ticks, from: NodeId, at: LogIndex): PrimaryStep {
  const next: PrimaryState = { ...state, fork: { from: at, found: true } };
  return [next, [lostFrom(state.log, at), answer(next, now, from, "Forked", state.commitIndex)]];
}

const answer = (
  s: PrimaryState,
  at: Ticks,
  to: NodeId,
  state: Ack["state"],
  match: LogIndex,
): PrimaryEffect => ({
  type: "Send",
  to,
  message: { type: "Ack", epoch: s.term, state, match, at },
  early: !s.settings.rules.persistBeforeAck,
  lane: "log",
});
