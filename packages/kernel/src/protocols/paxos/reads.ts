import {
  andThen,
  answered,
  ask,
  awaiting,
  configOf,
  confirmRounds,
  countReaders,
  dropOld,
  type LeaderRead,
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
import type { Heartbeat, ReadIndex, ReadIndexReply, Slot } from "./message.ts";
import {
  isEstablished,
  type Leader,
  type PaxosEffect,
  type PaxosState,
  type PaxosStep,
} from "./state.ts";

/** Readers arrive. Those of one turn share one confirmation. */
export function onRead(
  state: PaxosState,
  now: Now,
  ids: readonly RequestId[],
  level: ReadLevel,
): PaxosStep {
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

/** A follower asks on behalf of its readers. One that no longer leads lets the question lapse. */
export function onReadIndex(state: PaxosState, now: Now, from: NodeId, m: ReadIndex): PaxosStep {
  if (state.role.type !== "Leader" || m.ballot !== state.term) return [state, NO_EFFECTS];
  if (waitingReads(state) >= state.settings.readsMax) return [state, NO_EFFECTS];
  return askRound(state, state.role, now, [], { member: from, question: m.question });
}

export function onReadIndexReply(state: PaxosState, m: ReadIndexReply): PaxosStep {
  const found = m.ballot === state.term ? answered(state.reads, m.question) : null;
  if (found === null) return [state, NO_EFFECTS];
  const [reads, ids] = found;
  return [{ ...state, reads }, [readable(ids, m.readIndex)]];
}

/**
 * The slot a reader must see. It is never below the first slot of this leader's own: until that is chosen a new leader does not know
 * all that its predecessors had chosen.
 */
const readIndexOf = (state: PaxosState, role: Leader): Slot =>
  Math.max(state.commitIndex, role.termStart) as Slot;

/**
 * Notes the reader for the round that leaves at the end of this turn. The round begins after the request, or a leader deposed in
 * between would be confirmed by answers older than the write it misses.
 */
function askRound(
  state: PaxosState,
  role: Leader,
  now: Now,
  ids: readonly RequestId[],
  asker: LeaderRead["asker"],
): PaxosStep {
  const read: LeaderRead = {
    round: role.round + 1,
    readIndex: readIndexOf(state, role),
    ids,
    asker,
    since: now.ticks,
  };
  if (!state.settings.rules.confirmReads) return [state, [answer(state, read)]];
  return [{ ...state, role: { ...role, reads: [...role.reads, read], confirm: true } }, NO_EFFECTS];
}

/** At the end of a turn: begins the round its readers wait for; followers ask their leader. */
export function confirmReads(state: PaxosState, now: Now): PaxosStep {
  if (state.role.type !== "Leader") return askLeader(state, now);
  return state.role.confirm ? beginRound(state, state.role, now) : [state, NO_EFFECTS];
}

/**
 * A new round: heartbeats that every member answers with its number. That a majority still follows this ballot, after the reader
 * came, says that no other leader can have had anything chosen before that.
 */
export function beginRound(state: PaxosState, role: Leader, now: Now): PaxosStep {
  const next = nextRound(role, now.ticks);
  const { round } = next;
  const decided = state.commitIndex;
  const message: Heartbeat = {
    type: "Heartbeat",
    ballot: state.term,
    decided,
    ownFrom: role.termStart,
    round,
  };
  const progress = role.progress.map((known) => ({
    ...known,
    toldDecided: Math.max(known.toldDecided, decided) as Slot,
    probe: { round, decided },
  }));
  const begun: Leader = { ...next, progress };
  // Early: it repeats what is decided, and the ballot was promised by a majority's disks.
  const effects = role.progress.members.map((peer) => sendEarly(peer, message));
  return andThen([{ ...state, role: begun }, effects], acknowledgeRound);
}

/** A quorum has answered some round: its readers may look, and the lease counts from when it was sent. */
export function acknowledgeRound(state: PaxosState): PaxosStep {
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

function answer(state: PaxosState, read: LeaderRead): PaxosEffect {
  if (read.asker === null) return readable(read.ids, read.readIndex);
  const { member, question } = read.asker;
  const reply: ReadIndexReply = {
    type: "ReadIndexReply",
    ballot: state.term,
    question,
    readIndex: read.readIndex,
  };
  // Early: the slot is decided or will be; a crash here takes nothing back.
  return sendEarly(member, reply);
}

/**
 * The master lease (Chubby; card 19): until when this leader may answer alone. The acceptors that answered the round promise nobody
 * else a ballot for the least election time-out, by their clocks; ours may be slower by the drift bound. Before it is established a
 * leader does not know all whose promise it needs.
 */
function leaseOf(state: PaxosState, role: Leader): Ticks | null {
  const { settings } = state;
  const mayHold = settings.leaseReads && isEstablished(state, role);
  return mayHold && role.transfer === null && !role.invited ? leaseEnd(role, settings) : null;
}

function askLeader(state: PaxosState, now: Now): PaxosStep {
  if (state.reads.waiting.length + state.reads.asked.length === 0) return [state, NO_EFFECTS];
  const leader = state.role.type === "Follower" ? state.role.leader : null;
  const [reads, dropped] = dropOld(state.reads, now.ticks, state.settings.readTicksMax);
  const next = leader === null ? null : ask(reads, now.ticks, state.settings.retransmitTicks);
  if (leader === null || next === null) return [{ ...state, reads }, dropped];
  const message: ReadIndex = { type: "ReadIndex", ballot: state.term, question: next.questions };
  // Early: a question promises nothing.
  return [{ ...state, reads: next }, [...dropped, sendEarly(leader, message)]];
}

const waitingReads = ({ role, reads }: PaxosState): number =>
  countReaders(reads, role.type === "Leader" ? role.reads : []);
