import {
  andThen,
  assert,
  configOf,
  type Entry,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  quorumValue,
  sendEarly,
  type Ticks,
} from "../../core/index.ts";
import { append } from "./history.ts";
import type {
  Acknowledgement,
  Commit,
  CommitReceived,
  Epoch,
  NewLeader,
  Proposal,
  UpToDate,
} from "./message.ts";
import {
  commitTo,
  isUnsafe,
  type Leading,
  type Progress,
  send,
  withProgress,
  type ZabEffect,
  type ZabState,
  type ZabStep,
} from "./state.ts";
import { durableEnd, historyEnd, isSynchronised } from "./synchronization.ts";

/**
 * Takes proposals of its leader, in DIFF and in broadcast alike: both join the end of a history that is a prefix of the
 * leader's, so what it has already is the same and nothing is ever overwritten.
 */
export function onProposal(state: ZabState, now: Now, from: NodeId, m: Proposal): ZabStep {
  const { log, role } = state;
  if (state.installing !== null || role.type !== "Following") return [state, NO_EFFECTS];
  const known = log.epochAt(m.prev.index);
  const joins =
    m.prev.index < log.base.index ||
    known === m.prev.epoch ||
    (known !== null && !state.settings.rules.truncate);
  // Not early: the leader builds on where this history ends.
  if (!joins) return [state, [send(state, from, historyEnd(state), "log")]];
  for (const { index, epoch } of m.entries) {
    const same = index > log.lastIndex || index <= log.base.index || log.epochAt(index) === epoch;
    assert(same || isUnsafe(state), "behind TRUNC this history is a prefix of the leader's");
  }
  const fresh = m.entries.filter(({ index }) => index > log.lastIndex);
  return andThen(append(state, now, fresh), (s) => {
    const upTo = Math.min(s.log.lastIndex, m.prev.index + m.entries.length) as LogIndex;
    const reply: Acknowledgement = {
      type: "Acknowledgement",
      epoch: m.epoch,
      upTo: Math.max(upTo, s.log.base.index) as LogIndex,
    };
    // Not early: the leader counts this replica as holding the entries.
    return andThen(deliver(s, role.toldCommit), (d) => [d, [send(d, from, reply, "log")]]);
  });
}

/** Delivers what it was told of, as far as it is here. Before UPTODATE nothing is. */
function deliver(state: ZabState, upTo: LogIndex): ZabStep {
  const { role } = state;
  if (role.type !== "Following") return [state, NO_EFFECTS];
  const toldCommit = Math.max(role.toldCommit, upTo) as LogIndex;
  const told: ZabState =
    toldCommit === role.toldCommit ? state : { ...state, role: { ...role, toldCommit } };
  return role.phase === "broadcast" ? commitTo(told, toldCommit) : [told, NO_EFFECTS];
}

/** It may overtake its proposal: then it is remembered. */
export const onCommit = (state: ZabState, from: NodeId, m: Commit): ZabStep =>
  andThen(deliver(state, m.upTo), (s) => {
    if (!s.settings.acknowledgeCommits) return [s, NO_EFFECTS];
    const reply: CommitReceived = { type: "CommitReceived", epoch: m.epoch, upTo: m.upTo };
    // Early: nobody acts on it.
    return [s, [sendEarly(from, reply, "log")]];
  });

export const onCommitTold = (state: ZabState, commit: LogIndex): ZabStep => deliver(state, commit);

export function onAcknowledgement(
  state: ZabState,
  now: Now,
  from: NodeId,
  m: Acknowledgement,
): ZabStep {
  const { role, log } = state;
  const progress = role.type === "Leading" ? role.followers.get(from) : undefined;
  if (progress === undefined || !isSynchronised(progress) || m.upTo > log.lastIndex)
    return [state, NO_EFFECTS];
  const matchIndex = Math.max(progress.matchIndex, m.upTo) as LogIndex;
  const inflight = progress.inflight.filter(({ lastIndex }) => lastIndex > matchIndex);
  const next: Progress = {
    ...progress,
    mode: progress.mode === "probe" ? "stream" : progress.mode,
    matchIndex,
    nextIndex: Math.max(progress.nextIndex, matchIndex + 1) as LogIndex,
    inflight,
    inflightBytes: inflight.reduce((sum, { bytes }) => sum + bytes, 0),
    waitingSince: now.ticks,
    heardAt: now.ticks,
  };
  return [withProgress(state, from, next), NO_EFFECTS];
}

/**
 * Commits what a majority holds. Only those count that have acknowledged NEWLEADER: what another holds of this epoch would
 * lose against a shorter history of a member that has. The initial history is committed as a whole when it is established.
 */
export function advanceCommit(state: ZabState): ZabStep {
  const { role, settings, self, log } = state;
  if (role.type !== "Leading" || role.phase !== "broadcast" || state.commitIndex >= log.lastIndex)
    return [state, NO_EFFECTS];
  const { followers } = role;
  const own = durableEnd(state);
  const held = (member: NodeId): number => {
    if (member === self) return own;
    const progress = followers.get(member);
    return progress?.stage === "counted" ? progress.matchIndex : 0;
  };
  const reached = settings.rules.commitByMajority ? quorumValue(configOf(state), held) : own;
  return commitTo(state, reached as LogIndex);
}

/** Once per turn: to each follower what it lacks, within its window. */
export function feed(state: ZabState, now: Now): ZabStep {
  const { role } = state;
  if (role.type !== "Leading" || role.epoch === null) return [state, NO_EFFECTS];
  const turn: Turn = { epoch: role.epoch, now: now.ticks, effects: [], proposal: null };
  const followers = role.followers.map((progress, peer) =>
    isSynchronised(progress) ? feedOne(state, role, turn, peer, progress) : progress,
  );
  if (followers === role.followers) return [state, turn.effects];
  return [{ ...state, role: { ...role, followers } }, turn.effects];
}

interface Turn {
  readonly epoch: Epoch;
  readonly now: Ticks;
  readonly effects: ZabEffect[];
  /** The last one sent: followers in step are sent the very same, which is then encoded once. */
  proposal: Proposal | null;
}

function feedOne(
  state: ZabState,
  role: Leading,
  turn: Turn,
  peer: NodeId,
  before: Progress,
): Progress {
  if (before.mode === "snapshot") return before;
  const late = turn.now - before.waitingSince >= state.settings.retransmitTicks;
  if (before.mode === "truncate") return late ? truncateAgain(turn, peer, before) : before;
  let progress = late ? outstandingAgain(turn, before) : before;
  if (progress.nextIndex <= state.log.base.index) {
    // What it lacks was dropped from our log meanwhile.
    turn.effects.push({ type: "Transfer", to: peer });
    return { ...progress, mode: "snapshot", inflight: [], inflightBytes: 0 };
  }
  while (hasRoom(progress, state)) progress = proposeTo(state, turn, peer, progress);
  if (progress.stage === "synchronising") return tellNewLeader(turn, peer, progress);
  return role.phase === "broadcast" ? tellCommit(state, turn, peer, progress) : progress;
}

function truncateAgain(turn: Turn, peer: NodeId, progress: Progress): Progress {
  if (progress.truncate === null) return progress;
  // Early: as when it was sent first.
  turn.effects.push(sendEarly(peer, progress.truncate, "log"));
  return { ...progress, waitingSince: turn.now };
}

/** What is under way counts as lost. */
function outstandingAgain(turn: Turn, progress: Progress): Progress {
  const waits = progress.inflight.length > 0 || progress.stage === "synchronising";
  if (!waits) return progress;
  return {
    ...progress,
    mode: "probe",
    nextIndex: (progress.matchIndex + 1) as LogIndex,
    inflight: [],
    inflightBytes: 0,
    newLeaderSent: false,
    waitingSince: turn.now,
  };
}

/** Where a follower is between NEWLEADER and UPTODATE it gets later proposals like all others. */
function lastFor(progress: Progress, { log, settings }: ZabState): LogIndex {
  const joining = progress.stage === "synchronising" && !settings.rules.laterProposalsToJoiner;
  return joining ? progress.joinAt.index : log.lastIndex;
}

function hasRoom(progress: Progress, state: ZabState): boolean {
  const { inflightMessagesMax, inflightBytesMax } = state.settings;
  if (progress.nextIndex > lastFor(progress, state)) return false;
  if (progress.mode === "probe") return progress.inflight.length === 0;
  return (
    progress.inflight.length < inflightMessagesMax && progress.inflightBytes < inflightBytesMax
  );
}

function proposeTo(state: ZabState, turn: Turn, peer: NodeId, progress: Progress): Progress {
  const { log, settings } = state;
  const after = (progress.nextIndex - 1) as LogIndex;
  if (turn.proposal?.prev.index !== after) {
    const { batchEntriesMax, batchBytesMax } = settings;
    const upTo = lastFor(progress, state);
    turn.proposal = {
      type: "Proposal",
      epoch: turn.epoch,
      prev: { epoch: log.epochAt(after) ?? 0, index: after },
      entries: log.slice(after, upTo, batchEntriesMax, batchBytesMax),
    };
  }
  const { entries } = turn.proposal;
  // Early: a leader counts itself only once its own record is durable, so followers may be ahead of its disk.
  turn.effects.push(sendEarly(peer, turn.proposal, "log"));
  return sent(progress, entries, turn.now);
}

function sent(progress: Progress, entries: readonly Entry[], now: Ticks): Progress {
  const lastIndex = (progress.nextIndex - 1 + entries.length) as LogIndex;
  const bytes = entries.reduce((sum, entry) => sum + entry.command.length, 0);
  return {
    ...progress,
    nextIndex: (lastIndex + 1) as LogIndex,
    inflight: [...progress.inflight, { lastIndex, bytes }],
    inflightBytes: progress.inflightBytes + bytes,
    waitingSince: progress.inflight.length === 0 ? now : progress.waitingSince,
  };
}

/** NEWLEADER goes out behind the last proposal of the synchronisation. */
function tellNewLeader(turn: Turn, peer: NodeId, progress: Progress): Progress {
  if (progress.newLeaderSent || progress.nextIndex <= progress.joinAt.index) return progress;
  const message: NewLeader = { type: "NewLeader", epoch: turn.epoch, last: progress.joinAt };
  // Early: whether the leader's own currentEpoch is durable is counted apart.
  turn.effects.push(sendEarly(peer, message, "log"));
  return { ...progress, newLeaderSent: true, waitingSince: turn.now };
}

/** UPTODATE with the newest commit, not the one of when it was synchronised; later ones by COMMIT. */
function tellCommit(state: ZabState, turn: Turn, peer: NodeId, progress: Progress): Progress {
  const { commitIndex } = state;
  if (progress.upToDateSent && progress.toldCommit >= commitIndex) return progress;
  const message: UpToDate | Commit = progress.upToDateSent
    ? { type: "Commit", epoch: turn.epoch, upTo: commitIndex }
    : { type: "UpToDate", epoch: turn.epoch, commit: commitIndex };
  // Early: it was committed by what is durable at a majority.
  turn.effects.push(sendEarly(peer, message, "log"));
  return { ...progress, upToDateSent: true, toldCommit: commitIndex };
}
