import {
  andThen,
  configOf,
  hasQuorum,
  isSelfVoter,
  NO_EFFECTS,
  type NodeId,
  type Now,
  othersOf,
  PerMember,
  sendEarly,
  type Ticks,
} from "../../core/index.ts";
import { follow, lead, report } from "./discovery.ts";
import type { Candidate, Notification } from "./message.ts";
import { waitingReaders } from "./reads.ts";
import {
  credentialsOf,
  type Heard,
  isAhead,
  type Looking,
  type ZabEffect,
  type ZabState,
  type ZabStep,
} from "./state.ts";
import { isDiskHung } from "./timers.ts";

/**
 * Phase 0. Looks for a leader: whoever knows one says so, and among those who look the best candidate is voted for. What
 * it finds is a hint. Two may come to believe that they lead; discovery lets one of them have an epoch.
 */
export function look(state: ZabState, now: Now, notBefore: number = now.ticks): ZabStep {
  const role: Looking = {
    type: "Looking",
    vote: null,
    heard: PerMember.of<Heard | null>(othersOf(state), () => null),
    notifyAt: (now.ticks + state.settings.notifyTicks) as Ticks,
    notBefore: notBefore as Ticks,
    settleAt: null,
  };
  const next: ZabState = { ...state, role, reads: waitingReaders(state) };
  const looking: ZabState = { ...next, role: { ...role, vote: bestCandidate(next, role, now) } };
  return andThen([looking, tellAll(looking, now)], (s) => settle(s, now));
}

/** Anybody's word on where it stands. */
export function onNotification(state: ZabState, now: Now, from: NodeId, m: Notification): ZabStep {
  const { role } = state;
  if (role.type === "Following" && role.leader === from && hasLeft(state, m))
    return look(state, now);
  // Our report may have come before it began to lead, and been dropped.
  if (isAwaited(state, from) && m.standing === "leading") return [state, [report(state, from)]];
  if (role.type !== "Looking") {
    // Early: where this replica stands is a hint.
    return [
      state,
      m.standing === "looking" ? [sendEarly(from, notificationOf(state, now))] : NO_EFFECTS,
    ];
  }
  if (m.standing === "leading" && isMinded(state)) return follow(state, now, from);
  const news: Heard | null =
    m.standing === "looking" ? { at: now.ticks, candidate: m.candidate, vote: m.vote } : null;
  const first = news !== null && role.heard.get(from) === null;
  const heard: ZabState = { ...state, role: { ...role, heard: role.heard.with(from, news) } };
  // Early: a vote binds nobody.
  const answer = first ? [sendEarly(from, notificationOf(heard, now))] : NO_EFFECTS;
  return andThen([heard, answer], (s) => evaluate(s, now));
}

const isAwaited = ({ role }: ZabState, leader: NodeId): boolean =>
  role.type === "Following" && role.leader === leader && role.phase === "discovery";

/**
 * Our leader gave up, or follows another. What it told before it began to lead says nothing: the epoch that it has
 * accepted tells the two apart.
 */
function hasLeft({ role, acceptedEpoch }: ZabState, m: Notification): boolean {
  if (role.type !== "Following" || m.standing === "leading") return false;
  return role.phase === "discovery" ? m.standing === "following" : m.acceptedEpoch >= acceptedEpoch;
}

export function onLookingWake(state: ZabState, now: Now): ZabStep {
  const { role } = state;
  if (role.type !== "Looking") return [state, NO_EFFECTS];
  const due = now.ticks >= role.notifyAt;
  const notifyAt = due ? ((now.ticks + state.settings.notifyTicks) as Ticks) : role.notifyAt;
  return andThen(evaluate({ ...state, role: { ...role, notifyAt } }, now), (s) => {
    const same = s.role.type === "Looking" && s.role.vote === role.vote;
    // A changed vote was told when it changed.
    return [s, due && same ? tellAll(s, now) : NO_EFFECTS];
  });
}

export function notificationOf(state: ZabState, now: Now): Notification {
  const { role, acceptedEpoch } = state;
  const looks = role.type === "Looking";
  const standing = looks ? "looking" : role.type === "Leading" ? "leading" : "following";
  return {
    type: "Notification",
    standing,
    acceptedEpoch,
    candidate: looks ? ownCandidacy(state, now) : null,
    vote: looks ? role.vote : null,
  };
}

/** Tells all others where this replica stands. */
export function tellAll(state: ZabState, now: Now): readonly ZabEffect[] {
  if (state.role.type === "Following") return NO_EFFECTS;
  const message = notificationOf(state, now);
  // Early: votes bind nobody, and whoever follows finds out in discovery whether there is a leader.
  return othersOf(state).map((peer) => sendEarly(peer, message));
}

/** Votes anew with what is known by now; tells it where it changed; settles where it can be. */
function evaluate(state: ZabState, now: Now): ZabStep {
  const { role } = state;
  if (role.type !== "Looking") return [state, NO_EFFECTS];
  const vote = bestCandidate(state, role, now);
  const next: ZabState = { ...state, role: { ...role, vote } };
  if (vote === role.vote) return settle(next, now);
  const anew: ZabState = { ...next, role: { ...role, vote, settleAt: null } };
  return andThen([anew, tellAll(anew, now)], (s) => settle(s, now));
}

/** A majority agrees: the best candidate may still be unheard, unless everybody has spoken. */
function settle(state: ZabState, now: Now): ZabStep {
  const { role, self, settings } = state;
  if (role.type !== "Looking") return [state, NO_EFFECTS];
  const { vote, settleAt, notBefore } = role;
  const config = configOf(state);
  const agrees = (member: NodeId): boolean =>
    member === self ? isSelfVoter(state) : freshOf(state, role, member, now)?.vote === vote;
  if (vote === null || !hasQuorum(config, agrees))
    return [{ ...state, role: { ...role, settleAt: null } }, NO_EFFECTS];
  const at = config.voters.every(agrees)
    ? notBefore
    : (settleAt ?? ((Math.max(now.ticks, notBefore) + settings.settleTicks) as Ticks));
  if (now.ticks < at) return [{ ...state, role: { ...role, settleAt: at } }, NO_EFFECTS];
  return vote === self ? lead(state, now) : follow(state, now, vote);
}

/**
 * Higher currentEpoch, then later zxid, then higher id (card 22). Each candidate speaks for itself. One that is reluctant
 * still stands: were its history ahead and it did not, whoever leads would have to give up as soon as it promises.
 */
function bestCandidate(state: ZabState, role: Looking, now: Now): NodeId | null {
  if (!isSelfVoter(state) || !isMinded(state) || state.repairing) return null;
  const own = ownCandidacy(state, now);
  let best = own === null ? null : { id: state.self, ...own };
  for (const id of role.heard.members) {
    const candidate = freshOf(state, role, id, now)?.candidate ?? null;
    if (candidate === null) continue;
    const other = { id, ...candidate };
    if (best === null || isBetter(other, best)) best = other;
  }
  return best?.id ?? null;
}

type Known = Candidate & { readonly id: NodeId };

function isBetter(a: Known, b: Known): boolean {
  if (isAhead(a, b)) return true;
  if (isAhead(b, a)) return false;
  return a.reluctant === b.reluctant ? a.id > b.id : b.reluctant;
}

function ownCandidacy(state: ZabState, now: Now): Candidate | null {
  const reluctant = now.ticks < state.standAgainAt;
  const alone = configOf(state).voters.length === 1;
  if (!mayStand(state, now) || (alone && reluctant)) return null;
  return { ...credentialsOf(state), reluctant };
}

function freshOf({ settings }: ZabState, role: Looking, member: NodeId, now: Now): Heard | null {
  const heard = role.heard.get(member) ?? null;
  return heard === null || now.ticks - heard.at > settings.candidateTicks ? null : heard;
}

/** A learner, one that is rebuilt and one whose disk hangs have nothing to offer. */
export const mayStand = (state: ZabState, now: Now): boolean =>
  isSelfVoter(state) && !state.repairing && isMinded(state) && !isDiskHung(state, now);

/** Until a received snapshot is installed it follows nobody anew: its history is about to be another. */
const isMinded = (state: ZabState): boolean => state.installing === null;
