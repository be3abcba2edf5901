import {
  andThen,
  configOf,
  drawBelow,
  hasLost,
  hasQuorum,
  isSelfVoter,
  isVoter,
  type Log,
  type LogIndex,
  NO_EFFECTS,
  NO_ROUNDS,
  type NodeId,
  type Now,
  othersOf,
  PerMember,
  type PersistSeq,
  sendEarly,
  type Ticks,
} from "../../core/index.ts";
import { appendOwn } from "./log-writes.ts";
import type { PreVote, PreVoteReply, RequestVote, RequestVoteReply, Term } from "./message.ts";
import {
  becomeFollower,
  type Candidate,
  type PreCandidate,
  type Progress,
  persistHardState,
  type RaftEffect,
  type RaftState,
  type RaftStep,
  resetElectionTimer,
  send,
} from "./state.ts";

/** The election time-out has passed: ask for votes, or, where pre-vote is on, first ask whether to ask. */
export function onElectionTimeout(state: RaftState, now: Now): RaftStep {
  const next = resetElectionTimer(state, now.ticks);
  // A learner, a removed member and one that is being replaced by a snapshot have nothing to offer.
  if (!mayBeNeeded(state) || state.installing !== null) return [next, NO_EFFECTS];
  // Nor has one that is rebuilt; but a leader that sleeps, in the belief that all have all, must hear of it.
  if (state.repairing) return [next, questions(next)];
  return state.settings.rules.preVote
    ? askForPreVotes(next, now)
    : standForElection(next, now, false);
}

/** Asks whether an election could be won, without raising the term (dissertation §9.6). */
function askForPreVotes(state: RaftState, now: Now): RaftStep {
  const role: PreCandidate = { type: "PreCandidate", granted: [state.self], refused: [] };
  return andThen([{ ...state, role, heardFromLeaderAt: null }, questions(state)], (s: RaftState) =>
    countPreVotes(s, now),
  );
}

function questions(state: RaftState): readonly RaftEffect[] {
  const message: PreVote = { type: "PreVote", term: nextTerm(state), ...lastOf(state.log) };
  // Early: a pre-vote promises nothing and changes nothing.
  return othersOf(state).map((peer) => sendEarly(peer, message));
}

/**
 * Answers a pre-vote. A peer that hears a leader refuses, and granting does not count as hearing one: otherwise
 * two partitioned members could keep a third from ever timing out.
 */
export function onPreVote(state: RaftState, now: Now, from: NodeId, m: PreVote): RaftStep {
  const voteGranted =
    m.term > state.term && mayVote(state) && isUpToDate(m, state) && !hearsLeader(state, now);
  const reply: PreVoteReply = {
    type: "PreVoteReply",
    term: voteGranted ? m.term : state.term,
    voteGranted,
  };
  // Early: the answer binds nobody. A sleeper that is asked wakes, lest it refuse for a leader long dead.
  const awake =
    state.electionAt === null && state.role.type !== "Leader"
      ? resetElectionTimer(state, now.ticks)
      : state;
  return [awake, [sendEarly(from, reply)]];
}

export function onPreVoteReply(
  state: RaftState,
  now: Now,
  from: NodeId,
  m: PreVoteReply,
): RaftStep {
  if (state.role.type !== "PreCandidate") return [state, NO_EFFECTS];
  if (m.voteGranted && m.term !== nextTerm(state)) return [state, NO_EFFECTS];
  return countPreVotes(
    { ...state, role: { ...state.role, ...tally(state.role, from, m.voteGranted) } },
    now,
  );
}

function countPreVotes(state: RaftState, now: Now): RaftStep {
  if (state.role.type !== "PreCandidate") return [state, NO_EFFECTS];
  const { granted, refused } = state.role;
  if (hasQuorum(configOf(state), (member) => granted.includes(member)))
    return standForElection(state, now, false);
  if (!hasLost(configOf(state), (member) => refused.includes(member))) return [state, NO_EFFECTS];
  return [{ ...state, role: { type: "Follower", leader: null } }, NO_EFFECTS];
}

/** A new term, a vote for oneself, and the question to all others (§5.2). */
export function standForElection(state: RaftState, now: Now, transfer: boolean): RaftStep {
  const term = nextTerm(state);
  const stood = resetElectionTimer(
    { ...state, term, votedFor: state.self, heardFromLeaderAt: null },
    now.ticks,
  );
  return andThen(persistHardState(stood, now.ticks), (s) => {
    const role: Candidate = { type: "Candidate", granted: [], refused: [], voteSeq: s.persisted };
    const message: RequestVote = { type: "RequestVote", term, ...lastOf(s.log), transfer };
    // Not early: the question tells others that this term was used and our own vote in it given away.
    const next = { ...s, role };
    const asked: RaftStep = [next, othersOf(s).map((peer) => send(next, peer, message))];
    return s.settings.rules.persistBeforeReply
      ? asked
      : andThen(asked, (a) => onVoteDurable(a, now, a.persisted));
  });
}

/** Our own vote counts once it is on disk, exactly like anybody else's. */
export function onVoteDurable(state: RaftState, now: Now, upTo: PersistSeq): RaftStep {
  if (state.role.type !== "Candidate" || upTo < state.role.voteSeq) return [state, NO_EFFECTS];
  return countVotes(
    { ...state, role: { ...state.role, ...tally(state.role, state.self, true) } },
    now,
  );
}

/**
 * Answers a candidate (§5.2, §5.4.1).
 *
 * One vote per term, and only for a log at least as complete as ours. The second half is what puts
 * every committed entry into the log of every future leader.
 */
export function onRequestVote(state: RaftState, now: Now, from: NodeId, m: RequestVote): RaftStep {
  const { rules } = state.settings;
  const free = state.votedFor === null || state.votedFor === from || !rules.voteOncePerTerm;
  const voteGranted = m.term === state.term && free && mayVote(state) && isUpToDate(m, state);
  const reply: RequestVoteReply = { type: "RequestVoteReply", term: state.term, voteGranted };
  if (!voteGranted) return [state, [send(state, from, reply)]];

  const next = resetElectionTimer({ ...state, votedFor: from }, now.ticks);
  // A vote is a promise. Losing it in a crash lets us promise twice, so the reply is not `early`.
  return andThen(persistHardState(next, now.ticks), (s) => [s, [send(s, from, reply)]]);
}

export function onRequestVoteReply(
  state: RaftState,
  now: Now,
  from: NodeId,
  m: RequestVoteReply,
): RaftStep {
  if (state.role.type !== "Candidate" || m.term !== state.term) return [state, NO_EFFECTS];
  return countVotes(
    { ...state, role: { ...state.role, ...tally(state.role, from, m.voteGranted) } },
    now,
  );
}

/** Only voters of our own configuration count, whoever else may have answered (card 21, traps). */
function countVotes(state: RaftState, now: Now): RaftStep {
  if (state.role.type !== "Candidate") return [state, NO_EFFECTS];
  const { granted, refused } = state.role;
  if (hasQuorum(configOf(state), (member) => granted.includes(member)))
    return becomeLeader(state, now);
  if (!hasLost(configOf(state), (member) => refused.includes(member))) return [state, NO_EFFECTS];
  return becomeFollower(state, now.ticks, state.term, null);
}

/** Leads, and says so with an entry of its own term: nothing older can be counted as committed before it (§8). */
function becomeLeader(state: RaftState, now: Now): RaftStep {
  const { heartbeatTicks, electionTicksMax, rules } = state.settings;
  const termStart = (state.log.lastIndex + 1) as LogIndex;
  const progress = PerMember.of(othersOf(state), () => unknownProgress(state, now.ticks));
  const next: RaftState = {
    ...state,
    electionAt: null,
    role: {
      type: "Leader",
      progress,
      termStart,
      ...NO_ROUNDS,
      quorumCheckAt: (now.ticks + electionTicksMax) as Ticks,
      heartbeatAt: (now.ticks + heartbeatTicks) as Ticks,
      transfer: null,
      invited: false,
      lastBusyAt: now.ticks,
      asleep: false,
    },
  };
  return rules.noopOnElection
    ? appendOwn(next, now, [{ kind: "noop", command: new Uint8Array(0) }])
    : [next, NO_EFFECTS];
}

/** What a leader knows of a member at first: nothing, so it probes from the end of its own log. */
export function unknownProgress(state: RaftState, at: Ticks): Progress {
  return {
    matchIndex: 0 as LogIndex,
    nextIndex: (state.log.lastIndex + 1) as LogIndex,
    mode: "probe",
    inflight: [],
    inflightBytes: 0,
    waitingSince: at,
    round: 0,
    heardAt: at,
    toldCommit: 0 as LogIndex,
  };
}

/**
 * True while this replica owes its leader to be left alone: it leads itself, sleeps at a leader's word, or heard
 * one within the least election time-out. Leases and pre-votes stand on it.
 */
export function hearsLeader(state: RaftState, now: Now): boolean {
  if (state.role.type === "Leader") return true;
  if (state.electionAt === null && isSelfVoter(state)) return true;
  if (state.heardFromLeaderAt === null) return false;
  return now.ticks - state.heardFromLeaderAt < state.settings.electionTicksMin;
}

/**
 * The link to the leader closed. That is a hint that it died: stand soon, and let others stand. All who follow it find out at the same
 * moment, so they stand one after the other: two at once would split the votes, and wait for an election time-out then. With lease
 * reads on its lease must run out first, whatever the link says.
 */
export function onLeaderLinkDown(state: RaftState, now: Now): RaftState {
  if (state.settings.leaseReads)
    return state.electionAt === null ? resetElectionTimer(state, now.ticks) : state;
  const [wait, random] = drawBelow(state.random, Math.max(1, state.settings.linkLossTicksMax));
  // Twice, so that at least one whole wait lies between two of them.
  const before = 2 * placeInLine(state) * state.settings.linkLossTicksMax;
  const soon = (now.ticks + 1 + before + wait) as Ticks;
  const electionAt = state.electionAt === null || soon < state.electionAt ? soon : state.electionAt;
  return { ...state, random, heardFromLeaderAt: null, electionAt };
}

/** How many voters stand before this one. Another begins in every term, so that not all groups of a node come to be led by one. */
function placeInLine(state: RaftState): number {
  const { role, self, term } = state;
  const leader = role.type === "Follower" ? role.leader : null;
  const line = configOf(state).voters.filter((voter) => voter !== leader);
  const at = line.indexOf(self);
  return at < 0 ? line.length : (at + term) % line.length;
}

/** A leader has voted for itself; one that is being repaired does not know what its vote is worth. */
const mayVote = (state: RaftState): boolean =>
  (state.role.type !== "Leader" || !state.settings.rules.voteOncePerTerm) && !state.repairing;

/**
 * A voter of the committed configuration, or of one behind it. One that the newest configuration leaves out still
 * stands until that is committed, and then needs the votes of those whom it names (dissertation §4.2.2): when the old
 * members alone hold the entry that removes them, nobody else can be elected, because their logs are the longest.
 */
function mayBeNeeded({ configs, commitIndex, self }: RaftState): boolean {
  return configs.some(
    ({ config }, i) =>
      (configs[i + 1]?.index ?? Number.MAX_SAFE_INTEGER) > commitIndex && isVoter(config, self),
  );
}

/** Compares the last terms first, and the lengths only where these are equal (§5.4.1). */
function isUpToDate(
  m: { readonly lastLogIndex: LogIndex; readonly lastLogTerm: Term },
  state: RaftState,
): boolean {
  if (!state.settings.rules.upToDateLog) return true;
  const { epoch, index } = state.log.last;
  return m.lastLogTerm > epoch || (m.lastLogTerm === epoch && m.lastLogIndex >= index);
}

function tally(
  role: PreCandidate | Candidate,
  from: NodeId,
  granted: boolean,
): Pick<Candidate, "granted" | "refused"> {
  const known = role.granted.includes(from) || role.refused.includes(from);
  if (known) return role;
  return granted
    ? { granted: [...role.granted, from], refused: role.refused }
    : { granted: role.granted, refused: [...role.refused, from] };
}

const nextTerm = (state: RaftState): Term => (state.term + 1) as Term;

const lastOf = (log: Log): { readonly lastLogIndex: LogIndex; readonly lastLogTerm: Term } => ({
  lastLogIndex: log.last.index,
  lastLogTerm: log.last.epoch as Term,
});
