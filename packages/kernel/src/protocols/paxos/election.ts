import {
  andThen,
  assert,
  type Ballot,
  configOf,
  drawBelow,
  hasLost,
  hasQuorum,
  isSelfVoter,
  NO_EFFECTS,
  type NodeId,
  type Now,
  nextBallot,
  othersOf,
  sendEarly,
  type Ticks,
} from "../../core/index.ts";
import { placeIn } from "./configuration.ts";
import type { PreVote, PreVoteReply, Reject, Slot } from "./message.ts";
import { prepare } from "./prepare.ts";
import {
  becomeFollower,
  firstUndecided,
  type PaxosState,
  type PaxosStep,
  type PreCandidate,
  resetElectionTimer,
} from "./state.ts";

/** The leader has been silent for too long: prepare a ballot, or, where pre-vote is on, first ask whether to. */
export function onElectionTimeout(state: PaxosState, now: Now): PaxosStep {
  const next = resetElectionTimer(state, now.ticks);
  // It learnt while it prepared that it is no voter any more.
  if (state.role.type === "Preparing" && !isSelfVoter(state))
    return [becomeFollower(state, now.ticks, null), NO_EFFECTS];
  // A learner and one that is being replaced by a snapshot have nothing to offer; one that is rebuilt promises nothing, not even to itself.
  if (!isSelfVoter(state) || state.installing !== null || state.repairing)
    return [next, NO_EFFECTS];
  return state.settings.rules.preVote ? askForPreVotes(next, now) : prepare(next, now, false);
}

/**
 * Asks whether a ballot would be promised, without using it up: whoever was cut off comes back with no ballot that rejects the leader's.
 */
function askForPreVotes(state: PaxosState, now: Now): PaxosStep {
  const role: PreCandidate = { type: "PreCandidate", granted: [state.self], refused: [] };
  const message: PreVote = {
    type: "PreVote",
    ballot: ownNextBallot(state),
    fromSlot: firstUndecided(state),
  };
  // Early: a pre-vote promises nothing and changes nothing.
  const questions = othersOf(state).map((peer) => sendEarly(peer, message));
  return andThen([{ ...state, role }, questions], (s: PaxosState) => countPreVotes(s, now));
}

/** Answers a pre-vote as it would answer the prepare. Granting does not count as hearing a leader. */
export function onPreVote(state: PaxosState, now: Now, from: NodeId, m: PreVote): PaxosStep {
  if (state.repairing) return [state, NO_EFFECTS];
  const granted =
    m.ballot > state.term && canServe(state, m.fromSlot) && !hearsLeader(state, now, from);
  const reply: PreVoteReply = {
    type: "PreVoteReply",
    ballot: granted ? m.ballot : state.term,
    granted,
  };
  // Early: the answer binds nobody.
  return [state, [sendEarly(from, reply)]];
}

export function onPreVoteReply(
  state: PaxosState,
  now: Now,
  from: NodeId,
  m: PreVoteReply,
): PaxosStep {
  const heard = m.granted
    ? state
    : { ...state, highest: Math.max(state.highest, m.ballot) as Ballot };
  const { role } = heard;
  if (role.type !== "PreCandidate" || role.granted.includes(from) || role.refused.includes(from))
    return [heard, NO_EFFECTS];
  if (m.granted && m.ballot !== ownNextBallot(heard)) return [heard, NO_EFFECTS];
  const counted: PreCandidate = m.granted
    ? { ...role, granted: [...role.granted, from] }
    : { ...role, refused: [...role.refused, from] };
  return countPreVotes({ ...heard, role: counted }, now);
}

function countPreVotes(state: PaxosState, now: Now): PaxosStep {
  if (state.role.type !== "PreCandidate") return [state, NO_EFFECTS];
  const { granted, refused } = state.role;
  if (hasQuorum(configOf(state), (member) => granted.includes(member)))
    return prepare(state, now, false);
  if (!hasLost(configOf(state), (member) => refused.includes(member))) return [state, NO_EFFECTS];
  return [{ ...state, role: { type: "Follower", leader: null, decided: 0 as Slot } }, NO_EFFECTS];
}

/**
 * An acceptor has promised a higher ballot (card 18). Whoever prepares or leads under this one gives way, remembers what to jump
 * above, and tries again after a random time that doubles with each ballot in a row that came to nothing: two proposers that keep
 * rejecting each other part company.
 */
export function onReject(state: PaxosState, now: Now, m: Reject): PaxosStep {
  const highest = Math.max(state.highest, m.promised) as Ballot;
  const known = { ...state, highest };
  const busy = state.role.type === "Preparing" || state.role.type === "Leader";
  if (!busy || m.ballot !== state.term || m.promised <= m.ballot) return [known, NO_EFFECTS];
  return [backOff(known, now), NO_EFFECTS];
}

function backOff(state: PaxosState, now: Now): PaxosState {
  const { rules, electionTicksMin, backOffDoublingsMax } = state.settings;
  const follower = becomeFollower(state, now.ticks, null);
  if (!rules.backOff) return { ...follower, electionAt: now.ticks };
  const attempts = Math.min(state.attempts + 1, backOffDoublingsMax);
  const [wait, random] = drawBelow(follower.random, electionTicksMin * 2 ** attempts);
  const electionAt = (now.ticks + Math.floor(electionTicksMin / 2) + wait) as Ticks;
  return { ...follower, attempts, random, electionAt };
}

/**
 * True while this acceptor owes its leader to be left alone by everybody else: it leads itself, or heard one within the least
 * election time-out. Leases and pre-votes stand on it. The leader itself may ask: it no longer leads, or it would not.
 */
export function hearsLeader(state: PaxosState, now: Now, asker: NodeId): boolean {
  const { role, heardFromLeaderAt, settings } = state;
  if (!settings.rules.leaderStickiness) return false;
  if (role.type === "Leader") return true;
  if (role.type === "Follower" && role.leader === asker) return false;
  return heardFromLeaderAt !== null && now.ticks - heardFromLeaderAt < settings.electionTicksMin;
}

/** Whether all that is chosen from this slot on is still in the log: nobody who lacks what is gone can lead by our promise. */
export const canServe = (state: PaxosState, fromSlot: number): boolean =>
  fromSlot > state.log.base.index;

/** The ballot that this replica would prepare next, as a voter. */
export function ownNextBallot(state: PaxosState): Ballot {
  const place = placeIn(configOf(state), state.self);
  assert(place !== null, "only a voter prepares");
  return nextBallot(Math.max(state.highest, state.term) as Ballot, place);
}

/**
 * The link to the leader closed: a hint that it died. Stand soon, one after the other, as all find out at the same moment. With
 * lease reads on its lease must run out first, whatever the link says.
 */
export function onLeaderLinkDown(state: PaxosState, now: Now): PaxosState {
  const { leaseReads, linkLossTicksMax } = state.settings;
  if (leaseReads) return state;
  const [wait, random] = drawBelow(state.random, Math.max(1, linkLossTicksMax));
  // Twice, so that at least one whole wait lies between two of them.
  const before = 2 * placeInLine(state) * linkLossTicksMax;
  const soon = (now.ticks + 1 + before + wait) as Ticks;
  const electionAt = state.electionAt === null || soon < state.electionAt ? soon : state.electionAt;
  return { ...state, random, heardFromLeaderAt: null, electionAt };
}

/** How many voters stand before this one. Another begins after every leader, so that not all groups of a node come to be led by one. */
function placeInLine(state: PaxosState): number {
  const { role, self, term } = state;
  const leader = role.type === "Follower" ? role.leader : null;
  const line = configOf(state).voters.filter((voter) => voter !== leader);
  const at = line.indexOf(self);
  return at < 0 ? line.length : (at + term) % line.length;
}
