import {
  andThen,
  assert,
  configOf,
  hasQuorum,
  type Log,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Position,
  sendEarly,
} from "../../core/index.ts";
import { appendOwn, truncateTo } from "./history.ts";
import type { AckNewLeader, HistoryEnd, NewLeader, Truncate, UpToDate } from "./message.ts";
import {
  commitTo,
  type Following,
  isDurable,
  isLater,
  isUnsafe,
  markOf,
  type Progress,
  persistHardState,
  send,
  withProgress,
  type ZabEffect,
  type ZabState,
  type ZabStep,
} from "./state.ts";

/** How a follower's history becomes the leader's (card 22). */
export type Remedy =
  /** It ends inside ours: the proposals behind it are sent. */
  | { readonly type: "Diff" }
  /** It has what ours has not: it keeps what lies at or below `to` in the order of zxids, and says where it ends then. */
  | { readonly type: "Truncate"; readonly to: Position }
  /** It ends before what our log still has. */
  | { readonly type: "Snapshot" };

export function remedyFor(log: Log, last: Position): Remedy {
  if (last.index < log.base.index) return { type: "Snapshot" };
  if (log.epochAt(last.index) === last.epoch) return { type: "Diff" };
  let index = Math.min(last.index, log.lastIndex) as LogIndex;
  while (index > log.base.index && (log.epochAt(index) ?? 0) > last.epoch)
    index = (index - 1) as LogIndex;
  const to = { epoch: log.epochAt(index) ?? 0, index };
  return isLater(to, last) ? { type: "Snapshot" } : { type: "Truncate", to };
}

/**
 * Phase 2 at the leader: its history becomes the initial history of the epoch. It takes its own NEWLEADER like any
 * follower: `currentEpoch` is written, and counts once it is durable.
 */
export function beginSynchronization(state: ZabState, now: Now): ZabStep {
  const { role } = state;
  if (role.type !== "Leading" || role.epoch === null) return [state, NO_EFFECTS];
  const current = persistHardState({ ...state, currentEpoch: role.epoch }, now.ticks);
  let step = andThen(
    current,
    (s): ZabStep => [
      {
        ...s,
        role: {
          ...role,
          phase: "synchronization",
          newLeaderSeq: s.persisted,
          initialLast: s.log.lastIndex,
        },
      },
      NO_EFFECTS,
    ],
  );
  for (const peer of role.followers.members) {
    const progress = role.followers.get(peer);
    if (progress?.stage === "promised")
      step = andThen(step, (s) => synchronise(s, now, peer, progress.last));
  }
  return step;
}

/** Makes this follower's history ours, from where it says that it ends. */
export function synchronise(state: ZabState, now: Now, peer: NodeId, last: Position): ZabStep {
  const { role, log } = state;
  const before = role.type === "Leading" ? role.followers.get(peer) : undefined;
  if (role.type !== "Leading" || role.epoch === null || before === undefined)
    return [state, NO_EFFECTS];
  const joins = before.stage === "promised";
  const progress: Progress = {
    ...before,
    stage: joins ? "synchronising" : before.stage,
    joinAt: joins ? { epoch: log.last.epoch, index: log.last.index } : before.joinAt,
    inflight: [],
    inflightBytes: 0,
    truncate: null,
    newLeaderSent: false,
    waitingSince: now.ticks,
  };
  const remedy = remedyFor(log, last);
  if (remedy.type === "Diff" || (remedy.type === "Truncate" && !state.settings.rules.truncate)) {
    const end = remedy.type === "Diff" ? last.index : remedy.to.index;
    const matchIndex = joins ? end : (Math.max(before.matchIndex, end) as LogIndex);
    const nextIndex = (end + 1) as LogIndex;
    const mode = joins || before.mode === "truncate" ? "stream" : "probe";
    return [withProgress(state, peer, { ...progress, mode, matchIndex, nextIndex }), NO_EFFECTS];
  }
  if (remedy.type === "Snapshot") {
    const effects: readonly ZabEffect[] =
      before.mode === "snapshot" ? NO_EFFECTS : [{ type: "Transfer", to: peer }];
    return [withProgress(state, peer, { ...progress, mode: "snapshot" }), effects];
  }
  const truncate: Truncate = {
    type: "Truncate",
    epoch: role.epoch,
    from: { epoch: last.epoch, index: last.index },
    to: remedy.to,
  };
  // Early: it promises nothing. What it cuts no majority can hold, since one has promised this epoch without it.
  const cut = sendEarly(peer, truncate, "log");
  return [withProgress(state, peer, { ...progress, mode: "truncate", truncate }), [cut]];
}

/** TRUNC. Only of the very history that the leader judged: an old message must not cut what was acknowledged since. */
export function onTruncate(state: ZabState, now: Now, from: NodeId, m: Truncate): ZabStep {
  const { log, settings } = state;
  const { last } = log;
  if (state.installing !== null) return [state, NO_EFFECTS];
  if (last.index !== m.from.index || last.epoch !== m.from.epoch || !settings.rules.truncate)
    return [state, [send(state, from, historyEnd(state), "log")]];
  let index = log.lastIndex;
  while (index > log.base.index && isLater({ epoch: log.epochAt(index) ?? 0, index }, m.to))
    index = (index - 1) as LogIndex;
  assert(index >= state.commitIndex || isUnsafe(state), "what was delivered is in every history");
  const end = { epoch: log.epochAt(index) ?? 0, index };
  // Not early: the leader builds on this end, and NEWLEADER is acknowledged behind it.
  return andThen(truncateTo(state, now, end), (s) => [s, [send(s, from, historyEnd(s), "log")]]);
}

export const historyEnd = (state: ZabState): HistoryEnd => ({
  type: "HistoryEnd",
  epoch: state.acceptedEpoch,
  last: { epoch: state.log.last.epoch, index: state.log.last.index },
});

/** A follower was cut, has installed a snapshot, or lacks something in between. */
export function onHistoryEnd(state: ZabState, now: Now, from: NodeId, m: HistoryEnd): ZabStep {
  const { role } = state;
  const progress = role.type === "Leading" ? role.followers.get(from) : undefined;
  if (progress === undefined || !isSynchronised(progress)) return [state, NO_EFFECTS];
  const heard = withProgress(state, from, { ...progress, heardAt: now.ticks });
  // The same gap is reported by each message behind it: the answer to the first is under way.
  const probed = progress.mode === "probe" && progress.nextIndex === m.last.index + 1;
  const ahead = progress.mode === "stream" && m.last.index + 1 >= progress.nextIndex;
  return probed || ahead ? [heard, NO_EFFECTS] : synchronise(heard, now, from, m.last);
}

export const isSynchronised = ({ stage }: Progress): boolean =>
  stage === "synchronising" || stage === "listening" || stage === "counted";

/** NEWLEADER: with `currentEpoch` this replica says that its history up to `last` is the leader's. */
export function onNewLeader(state: ZabState, now: Now, from: NodeId, m: NewLeader): ZabStep {
  const { log, settings } = state;
  if (state.installing !== null) return [state, NO_EFFECTS];
  const has = m.last.index < log.base.index || log.epochAt(m.last.index) === m.last.epoch;
  if (!has && settings.rules.truncate)
    return [state, [send(state, from, historyEnd(state), "log")]];
  const step: ZabStep =
    state.currentEpoch === m.epoch
      ? [state, NO_EFFECTS]
      : persistHardState({ ...state, currentEpoch: m.epoch }, now.ticks);
  return andThen(step, (s) => [s, [ackNewLeader(s, from)]]);
}

/** Not early: history, cut and epoch are on disk when the leader counts this replica. */
function ackNewLeader(state: ZabState, leader: NodeId): ZabEffect {
  const message: AckNewLeader = {
    type: "AckNewLeader",
    epoch: state.acceptedEpoch,
    upTo: state.log.lastIndex,
    repairMark: markOf(state),
  };
  return send(state, leader, message, "log");
}

export function onAckNewLeader(state: ZabState, now: Now, from: NodeId, m: AckNewLeader): ZabStep {
  const { role, settings, log } = state;
  const progress = role.type === "Leading" ? role.followers.get(from) : undefined;
  if (progress === undefined || !isSynchronised(progress) || m.upTo > log.lastIndex)
    return [state, NO_EFFECTS];
  // The trap of the card: whoever believes that the joiner has what was proposed meanwhile counts it for what it lacks.
  const upTo = settings.rules.laterProposalsToJoiner ? m.upTo : log.lastIndex;
  const matchIndex = Math.max(progress.matchIndex, upTo) as LogIndex;
  const next: Progress = {
    ...progress,
    stage: m.repairMark === 0 ? "counted" : "listening",
    repairMark: m.repairMark,
    matchIndex,
    nextIndex: Math.max(progress.nextIndex, matchIndex + 1) as LogIndex,
    waitingSince: now.ticks,
    heardAt: now.ticks,
  };
  return [withProgress(state, from, next), NO_EFFECTS];
}

/**
 * The epoch is established once a majority has the initial history and says so on disk: it is committed as a whole, and
 * broadcast begins with a no-op, which takes the counter 0 of the epoch.
 */
export function establish(state: ZabState, now: Now): ZabStep {
  const { role, self, settings } = state;
  if (role.type !== "Leading" || role.phase !== "synchronization") return [state, NO_EFFECTS];
  const taken = (member: NodeId): boolean =>
    member === self
      ? isDurable(state, role.newLeaderSeq) && durableEnd(state) >= role.initialLast
      : role.followers.get(member)?.stage === "counted";
  if (settings.rules.syncBeforeBroadcast && !hasQuorum(configOf(state), taken))
    return [state, NO_EFFECTS];
  const established: ZabState = { ...state, role: { ...role, phase: "broadcast" } };
  return andThen(commitTo(established, role.initialLast), (s) =>
    appendOwn(s, now, [{ kind: "noop", command: new Uint8Array(0) }]),
  );
}

/** Up to where our own history counts. */
export const durableEnd = ({ settings, durableIndex, log }: ZabState): LogIndex =>
  settings.rules.persistBeforeReply ? durableIndex : log.lastIndex;

/** UPTODATE: the epoch is established, and this replica serves. */
export function onUpToDate(state: ZabState, now: Now, from: NodeId, m: UpToDate): ZabStep {
  const { role } = state;
  if (role.type !== "Following" || state.currentEpoch !== m.epoch) return [state, NO_EFFECTS];
  const toldCommit = Math.max(role.toldCommit, m.commit) as LogIndex;
  const serving: Following = { ...role, phase: "broadcast", toldCommit };
  const step = commitTo({ ...state, role: serving }, toldCommit);
  return state.repairing && role.restores ? andThen(step, (s) => restored(s, now, from)) : step;
}

/** Whole again, see `startRepairing`: from here on it counts like any other. */
function restored(state: ZabState, now: Now, leader: NodeId): ZabStep {
  return andThen(persistHardState({ ...state, repairing: false }, now.ticks), (s) => [
    s,
    [ackNewLeader(s, leader)],
  ]);
}
