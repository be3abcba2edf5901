import {
  configOf,
  type LogIndex,
  type NodeId,
  type Now,
  quorumValue,
  type ReadLevel,
  type RequestId,
  type Ticks,
} from "../../core/index.ts";
import type { Heartbeat, ReadIndex, ReadIndexReply } from "./message.ts";
import {
  type FollowerReads,
  type Leader,
  type LeaderRead,
  leaderOf,
  NO_EFFECTS,
  type Progress,
  type RaftEffect,
  type RaftState,
  type RaftStep,
  ROUNDS_MAX,
  refuse,
  sendEarly,
} from "./state.ts";

/** Readers arrive. Those of one turn share one confirmation. */
export function onRead(
  state: RaftState,
  now: Now,
  ids: readonly RequestId[],
  level: ReadLevel,
): RaftStep {
  if (level === "local") return [state, [readable(ids, state.lastApplied, null)]];
  if (waitingReads(state) + ids.length > state.settings.readsMax) {
    return [
      state,
      ids.map((id) =>
        refuse(id, { code: "Overloaded", definite: true, retryAfterTicks: 50 as Ticks }),
      ),
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

/** A follower asks on behalf of its readers (dissertation §6.4). One that no longer leads lets the question lapse. */
export function onReadIndex(state: RaftState, now: Now, from: NodeId, m: ReadIndex): RaftStep {
  if (state.role.type !== "Leader" || m.term !== state.term) return [state, NO_EFFECTS];
  if (waitingReads(state) >= state.settings.readsMax) return [state, NO_EFFECTS];
  return askRound(state, state.role, now, [], { member: from, question: m.question });
}

export function onReadIndexReply(state: RaftState, m: ReadIndexReply): RaftStep {
  const asked = state.reads.asked.find(({ question }) => question === m.question);
  if (m.term !== state.term || asked === undefined) return [state, NO_EFFECTS];
  const rest = state.reads.asked.filter(({ question }) => question !== m.question);
  return [
    { ...state, reads: { ...state.reads, asked: rest } },
    [readable(asked.ids, m.readIndex, null)],
  ];
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
  const round = role.round + 1;
  const kept = role.roundsSent.length < ROUNDS_MAX ? role.roundsSent : role.roundsSent.slice(1);
  const begun: Leader = {
    ...role,
    round,
    confirm: false,
    roundsSent: [...kept, { round, at: now.ticks }],
  };
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
  if (state.role.type !== "Leader") return [state, NO_EFFECTS];
  const role = state.role;
  if (role.roundsSent.length === 0) return [state, NO_EFFECTS];
  const reached = quorumValue(configOf(state), (member) =>
    member === state.self ? role.round : (role.progress.get(member)?.round ?? 0),
  );
  if ((role.roundsSent[0]?.round ?? Number.MAX_SAFE_INTEGER) > reached) return [state, NO_EFFECTS];
  const confirmed = role.roundsSent.filter(({ round }) => round <= reached);
  const leaseFrom = confirmed[confirmed.length - 1]?.at ?? role.leaseFrom;
  const roundsSent = role.roundsSent.slice(confirmed.length);
  const ready = role.reads.filter(({ round }) => round <= reached);
  const reads = ready.length === 0 ? role.reads : role.reads.filter(({ round }) => round > reached);
  return [
    { ...state, role: { ...role, roundsSent, leaseFrom, reads } },
    ready.map((read) => answer(state, read)),
  ];
}

function answer(state: RaftState, read: LeaderRead): RaftEffect {
  if (read.asker === null) return readable(read.ids, read.readIndex, null);
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

/**
 * Until when this leader may answer alone: no other can be elected before the members that answered the round may
 * vote again, by their clocks; ours may be slower by the drift bound (dissertation §6.4.1).
 */
function leaseEnd(state: RaftState, role: Leader): Ticks | null {
  const { leaseReads, electionTicksMin, clockDriftDivisor, rules } = state.settings;
  if (!leaseReads || role.leaseFrom === null || role.transfer !== null || role.invited) return null;
  const length = rules.leaseWithinBound
    ? electionTicksMin - Math.ceil(electionTicksMin / clockDriftDivisor)
    : electionTicksMin * 10;
  return (role.leaseFrom + length) as Ticks;
}

function askLeader(state: RaftState, now: Now): RaftStep {
  if (state.reads.waiting.length + state.reads.asked.length === 0) return [state, NO_EFFECTS];
  const leader = leaderOf(state);
  const { reads, dropped } = expire(state, now);
  const { waiting, asked, questions } = reads;
  const [fresh, stale] = split(asked, now.ticks - state.settings.retransmitTicks);
  const ids = [...stale, ...waiting];
  if (leader === null || ids.length === 0)
    return [reads === state.reads ? state : { ...state, reads }, dropped];
  // A question asked again is a new question: an old answer must not confirm a newer reader (card 21).
  const question = questions + 1;
  const since = Math.min(now.ticks, ...ids.map((read) => read.since)) as Ticks;
  const next: FollowerReads = {
    waiting: [],
    asked: [...fresh, { question, ids: ids.flatMap((read) => read.ids), since, sentAt: now.ticks }],
    questions: question,
  };
  const message: ReadIndex = { type: "ReadIndex", term: state.term, question };
  // Early: a question promises nothing.
  return [{ ...state, reads: next }, [...dropped, sendEarly(leader, message)]];
}

/** Readers that waited longer than any deadline allows are told that there is no leader. */
function expire(
  state: RaftState,
  now: Now,
): { readonly reads: FollowerReads; readonly dropped: readonly RaftEffect[] } {
  const limit = now.ticks - state.settings.readTicksMax;
  const old = [...state.reads.waiting, ...state.reads.asked].filter(({ since }) => since < limit);
  if (old.length === 0) return { reads: state.reads, dropped: [] };
  const dropped = old.flatMap(({ ids }) =>
    ids.map((id) => refuse(id, { code: "NoLeader", definite: true })),
  );
  const reads = {
    ...state.reads,
    waiting: state.reads.waiting.filter(({ since }) => since >= limit),
    asked: state.reads.asked.filter(({ since }) => since >= limit),
  };
  return { reads, dropped };
}

function split<T extends { readonly sentAt: Ticks }>(
  asked: readonly T[],
  limit: number,
): readonly [fresh: readonly T[], stale: readonly T[]] {
  return [
    asked.filter(({ sentAt }) => sentAt > limit),
    asked.filter(({ sentAt }) => sentAt <= limit),
  ];
}

function waitingReads(state: RaftState): number {
  const count = (reads: readonly { readonly ids: readonly RequestId[] }[]): number =>
    reads.reduce((sum, { ids }) => sum + Math.max(1, ids.length), 0);
  const leading = state.role.type === "Leader" ? count(state.role.reads) : 0;
  return leading + count(state.reads.waiting) + count(state.reads.asked);
}

const readable = (
  ids: readonly RequestId[],
  at: LogIndex,
  validUntil: Ticks | null,
): RaftEffect => ({
  type: "Readable",
  ids,
  at,
  validUntil,
});
