import {
  accept,
  andThen,
  type Ballot,
  type Bytes,
  byId,
  type Failure,
  isVoter,
  majority,
  NO_EFFECTS,
  type NodeId,
  type Now,
  nextBallot,
  prevailing,
  promise,
  type RequestId,
  refuse,
  type Ticks,
} from "../../core/index.ts";
import { onVote, tellLearners } from "./learn.ts";
import type { SynodMessage } from "./message.ts";
import {
  othersOf,
  type Proposer,
  persist,
  retryLater,
  type SynodState,
  type SynodStep,
  send,
} from "./state.ts";

/** A client wants a value chosen. It is answered with the one that is, its own or another's. */
export function onPropose(
  state: SynodState,
  now: Now,
  commands: readonly { readonly id: RequestId; readonly command: Bytes }[],
): SynodStep {
  let step: SynodStep = [state, NO_EFFECTS];
  for (const { id, command } of commands)
    step = andThen(step, (s) => proposeOne(s, now, id, command));
  return step;
}

function proposeOne(state: SynodState, now: Now, id: RequestId, value: Bytes): SynodStep {
  const { decided, waiting, settings, proposer } = state;
  if (decided !== null)
    return [state, [{ type: "Settle", id, outcome: { ok: true, value: decided } }]];
  const able = isVoter(state.config, state.self) && !state.repairing;
  if (!able || waiting.length >= settings.waitingMax) {
    const retryAfterTicks = settings.patienceTicks as Ticks;
    const failure: Failure = able
      ? { code: "Overloaded", definite: true, retryAfterTicks }
      : { code: "NotLeader", definite: true, leaderHint: null };
    return [state, [refuse(id, failure)]];
  }
  const next = { ...state, waiting: [...waiting, { id, proposes: true }] };
  return proposer.type === "Idle" ? prepare(next, now, value) : [next, NO_EFFECTS];
}

/** Phase 1a. The own acceptor promises first, and on disk: so no restart uses this ballot again. */
export function prepare(state: SynodState, now: Now, value: Bytes): SynodStep {
  const { acceptor, proposer, config, self } = state;
  const above = Math.max(acceptor.promised, proposer.highest) as Ballot;
  const ballot = nextBallot(above, [...config.voters].sort(byId).indexOf(self));
  const promised = promise(acceptor, ballot) ?? acceptor;
  return andThen(persist({ ...state, acceptor: promised }), (s) => {
    const { rejected, highest } = s.proposer;
    const preparing: Proposer = {
      type: "Preparing",
      value,
      ballot,
      promised: [],
      found: acceptor.accepted,
      rejected,
      highest,
      promiseSeq: s.persisted,
    };
    const next = retryLater({ ...s, proposer: preparing }, now.ticks);
    // Not early: a ballot that others have heard of must never be used again.
    const asked = acceptorsBut(next).map((peer) => send(next, peer, { type: "Prepare", ballot }));
    return s.settings.rules.persistBeforeReply
      ? [next, asked]
      : andThen([next, asked], (a) => onPromiseDurable({ ...a, durable: a.persisted }));
  });
}

export const acceptorsBut = (state: SynodState): readonly NodeId[] =>
  othersOf(state).filter((member) => isVoter(state.config, member));

/** The own promise counts like anybody else's: once it is on disk. */
export function onPromiseDurable(state: SynodState): SynodStep {
  const { proposer, self, durable } = state;
  if (proposer.type !== "Preparing" || durable < proposer.promiseSeq) return [state, NO_EFFECTS];
  return countPromise(state, proposer, self);
}

/** Phase 1b arrived. Promises of an older attempt do not count. */
export function onPromised(
  state: SynodState,
  from: NodeId,
  m: Extract<SynodMessage, { readonly type: "Promised" }>,
): SynodStep {
  const { proposer, settings } = state;
  if (proposer.type !== "Preparing" || m.ballot !== proposer.ballot) return [state, NO_EFFECTS];
  if (proposer.promised.includes(from)) return [state, NO_EFFECTS];
  const found = prevailing(proposer.found, m.accepted, settings.rules);
  return countPromise(state, { ...proposer, found }, from);
}

/** Phase 2a, at a majority: the value of the highest ballot that it tells of, under the own ballot; any value where it tells of none. */
function countPromise(
  state: SynodState,
  before: Extract<Proposer, { readonly type: "Preparing" }>,
  from: NodeId,
): SynodStep {
  if (before.promised.includes(from)) return [state, NO_EFFECTS];
  const proposer = { ...before, promised: [...before.promised, from] };
  const { ballot, value, rejected, highest, promised, found } = proposer;
  if (promised.length < majority(state.config.voters.length))
    return [{ ...state, proposer }, NO_EFFECTS];
  const chosen = found?.value ?? value;
  const accepting: Proposer = { type: "Accepting", value, ballot, rejected, highest };
  const next: SynodState = { ...state, proposer: accepting };
  const asked = acceptorsBut(next).map((peer) =>
    // Not early, though it promises nothing: with it goes what the own acceptor is about to say.
    send(next, peer, { type: "Accept", ballot, value: chosen }),
  );
  return andThen([next, asked], (s) => acceptOwn(s, ballot, chosen));
}

/** The own acceptor may have promised another ballot meanwhile; then it is one of those that do not accept. */
function acceptOwn(state: SynodState, ballot: Ballot, value: Bytes): SynodStep {
  const acceptor = accept(state.acceptor, ballot, value, state.settings.rules);
  if (acceptor === null) return [state, NO_EFFECTS];
  const step = andThen(persist({ ...state, acceptor }), (s) =>
    tellLearners(s, s.self, ballot, value),
  );
  return andThen(step, (s) => onVote(s, s.self, ballot, value));
}

/**
 * A higher ballot is promised somewhere. Its number is remembered, so that the next one jumps above it once, and the next is waited for
 * a random time that grows: two proposers that answer every rejection at once never let each other finish (card 18).
 */
export function onReject(
  state: SynodState,
  now: Now,
  m: Extract<SynodMessage, { readonly type: "Reject" }>,
): SynodStep {
  const { proposer, settings } = state;
  const highest = Math.max(proposer.highest, m.promised) as Ballot;
  const own = proposer.type !== "Idle" && m.ballot === proposer.ballot && m.promised > m.ballot;
  if (!own) return [{ ...state, proposer: { ...proposer, highest } }, NO_EFFECTS];
  const rejected = proposer.rejected + 1;
  const idle = { ...state, proposer: { type: "Idle", rejected, highest } as const };
  if (!settings.backOff) return prepare(idle, now, proposer.value);
  // It stays a proposer of its value: when the time has come it prepares again.
  const resting: Proposer = { ...proposer, rejected, highest, ballot: 0 as Ballot };
  return [retryLater({ ...state, proposer: resting }, now.ticks), NO_EFFECTS];
}
