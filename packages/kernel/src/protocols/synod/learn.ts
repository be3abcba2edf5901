import {
  andThen,
  type Ballot,
  type Bytes,
  byId,
  type Entry,
  type LogIndex,
  majority,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type RequestId,
  readable,
  refuse,
  sendEarly,
  type Ticks,
  votersFor,
  withVote,
} from "../../core/index.ts";
import {
  othersOf,
  persist,
  retryLater,
  type SynodEffect,
  type SynodState,
  type SynodStep,
  send,
} from "./state.ts";

/** Whom an acceptor tells what it accepted, by the scheme (card 17). */
export function learnersOf(state: SynodState, proposer: NodeId): readonly NodeId[] {
  const { learning } = state.settings;
  if (learning === "proposer") return [proposer];
  const learners = [...state.config.learners].sort(byId);
  return learning === "all" ? learners : learners.slice(0, learning);
}

/** Tells the learners of the scheme, itself without a message. */
export function tellLearners(
  state: SynodState,
  proposer: NodeId,
  ballot: Ballot,
  value: Bytes,
): SynodStep {
  const told = learnersOf(state, proposer);
  const messages = told
    .filter((learner) => learner !== state.self)
    // Not early: learners count what is on this acceptor's disk.
    .map((learner) => send(state, learner, { type: "Accepted", ballot, value }));
  return [state, messages];
}

/**
 * Counts an acceptor's vote, once for each ballot (card 17). A majority under one ballot has chosen its value. The own vote is counted
 * when `Durable` comes, by `countOwn`.
 */
export function onVote(state: SynodState, from: NodeId, ballot: Ballot, value: Bytes): SynodStep {
  if (state.decided !== null) return [state, NO_EFFECTS];
  const own = from === state.self && state.settings.rules.persistBeforeReply;
  const votes = own ? state.votes : withVote(state.votes, { acceptor: from, ballot });
  const known = state.values.some((one) => one.ballot === ballot);
  const values = known ? state.values : [...state.values, { ballot, value }];
  const next = own ? state : { ...state, votes, values };
  const counted = votersFor(next.votes, ballot, state.settings.rules).size;
  return counted >= majority(state.config.voters.length) ? decide(next, value) : [next, NO_EFFECTS];
}

/** What this acceptor accepted is on its disk, and counts here too if the scheme makes it a learner of its own. */
export function countOwn(state: SynodState): SynodStep {
  const { accepted } = state.acceptor;
  const learns = state.proposer.type === "Accepting" || state.config.learners.includes(state.self);
  if (accepted === null || !learns || state.durable < state.persisted || state.repairing)
    return [state, NO_EFFECTS];
  const { ballot, value } = accepted;
  const votes = withVote(state.votes, { acceptor: state.self, ballot });
  if (votes === state.votes) return [state, NO_EFFECTS];
  const values = [...state.values.filter((one) => one.ballot !== ballot), accepted];
  const next = { ...state, votes, values };
  const counted = votersFor(votes, ballot, state.settings.rules).size;
  return counted >= majority(state.config.voters.length) ? decide(next, value) : [next, NO_EFFECTS];
}

/** The decision is known here: everybody who waits is answered, and those whom the scheme leaves to this process are told. */
function decide(state: SynodState, value: Bytes): SynodStep {
  const { learning, acknowledge } = state.settings;
  const learners = [...state.config.learners].sort(byId);
  const tells =
    learning === "proposer"
      ? othersOf(state)
      : learning === "all" || !learners.slice(0, learning).includes(state.self)
        ? []
        : learners.slice(learning);
  return andThen(learnDecision(state, value), (s) => {
    // Early: a majority's disks hold it.
    const told = tells.map((peer) =>
      sendEarly(peer, { type: "Decided", value, acknowledge }, "log"),
    );
    return [{ ...s, untold: acknowledge ? tells : [] }, told];
  });
}

export function learnDecision(state: SynodState, value: Bytes): SynodStep {
  if (state.decided !== null) return [state, NO_EFFECTS];
  const entry: Entry = { index: 1 as LogIndex, epoch: 0, kind: "command", command: value };
  const ends = state.waiting.map(
    ({ id, proposes }): SynodEffect =>
      proposes ? { type: "Settle", id, outcome: { ok: true, value } } : readable([id], entry.index),
  );
  const next: SynodState = {
    ...state,
    decided: value,
    repairing: false,
    proposer: { type: "Idle", rejected: 0, highest: state.proposer.highest },
    waiting: [],
  };
  return andThen(persist(next), (s) => [s, [{ type: "Commit", entries: [entry] }, ...ends]]);
}

/** A reader waits for the decision, and asks all others what they have accepted: a majority of one ballot tells it (card 17). */
export function onRead(state: SynodState, now: Now, ids: readonly RequestId[]): SynodStep {
  if (state.decided !== null)
    return [state, [{ type: "Readable", ids, at: 1 as LogIndex, validUntil: null }]];
  const room = Math.max(0, state.settings.waitingMax - state.waiting.length);
  const waiting = [...state.waiting, ...ids.slice(0, room).map((id) => ({ id, proposes: false }))];
  const retryAfterTicks = state.settings.patienceTicks as Ticks;
  const refused = ids
    .slice(room)
    .map((id) => refuse(id, { code: "Overloaded", definite: true, retryAfterTicks }));
  return andThen([retryLater({ ...state, waiting }, now.ticks), refused], ask);
}

/** Early: a question promises nothing. */
export const ask = (state: SynodState): SynodStep => [
  state,
  othersOf(state).map((peer) => sendEarly(peer, { type: "Ask" }, "log")),
];

/** What is known here of the decision: all of it, or what this acceptor has accepted. */
export function onAsk(state: SynodState, from: NodeId): SynodStep {
  const { decided, acceptor, repairing } = state;
  // Early: a majority's disks hold it.
  if (decided !== null)
    return [
      state,
      [sendEarly(from, { type: "Decided", value: decided, acknowledge: false }, "log")],
    ];
  if (acceptor.accepted === null || repairing) return [state, NO_EFFECTS];
  const { ballot, value } = acceptor.accepted;
  return [state, [send(state, from, { type: "Accepted", ballot, value })]];
}
