import {
  type Accepted,
  andThen,
  type Ballot,
  type Entry,
  hasQuorum,
  type LogIndex,
  mayPromise,
  NO_EFFECTS,
  type NodeId,
  type Now,
  othersOf,
  type PersistSeq,
  prevailing,
  sendEarly,
} from "../../core/index.ts";
import { recordEntries } from "./acceptance.ts";
import { mayDecide } from "./configuration.ts";
import { canServe, hearsLeader, ownNextBallot } from "./election.ts";
import { becomeLeader, valuesToPropose } from "./lead.ts";
import type { Prepare, Promised, Reject, Slot } from "./message.ts";
import {
  becomeFollower,
  firstUndecided,
  type Leader,
  learn,
  type PaxosState,
  type PaxosStep,
  type Preparing,
  promiseBallot,
  resetElectionTimer,
  send,
} from "./state.ts";
import { Window } from "./window.ts";

/**
 * Phase 1a (card 19): one ballot for all slots from the first that is not known to be chosen. The own acceptor promises it first, on
 * disk, so that no restart ever uses it again.
 */
export function prepare(state: PaxosState, now: Now, takeOver: boolean): PaxosStep {
  const ballot = ownNextBallot(state);
  const reset = resetElectionTimer(state, now.ticks);
  return andThen(promiseBallot(reset, now.ticks, ballot), (s) => {
    const asked = othersOf(s);
    const role: Preparing = {
      type: "Preparing",
      promised: [],
      asked,
      found: new Window(),
      before: s.acceptedUnder,
      promiseSeq: s.persisted,
    };
    const message: Prepare = { type: "Prepare", ballot, fromSlot: firstUndecided(s), takeOver };
    const next = { ...s, role };
    // Not early: it tells others of a ballot that must never be used again.
    const sent: PaxosStep = [next, asked.map((peer) => send(next, peer, message))];
    return s.settings.rules.persistBeforeReply
      ? sent
      : andThen(sent, (a) => onPromiseDurable(a, now, a.persisted));
  });
}

/** Our own promise counts once it is on disk, exactly like anybody else's. */
export function onPromiseDurable(state: PaxosState, now: Now, upTo: PersistSeq): PaxosStep {
  if (state.role.type !== "Preparing" || upTo < state.role.promiseSeq) return [state, NO_EFFECTS];
  return countPromise(state, state.role, now, state.self, state.commitIndex);
}

/** Phase 1b. An acceptor that hears a leader ignores others, so that one who was cut off cannot depose it (card 18). */
export function onPrepare(state: PaxosState, now: Now, from: NodeId, m: Prepare): PaxosStep {
  if (state.repairing || !canServe(state, m.fromSlot)) return [state, NO_EFFECTS];
  if (!mayPromise(state.term, m.ballot)) return [state, [rejection(state, from, m.ballot)]];
  const fresh = m.ballot > state.term;
  if (fresh && !m.takeOver && hearsLeader(state, now, from)) return [state, NO_EFFECTS];
  const heard = fresh ? becomeFollower(state, now.ticks, null) : state;
  return andThen(promiseBallot(heard, now.ticks, m.ballot), (s) => {
    // A promise: losing it in a crash would let us break it, so the reply is not `early`.
    return [s, [send(s, from, promisedFrom(s, m))]];
  });
}

/** Early: a rejection binds nobody, and one that a crash makes untrue only makes a proposer jump higher than it had to. */
export const rejection = (state: PaxosState, to: NodeId, ballot: Reject["ballot"]) =>
  sendEarly(to, { type: "Reject", ballot, promised: state.term });

/** As much of what is chosen and accepted from a slot on as one message may hold; where there is more, the proposer asks again. */
function promisedFrom(state: PaxosState, { ballot, fromSlot }: Prepare): Promised {
  const { log, accepted, settings } = state;
  const { batchEntriesMax, batchBytesMax } = settings;
  const before = Math.min(fromSlot - 1, log.lastIndex) as LogIndex;
  const chosen = log.slice(before, log.lastIndex, batchEntriesMax, batchBytesMax);
  const told: Accepted<Entry>[] = [];
  const { acceptedUnder } = state;
  const head = { type: "Promised", ballot, fromSlot, chosen, decided: log.lastIndex } as const;
  const message = { ...head, accepted: told, acceptedUnder };
  const lastChosen = before + chosen.length;
  if (lastChosen < log.lastIndex) return { ...message, rest: (lastChosen + 1) as Slot };
  let bytes = chosen.reduce((sum, { command }) => sum + command.length, 0);
  for (const slot of accepted.slotsFrom(fromSlot)) {
    const known = accepted.get(slot);
    if (known === undefined) continue;
    bytes += known.value.command.length;
    const full = chosen.length + told.length >= batchEntriesMax || bytes > batchBytesMax;
    if (full && slot > fromSlot) return { ...message, rest: slot };
    told.push(known);
  }
  return { ...message, rest: null };
}

/** One acceptor's promise, or a part of it (a promise of an older ballot was dropped by `step`). */
export function onPromised(state: PaxosState, now: Now, from: NodeId, m: Promised): PaxosStep {
  if (m.ballot !== state.term) return [state, NO_EFFECTS];
  if (state.role.type === "Leader") return [notePromise(state, state.role, from), NO_EFFECTS];
  if (state.role.type !== "Preparing") return [state, NO_EFFECTS];
  const before = Math.max(state.role.before, m.acceptedUnder) as Ballot;
  const role: Preparing = { ...state.role, before };
  if (role.promised.some(({ acceptor }) => acceptor === from)) return [state, NO_EFFECTS];
  return andThen(learnFrom(state, now, m), (s) => {
    for (const found of m.accepted) {
      const { index } = found.value;
      const known = role.found.get(index) ?? null;
      const value = prevailing(known, found, s.settings.rules);
      if (value !== null) role.found.set(index, value);
    }
    if (m.rest === null) return countPromise(s, role, now, from, m.decided);
    // There is more to tell: a proposer that hears it has no reason to give up yet.
    const message: Prepare = {
      type: "Prepare",
      ballot: m.ballot,
      fromSlot: m.rest,
      takeOver: false,
    };
    return [resetElectionTimer({ ...s, role }, now.ticks), [send(s, from, message)]];
  });
}

/** Of a voter to come, or one that comes too late to be counted: from now on it accepts nothing of a lower ballot. */
const notePromise = (state: PaxosState, role: Leader, from: NodeId): PaxosState =>
  role.promised.includes(from)
    ? state
    : { ...state, role: { ...role, promised: [...role.promised, from] } };

/** What an acceptor knows to be chosen needs no proposal. */
function learnFrom(state: PaxosState, now: Now, { chosen }: Promised): PaxosStep {
  const first = chosen.findIndex(({ index }) => index === firstUndecided(state));
  if (first < 0) return [state, NO_EFFECTS];
  const fresh = chosen.slice(first);
  return andThen(learn(state, fresh), (s) => recordEntries(s, now, s.term, fresh));
}

/**
 * Phase 1 ends when a majority of every configuration that may decide any of the slots has promised. Any of them can have been decided
 * by a configuration that was chosen in a slot that is not known here to be chosen; then a majority of that slot's own voters tells of
 * it, and in turn of the next.
 */
function countPromise(
  state: PaxosState,
  role: Preparing,
  now: Now,
  acceptor: NodeId,
  decided: Slot,
): PaxosStep {
  if (role.promised.some((known) => known.acceptor === acceptor)) return [state, NO_EFFECTS];
  const promised = [...role.promised, { acceptor, decided }];
  const heard = (member: NodeId): boolean => promised.some((known) => known.acceptor === member);
  const needed = mayDecide(state, valuesToPropose(state, role.found).values());
  const counted: Preparing = { ...role, promised };
  if (needed.every((config) => hasQuorum(config, heard)))
    return becomeLeader({ ...state, role: counted }, counted, now);
  const unasked = needed
    .flatMap(({ voters }) => voters)
    .filter((voter) => voter !== state.self && !role.asked.includes(voter));
  return askAlso(state, counted, [...new Set(unasked)]);
}

/** Phase 1a for voters of whom this proposer learned by phase 1 itself. */
function askAlso(state: PaxosState, role: Preparing, voters: readonly NodeId[]): PaxosStep {
  const message: Prepare = {
    type: "Prepare",
    ballot: state.term,
    fromSlot: firstUndecided(state),
    takeOver: false,
  };
  const next = { ...state, role: { ...role, asked: [...role.asked, ...voters] } };
  return [next, voters.map((voter) => send(next, voter, message))];
}
