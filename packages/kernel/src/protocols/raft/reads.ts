import {
  answered,
  ask,
  awaiting,
  configOf,
  confirmRounds,
  countReaders,
  dropOld,
  type LeaderRead,
  type LogIndex,
  leaseEnd,
  NO_EFFECTS,
  type NodeId,
  type Now,
  nextRound,
  overloaded,
  quorumValue,
  type ReadLevel,
  type RequestId,
  readable,
  sendEarly,
  type Ticks,
} from "../../core/index.ts";
import type { Heartbeat, ReadIndex, ReadIndexReply } from "./message.ts";
import {
  type Leader,
  leaderOf,
  type Progress,
  type RaftEffect,
  type RaftState,
  type RaftStep,
} from "./state.ts";

/** Readers arrive. Those of one turn share one confirmation. */
export function onRead(
  state: RaftState,
  now: Now,
  ids: readonly RequestId[],
  level: ReadLevel,
): RaftStep {
  if (level === "local") return [state, [readable(ids, state.lastApplied)]];
  if (waitingReads(state) + ids.length > state.settings.readsMax)
    return [state, overloaded(ids, state.settings.heartbeatTicks)];
  if (state.role.type !== "Leader")
    return [{ ...state, reads: awaiting(state.reads, ids, now.ticks) }, NO_EFFECTS];
  const validUntil = level === "lease" ? leaseOf(state, state.role) : null;
  if (validUntil !== null && now.ticks < validUntil)
    return [state, [readable(ids, readIndexOf(state, state.role), validUntil)]];
  return askRound(state, state.role, now, ids, null);
}

/** A follower asks on behalf of its readers (dissertation §6.4). One that no longer leads lets the question lapse. */
export function onReadIndex(state: RaftState, now: Now, from: NodeId, m: ReadIndex): RaftStep {
  if (state.role.type !== "Leader" || m.term !== state.term) return [state, NO_EFFECTS];
  if (waitingReads(state) >= state.settings.readsMax) return [state, NO_EFFECTS];
  return askRound(state, state.role, now, [], { member: from, question: m.question });
}

export function onReadIndexReply(state: RaftState, m: ReadIndexReply): RaftStep {
  const found = m.term === state.term ? answered(state.reads, m.question) : null;
  if (found === null) return [state, NO_EFFECTS];
  const [reads, ids] = found;
  return [{ ...state, reads }, [readable(ids, m.readIndex)]];
}

/**
 * The index a reader must see. It is never below the first entry of this term: until that one is committed a new
 * leader does not know what its predecessors committed.
 */
const readIndexOf = (state: RaftState, role: Leader): LogIndex =>
  Math.max(state.commitIndex, Math.min(role.termStart, state.log.lastIndex)) as LogIndex;

/**
 * Notes the reader for the round that leaves at the end of this turn. The round begins after the request, or a leader
 * deposed in between would be confirmed by answers older than the write it misses.
 */
function askRound(
  state: RaftState,
  role: Leader,
  now: Now,
  ids: readonly RequestId[],
  asker: LeaderRead["asker"],
): RaftStep {
  const read: LeaderRead = {
    round: role.round + 1,
    readIndex: readIndexOf(state, role),
    ids,
    asker,
    since: now.ticks,
  };
  if (!state.settings.rules.confirmReads) return [state, [answer(state, read)]];
  const next = { ...role, reads: [...role.reads, read], confirm: true, lastBusyAt: now.ticks };
  return [{ ...state, role: next }, NO_EFFECTS];
}

/** At the end of a turn: begins the round its readers wait for; followers ask their leader. */
export function confirmReads(state: RaftState, now: Now): RaftStep {
  if (state.role.type === "Leader")
    return state.role.confirm ? beginRound(state, state.role, now, false) : [state, NO_EFFECTS];
  return askLeader(state, now);
}

/** A new round: heartbeats that every member answers with its number. */
export function beginRound(state: RaftState, role: Leader, now: Now, quiesce: boolean): RaftStep {
  const begun = nextRound(role, now.ticks);
  const effects: RaftEffect[] = [];
  let last: Heartbeat | null = null;
  const progress = role.progress.map((known, peer) => {
    const message = roundMessage(state, begun, known, quiesce);
    // Most members are told the very same: one message, so that it is encoded once.
    if (last === null || last.leaderCommit !== message.leaderCommit) last = message;
    effects.push(sendRound(peer, last));
    const tellable = Math.min(known.matchIndex, state.commitIndex) as LogIndex;
    return tellable > known.toldCommit ? { ...known, toldCommit: tellable } : known;
  });
  const [next, confirmed] = acknowledgeRound({ ...state, role: { ...begun, progress } }, now);
  return [next, confirmed.length === 0 ? effects : [...effects, ...confirmed]];
}

function roundMessage(
  state: RaftState,
  role: Leader,
  progress: Progress,
  quiesce: boolean,
): Heartbeat {
  const leaderCommit = Math.min(progress.matchIndex, state.commitIndex) as LogIndex;
  return { type: "Heartbeat", term: state.term, leaderCommit, round: role.round, quiesce };
}

/** Early: it only repeats what followers have acknowledged already. */
export const sendRound = (peer: NodeId, message: Heartbeat): RaftEffect => sendEarly(peer, message);

/** A quorum has answered some round: its readers may look, and the lease counts from when it was sent. */
export function acknowledgeRound(state: RaftState, _now: Now): RaftStep {
  const { role } = state;
  if (role.type !== "Leader" || role.roundsSent.length === 0) return [state, NO_EFFECTS];
  const reached = quorumValue(configOf(state), (member) =>
    member === state.self ? role.round : (role.progress.get(member)?.round ?? 0),
  );
  const confirmed = confirmRounds(role, reached);
  if (confirmed === null) return [state, NO_EFFECTS];
  const [next, ready] = confirmed;
  return [{ ...state, role: next }, ready.map((read) => answer(state, read))];
}

function answer(state: RaftState, read: LeaderRead): RaftEffect {
  if (read.asker === null) return readable(read.ids, read.readIndex);
  const { member, question } = read.asker;
  const reply: ReadIndexReply = {
    type: "ReadIndexReply",
    term: state.term,
    question,
    readIndex: read.readIndex,
  };
  // Early: the index is committed or will be; a crash here takes nothing back.
  return sendEarly(member, reply);
}

function leaseOf({ settings }: RaftState, role: Leader): Ticks | null {
  const { leaseReads } = settings;
  return leaseReads && role.transfer === null && !role.invited ? leaseEnd(role, settings) : null;
}

function askLeader(state: RaftState, now: Now): RaftStep {
  if (state.reads.waiting.length + state.reads.asked.length === 0) return [state, NO_EFFECTS];
  const leader = leaderOf(state);
  const [reads, dropped] = dropOld(state.reads, now.ticks, state.settings.readTicksMax);
  const next = leader === null ? null : ask(reads, now.ticks, state.settings.retransmitTicks);
  if (leader === null || next === null) return [{ ...state, reads }, dropped];
  const message: ReadIndex = { type: "ReadIndex", term: state.term, question: next.questions };
  // Early: a question promises nothing.
  return [{ ...state, reads: next }, [...dropped, sendEarly(leader, message)]];
}

const waitingReads = ({ role, reads }: RaftState): number =>
  countReaders(reads, role.type === "Leader" ? role.reads : []);
