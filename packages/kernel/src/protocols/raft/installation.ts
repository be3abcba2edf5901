import {
  andThen,
  type GroupConfig,
  Log,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Position,
  replacedOnDisk,
} from "../../core/index.ts";
import type { AppendEntriesReply, Term } from "./message.ts";
import { encodeInstalled } from "./record.ts";
import { probing, withProgress } from "./replication.ts";
import {
  becomeFollower,
  hardStateOf,
  leaderOf,
  persist,
  type RaftState,
  type RaftStep,
  send,
} from "./state.ts";

/** The snapshot streamed to a member arrived, or did not: either way its log is probed again, from where it now is. */
export function onTransferred(
  state: RaftState,
  _now: Now,
  to: NodeId,
  at: Position,
  ok: boolean,
): RaftStep {
  if (state.role.type !== "Leader") return [state, NO_EFFECTS];
  const progress = state.role.progress.get(to);
  if (progress === undefined || progress.mode !== "snapshot") return [state, NO_EFFECTS];
  // That it arrived is hearsay: where to look next, but no proof of what is there. Only the member's own reply to
  // an append raises matchIndex, and with it what is told as committed.
  const nextIndex = (ok ? at.index + 1 : state.log.base.index + 1) as LogIndex;
  return [withProgress(state, to, { ...probing(progress), nextIndex }), NO_EFFECTS];
}

/**
 * A snapshot is being made durable; until it is the log must not move. It tells of the term of its last entry, so whoever
 * is of an earlier one adopts that (§5.1): a deposed leader that installs it would go on to lead, and tell followers who
 * hold its own entry at that place that it is committed.
 */
export function onInstalling(state: RaftState, now: Now, at: Position): RaftStep {
  const next = { ...state, installing: at };
  return at.epoch > state.term
    ? becomeFollower(next, now.ticks, at.epoch as Term, null)
    : [next, NO_EFFECTS];
}

/**
 * The machine now is the snapshot, and its checkpoint is durable: the log starts there. Nothing that this replica held
 * beyond can be committed, since it differs from the snapshot at the snapshot's own position (`wants`).
 */
export function onInstalled(
  state: RaftState,
  now: Now,
  at: Position,
  config: GroupConfig,
): RaftStep {
  const next: RaftState = {
    ...replacedOnDisk(state, at.index),
    log: Log.startingAt(at),
    commitIndex: at.index,
    handedOut: at.index,
    lastApplied: at.index,
    configs: [{ index: at.index, config }],
    installing: null,
  };
  return andThen(
    persist(next, now.ticks, encodeInstalled(hardStateOf(next), at, config), 0 as LogIndex),
    (s) => {
      const leader = leaderOf(s);
      if (leader === null || leader === s.self) return [s, NO_EFFECTS];
      const reply: AppendEntriesReply = {
        type: "AppendEntriesReply",
        term: s.term,
        success: true,
        matchIndex: at.index,
        conflictTerm: 0 as Term,
        rejectedIndex: 0 as LogIndex,
        round: 0,
      };
      return [s, [send(s, leader, reply, "log")]];
    },
  );
}
