import {
  configOf,
  type NodeId,
  type Now,
  quorumValue,
  type ReadLevel,
  type RequestId,
  type Ticks,
} from "../../core/index.ts";
import type { Heartbeat, ReadIndex, ReadIndexReply, Slot } from "./message.ts";
import {
  type FollowerReads,
  type Leader,
  type LeaderRead,
  NO_EFFECTS,
  type PaxosEffect,
  type PaxosState,
  type PaxosStep,
  ROUNDS_MAX,
  refuse,
  sendEarly,
} from "./state.ts";

/** Readers arrive. Those of one turn share one confirmation. */
export function onRead(
  state: PaxosState,
  now: Now,
  ids: readonly RequestId[],
  level: ReadLevel,
): PaxosStep {
  if (level === "local") return [state, [readable(ids, state.lastApplied, null)]];
  if (waitingReads(state) + ids.length > state.settings.readsMax) {
    const retryAfterTicks = state.settings.heartbeatTicks as Ticks;
    return [
      state,
      ids.map((id) => refuse(id, { code: "Overloaded", definite: true, retryAfterTicks })),
    ];
  }
  if (state.role.type !== "Leader") {
    const waiting = [...state.reads.waiting, { ids, since: now.ticks }];
    return [{ ...state, reads: { ...state.reads, waiting } }, NO_EFFECTS];
  }
  const validUntil = level === "lease" ? leaseEnd(state, state.role) : null;
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
  const asked = state.reads.asked.find(({ question }) => question === m.question);
  if (m.ballot !== state.term || asked === undefined) return [state, NO_EFFECTS];
  const rest = state.reads.asked.filter(({ question }) => question !== m.question);
  return [
    { ...state, reads: { ...state.reads, asked: rest } },
    [readable(asked.ids, m.readIndex, null)],
  ];
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
  const round = role.round + 1;
  const kept = role.roundsSent.length < ROUNDS_MAX ? role.roundsSent : role.roundsSent.slice(1);
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
  const begun: Leader = {
    ...role,
    round,
    progress,
    confirm: false,
    roundsSent: [...kept, { round, at: now.ticks }],
  };
  // Early: it repeats what is decided, and the ballot was promised by a majority's disks.
  const effects = role.progress.members.map((peer) => sendEarly(peer, message));
  const [next, confirmed] = acknowledgeRound({ ...state, role: begun });
  return [next, confirmed.length === 0 ? effects : [...effects, ...confirmed]];
}

/** A quorum has answered some round: its readers may look, and the lease counts from when it was sent. */
export function acknowledgeRound(state: PaxosState): PaxosStep {
  if (state.role.type !== "Leader" || state.role.roundsSent.length === 0)
    return [state, NO_EFFECTS];
  const role = state.role;
  const reached = quorumValue(configOf(state), (member) =>
    member === state.self ? role.round : (role.progress.get(member)?.round ?? 0),
  );
  const confirmed = role.roundsSent.filter(({ round }) => round <= reached);
  if (confirmed.length === 0) return [state, NO_EFFECTS];
  const leaseFrom = confirmed[confirmed.length - 1]?.at ?? role.leaseFrom;
  const roundsSent = role.roundsSent.slice(confirmed.length);
  const ready = role.reads.filter(({ round }) => round <= reached);
  const reads = ready.length === 0 ? role.reads : role.reads.filter(({ round }) => round > reached);
  return [
    { ...state, role: { ...role, roundsSent, leaseFrom, reads } },
    ready.map((read) => answer(state, read)),
  ];
}

function answer(state: PaxosState, read: LeaderRead): PaxosEffect {
  if (read.asker === null) return readable(read.ids, read.readIndex, null);
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
 * else a ballot for the least election time-out, by their clocks; ours may be slower by the drift bound.
 */
function leaseEnd(state: PaxosState, role: Leader): Ticks | null {
  const { leaseReads, electionTicksMin, clockDriftDivisor, rules } = state.settings;
  if (!leaseReads || role.leaseFrom === null || role.transfer !== null || role.invited) return null;
  const length = rules.leaseWithinBound
    ? electionTicksMin - Math.ceil(electionTicksMin / clockDriftDivisor)
    : electionTicksMin * 10;
  return (role.leaseFrom + length) as Ticks;
}

function askLeader(state: PaxosState, now: Now): PaxosStep {
  if (state.reads.waiting.length + state.reads.asked.length === 0) return [state, NO_EFFECTS];
  const leader = state.role.type === "Follower" ? state.role.leader : null;
  const { reads, dropped } = expire(state, now);
  const limit = now.ticks - state.settings.retransmitTicks;
  const fresh = reads.asked.filter(({ sentAt }) => sentAt > limit);
  const again = [...reads.asked.filter(({ sentAt }) => sentAt <= limit), ...reads.waiting];
  if (leader === null || again.length === 0)
    return [reads === state.reads ? state : { ...state, reads }, dropped];
  // A question asked again is a new question: an old answer must not confirm a newer reader.
  const question = reads.questions + 1;
  const since = Math.min(now.ticks, ...again.map((read) => read.since)) as Ticks;
  const ids = again.flatMap((read) => read.ids);
  const next: FollowerReads = {
    waiting: [],
    asked: [...fresh, { question, ids, since, sentAt: now.ticks }],
    questions: question,
  };
  const message: ReadIndex = { type: "ReadIndex", ballot: state.term, question };
  // Early: a question promises nothing.
  return [{ ...state, reads: next }, [...dropped, sendEarly(leader, message)]];
}

/** Readers that waited longer than any deadline allows are told that there is no leader. */
function expire(
  state: PaxosState,
  now: Now,
): { readonly reads: FollowerReads; readonly dropped: readonly PaxosEffect[] } {
  const limit = now.ticks - state.settings.readTicksMax;
  const { waiting, asked } = state.reads;
  const old = [...waiting, ...asked].filter(({ since }) => since < limit);
  if (old.length === 0) return { reads: state.reads, dropped: [] };
  const dropped = old.flatMap(({ ids }) =>
    ids.map((id) => refuse(id, { code: "NoLeader", definite: true })),
  );
  const reads = {
    ...state.reads,
    waiting: waiting.filter(({ since }) => since >= limit),
    asked: asked.filter(({ since }) => since >= limit),
  };
  return { reads, dropped };
}

function waitingReads(state: PaxosState): number {
  const count = (reads: readonly { readonly ids: readonly RequestId[] }[]): number =>
    reads.reduce((sum, { ids }) => sum + Math.max(1, ids.length), 0);
  const leading = state.role.type === "Leader" ? count(state.role.reads) : 0;
  return leading + count(state.reads.waiting) + count(state.reads.asked);
}

const readable = (ids: readonly RequestId[], at: Slot, validUntil: Ticks | null): PaxosEffect => ({
  type: "Readable",
  ids,
  at,
  validUntil,
});
