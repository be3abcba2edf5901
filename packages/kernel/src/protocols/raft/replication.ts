import {
  andThen,
  assert,
  configOf,
  type Entry,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Position,
  quorumValue,
  sendEarly,
  type Ticks,
} from "../../core/index.ts";
import { replaceAfter } from "./log-writes.ts";
import { completeChange } from "./membership.ts";
import type {
  AppendEntries,
  AppendEntriesReply,
  Heartbeat,
  HeartbeatReply,
  Term,
} from "./message.ts";
import { acknowledgeRound, sendRound } from "./reads.ts";
import { repaired } from "./repair.ts";
import {
  type Leader,
  type Progress,
  type RaftEffect,
  type RaftState,
  type RaftStep,
  send,
} from "./state.ts";

/** Takes entries from the leader of this term (§5.3); the dispatch has made this replica follow it. */
export function onAppendEntries(
  state: RaftState,
  now: Now,
  from: NodeId,
  m: AppendEntries,
): RaftStep {
  assert(state.role.type === "Follower", "step() follows the leader before any handler runs");
  // While a received snapshot is being made durable the log must not move, or its journal records would be
  // superseded by the checkpoint that is being written. The leader asks again.
  if (state.installing !== null) return [state, NO_EFFECTS];

  const known = state.log.epochAt(m.prevLogIndex);
  const matches = m.prevLogIndex < state.log.base.index || known === m.prevLogTerm;
  if (!matches) return [state, [send(state, from, refusal(state, m), "log")]];

  return andThen(appendFrom(state, now, m), (s) => {
    const matchIndex = (m.prevLogIndex + m.entries.length) as LogIndex;
    const upTo = Math.min(m.leaderCommit, Math.max(matchIndex, s.commitIndex)) as LogIndex;
    const committed = repaired(commitTo(s, upTo));
    const reply: AppendEntriesReply = {
      type: "AppendEntriesReply",
      term: s.term,
      success: true,
      matchIndex: Math.max(matchIndex, s.log.base.index) as LogIndex,
      conflictTerm: 0 as Term,
      rejectedIndex: 0 as LogIndex,
      round: m.round,
    };
    // Not early: the leader counts this replica as holding the entries.
    return andThen(committed, (c) => [c, [send(c, from, reply, "log")]]);
  });
}

/**
 * Keeps what agrees and replaces from the first entry that does not. A message that is merely shorter than the log
 * removes nothing: it may be old, and what lies beyond it may be committed (§5.3).
 */
function appendFrom(state: RaftState, now: Now, m: AppendEntries): RaftStep {
  const { log, settings } = state;
  const fresh = m.entries.findIndex(
    ({ index, epoch }) => index > log.base.index && log.epochAt(index) !== epoch,
  );
  if (fresh < 0) {
    const last = (m.prevLogIndex + m.entries.length) as LogIndex;
    if (settings.rules.truncateOnlyOnConflict || last >= log.lastIndex || last < log.base.index)
      return [state, NO_EFFECTS];
    return replaceAfter(state, now, positionAt(state, last), []);
  }
  const entries = m.entries.slice(fresh);
  const first = m.entries[fresh] as Entry;
  assert(
    first.index > state.commitIndex ||
      !settings.rules.commitOnlyOwnTerm ||
      !settings.rules.persistBeforeReply ||
      unsafe(state),
    "a committed entry is never overwritten",
  );
  return replaceAfter(state, now, positionAt(state, (first.index - 1) as LogIndex), entries);
}

/** True where a switched-off rule makes this replica break its promises on purpose: the checker is to find it. */
const unsafe = (state: RaftState): boolean => Object.values(state.settings.rules).includes(false);

function positionAt(state: RaftState, index: LogIndex): Position {
  const epoch = state.log.epochAt(index);
  assert(epoch !== null, "an append joins the log without a gap");
  return { index, epoch };
}

/** Says where to look next: the last place whose term is not above the one asked about (§5.3, one term at a time). */
function refusal(state: RaftState, m: AppendEntries): AppendEntriesReply {
  let at = Math.min(m.prevLogIndex, state.log.lastIndex) as LogIndex;
  while (at > state.log.base.index && (state.log.epochAt(at) ?? 0) > m.prevLogTerm)
    at = (at - 1) as LogIndex;
  return {
    type: "AppendEntriesReply",
    term: state.term,
    success: false,
    matchIndex: at,
    conflictTerm: (state.log.epochAt(at) ?? 0) as Term,
    rejectedIndex: m.prevLogIndex,
    round: m.round,
  };
}

export function onAppendEntriesReply(
  state: RaftState,
  now: Now,
  from: NodeId,
  m: AppendEntriesReply,
): RaftStep {
  if (state.role.type !== "Leader") return [state, NO_EFFECTS];
  const progress = state.role.progress.get(from);
  if (progress === undefined || m.matchIndex > state.log.lastIndex) return [state, NO_EFFECTS];
  const heard = { ...progress, heardAt: now.ticks, round: Math.max(progress.round, m.round) };
  const next = m.success ? advanced(heard, m.matchIndex, now.ticks) : refused(state, heard, m);
  return acknowledgeRound(withProgress(state, from, next), now);
}

function advanced(progress: Progress, match: LogIndex, now: Ticks): Progress {
  if (progress.mode === "snapshot" && match < progress.nextIndex - 1) return progress;
  const matchIndex = Math.max(progress.matchIndex, match) as LogIndex;
  const inflight = progress.inflight.filter(({ lastIndex }) => lastIndex > matchIndex);
  return {
    ...progress,
    mode: "replicate",
    matchIndex,
    nextIndex: Math.max(progress.nextIndex, matchIndex + 1) as LogIndex,
    inflight: progress.mode === "replicate" ? inflight : [],
    inflightBytes:
      progress.mode === "replicate" ? inflight.reduce((sum, { bytes }) => sum + bytes, 0) : 0,
    waitingSince: now,
  };
}

/** Falls back to probing, skipping a whole conflicting term at a time. */
function refused(state: RaftState, progress: Progress, m: AppendEntriesReply): Progress {
  if (progress.mode === "snapshot") return progress;
  if (progress.mode === "replicate") {
    return m.rejectedIndex <= progress.matchIndex ? progress : probing(progress);
  }
  if (m.rejectedIndex !== progress.nextIndex - 1) return progress;
  let at = Math.min(m.matchIndex, m.rejectedIndex - 1) as LogIndex;
  while (at > state.log.base.index && (state.log.epochAt(at) ?? 0) > m.conflictTerm)
    at = (at - 1) as LogIndex;
  // A follower that lost what it had acknowledged (a disk that lied) is matched anew, from below.
  const matchIndex = Math.min(progress.matchIndex, at) as LogIndex;
  return { ...probing(progress), matchIndex, nextIndex: (at + 1) as LogIndex };
}

export const probing = (progress: Progress): Progress => ({
  ...progress,
  mode: "probe",
  nextIndex: (progress.matchIndex + 1) as LogIndex,
  inflight: [],
  inflightBytes: 0,
});

/**
 * Of a heartbeat that only tells of a commit. An answer would cost the leader and the follower a turn each for every write of a
 * lone client, and say nothing that the answer to the entries did not say.
 */
const NO_ROUND = 0;

/** The leader lives. Its commit index never goes beyond what it knows to be here. */
export function onHeartbeat(state: RaftState, _now: Now, from: NodeId, m: Heartbeat): RaftStep {
  const upTo = Math.min(m.leaderCommit, state.log.lastIndex) as LogIndex;
  const [next, effects] = repaired(commitTo(state, upTo));
  if (m.round === NO_ROUND) return [next, effects];
  const reply: HeartbeatReply = {
    type: "HeartbeatReply",
    term: next.term,
    round: m.round,
    lastLogIndex: next.log.lastIndex,
  };
  const inStep = next.commitIndex === m.leaderCommit && next.commitIndex === next.log.lastIndex;
  const asleep = m.quiesce && inStep ? { ...next, electionAt: null } : next;
  // Early: it confirms that this replica still follows this term, which a crash cannot make untrue.
  return [asleep, [...effects, sendEarly(from, reply)]];
}

export function onHeartbeatReply(
  state: RaftState,
  now: Now,
  from: NodeId,
  m: HeartbeatReply,
): RaftStep {
  if (state.role.type !== "Leader") return [state, NO_EFFECTS];
  const progress = state.role.progress.get(from);
  if (progress === undefined) return [state, NO_EFFECTS];
  const heard = { ...progress, heardAt: now.ticks, round: Math.max(progress.round, m.round) };
  const lost = progress.mode === "replicate" && m.lastLogIndex < progress.matchIndex;
  return acknowledgeRound(withProgress(state, from, lost ? probing(heard) : heard), now);
}

/** Commits what a quorum holds, if it is of this term: an older entry may still be overwritten (§5.4.2, Figure 8). */
export function advanceCommit(state: RaftState, now: Now): RaftStep {
  if (state.role.type !== "Leader" || state.commitIndex >= state.log.lastIndex)
    return [state, NO_EFFECTS];
  const { progress } = state.role;
  const { rules } = state.settings;
  const whole = configOf(state);
  const config = rules.jointNeedsBoth ? whole : { ...whole, outgoing: null };
  const own = rules.countSelfWhenDurable ? state.durableIndex : state.log.lastIndex;
  const reached = quorumValue(config, (member) =>
    member === state.self ? own : (progress.get(member)?.matchIndex ?? 0),
  );
  const index = Math.min(reached, state.log.lastIndex) as LogIndex;
  if (index <= state.commitIndex) return [state, NO_EFFECTS];
  if (rules.commitOnlyOwnTerm && state.log.epochAt(index) !== state.term)
    return [state, NO_EFFECTS];
  return andThen(commitTo(state, index), (s) => completeChange(s, now));
}

/** Hands out what is newly committed, in order, once. */
export function commitTo(state: RaftState, index: LogIndex): RaftStep {
  if (index <= state.commitIndex) return [state, NO_EFFECTS];
  const entries = state.log.slice(state.handedOut, index);
  return [{ ...state, commitIndex: index, handedOut: index }, [{ type: "Commit", entries }]];
}

/** Once per turn: to each member what it lacks, within its window; then the commit index, if it rode on nothing. */
export function replicate(state: RaftState, now: Now): RaftStep {
  if (state.role.type !== "Leader") return [state, NO_EFFECTS];
  const effects: RaftEffect[] = [];
  const { role } = state;
  const told: Told = { append: null, notice: null };
  const progress = role.progress.map((before, peer) =>
    feed(state, role, now, peer, before, told, effects),
  );
  return progress === role.progress
    ? [state, effects]
    : [{ ...state, role: { ...role, progress } }, effects];
}

function feed(
  state: RaftState,
  role: Leader,
  now: Now,
  peer: NodeId,
  before: Progress,
  told: Told,
  effects: RaftEffect[],
): Progress {
  const { settings, log, commitIndex } = state;
  let progress = before;
  if (progress.mode === "snapshot") return progress;
  if (
    progress.inflight.length > 0 &&
    now.ticks - progress.waitingSince >= settings.retransmitTicks
  ) {
    progress = probing(progress);
  }
  if (progress.nextIndex <= log.base.index) {
    effects.push({ type: "Transfer", to: peer });
    return { ...progress, mode: "snapshot", inflight: [], inflightBytes: 0 };
  }
  while (hasRoom(progress, state)) {
    const prevLogIndex = (progress.nextIndex - 1) as LogIndex;
    if (told.append?.prevLogIndex !== prevLogIndex)
      told.append = appendAfter(state, role, prevLogIndex);
    // Early: a leader counts itself only once its own record is durable, so followers may be ahead of its disk (§10.2.1 of the
    // dissertation).
    effects.push(sendEarly(peer, told.append, "log"));
    progress = sent(progress, told.append.entries, commitIndex, now.ticks);
  }
  // It may be told of what it is known to hold and no more, so it is owed again once it has acknowledged the rest.
  const tellable = Math.min(progress.matchIndex, commitIndex) as LogIndex;
  if (settings.commitNotice === "ride" || progress.toldCommit >= tellable) return progress;
  if (told.notice?.leaderCommit !== tellable) {
    const { term } = state;
    told.notice = {
      type: "Heartbeat",
      term,
      leaderCommit: tellable,
      round: NO_ROUND,
      quiesce: false,
    };
  }
  effects.push(sendRound(peer, told.notice));
  return { ...progress, toldCommit: tellable };
}

/** The last of its kind that a turn has sent: followers in step are sent the very same, which is then encoded once. */
interface Told {
  append: AppendEntries | null;
  notice: Heartbeat | null;
}

function appendAfter(state: RaftState, role: Leader, prevLogIndex: LogIndex): AppendEntries {
  const { log, settings, commitIndex } = state;
  return {
    type: "AppendEntries",
    term: state.term,
    prevLogIndex,
    prevLogTerm: (log.epochAt(prevLogIndex) ?? 0) as Term,
    entries: log.slice(
      prevLogIndex,
      log.lastIndex,
      settings.batchEntriesMax,
      settings.batchBytesMax,
    ),
    leaderCommit: commitIndex,
    round: role.round,
  };
}

/** A probe is one message at a time, sent even when it carries nothing: its answer says where the logs agree. */
function hasRoom(progress: Progress, { log, settings }: RaftState): boolean {
  if (progress.mode === "probe") return progress.inflight.length === 0;
  return (
    progress.nextIndex <= log.lastIndex &&
    progress.inflight.length < settings.inflightMessagesMax &&
    progress.inflightBytes < settings.inflightBytesMax
  );
}

function sent(
  progress: Progress,
  entries: readonly Entry[],
  commitIndex: LogIndex,
  now: Ticks,
): Progress {
  const lastIndex = (progress.nextIndex - 1 + entries.length) as LogIndex;
  const bytes = entries.reduce((sum, entry) => sum + entry.command.length, 0);
  return {
    ...progress,
    nextIndex: progress.mode === "replicate" ? ((lastIndex + 1) as LogIndex) : progress.nextIndex,
    inflight: [...progress.inflight, { lastIndex, bytes }],
    inflightBytes: progress.inflightBytes + bytes,
    waitingSince: progress.inflight.length === 0 ? now : progress.waitingSince,
    toldCommit: Math.min(commitIndex, lastIndex) as LogIndex,
  };
}

export function withProgress(state: RaftState, peer: NodeId, progress: Progress): RaftState {
  if (state.role.type !== "Leader") return state;
  return {
    ...state,
    role: { ...state.role, progress: state.role.progress.with(peer, progress) },
  };
}
