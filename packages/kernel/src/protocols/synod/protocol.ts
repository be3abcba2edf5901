import {
  accept,
  andThen,
  FRESH_ACCEPTOR,
  type GroupConfig,
  type Input,
  isVoter,
  NO_BALLOT,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type PersistSeq,
  type Protocol,
  promise,
  type Recovered,
  refuse,
  seeded,
  sendEarly,
  unreachable,
} from "../../core/index.ts";
import { ask, countOwn, learnDecision, onAsk, onRead, onVote, tellLearners } from "./learn.ts";
import type { SynodMessage } from "./message.ts";
import { onPromiseDurable, onPromised, onPropose, onReject, prepare } from "./propose.ts";
import { decodeRecord, encodeRecord, type SynodRecord } from "./record.ts";
import type { SynodSettings } from "./settings.ts";
import { persist, retryLater, type SynodState, type SynodStep, send } from "./state.ts";

/**
 * Paxos for one decision (Lamport 1998; 2001, §2): at most one value is ever chosen. Voters are acceptors and may propose; learners
 * learn. It promises safety under any loss, delay, repetition and crash, and progress once one proposer is left alone for long enough.
 */
export function synod(settings: SynodSettings): Protocol<SynodState, SynodMessage> {
  const begin = (
    self: NodeId,
    config: GroupConfig,
    kept: SynodRecord,
    seed: bigint,
  ): SynodState => ({
    ...kept,
    self,
    config,
    settings,
    random: seeded(seed),
    proposer: { type: "Idle", rejected: 0, highest: NO_BALLOT },
    votes: [],
    values: [],
    waiting: [],
    persisted: 0 as PersistSeq,
    durable: 0 as PersistSeq,
    untold: [],
    retryAt: null,
  });
  return {
    start: (self, config, recovered, seed) => [
      begin(self, config, lastRecord(recovered), seed),
      NO_EFFECTS,
    ],
    /** It has forgotten what it promised, and takes no part until it knows the decision: then nothing that it promised matters. */
    repair: (self, config, _readable, seed) =>
      persist(begin(self, config, { ...FRESH, repairing: true }, seed)),
    step: (state, now, inputs) => {
      let step: SynodStep = [state, NO_EFFECTS];
      for (const input of inputs) step = andThen(step, (s) => onInput(s, now, input));
      return step;
    },
    meta: encodeRecord,
    wants: () => false,
    wakeAt: ({ retryAt }) => retryAt,
  };
}

const FRESH: SynodRecord = { acceptor: FRESH_ACCEPTOR, decided: null, repairing: false };

function lastRecord({ checkpoint, records }: Recovered): SynodRecord {
  let last =
    checkpoint === null || checkpoint.meta === null ? FRESH : decodeRecord(checkpoint.meta);
  for (const record of records) last = decodeRecord(record);
  return last;
}

function onInput(state: SynodState, now: Now, input: Input<SynodMessage>): SynodStep {
  switch (input.type) {
    case "Receive":
      return onReceive(state, now, input.from, input.message);
    case "Propose":
      return onPropose(state, now, input.commands);
    case "Read":
      return onRead(state, now, input.ids);
    case "Durable":
      return andThen(onPromiseDurable({ ...state, durable: input.upTo }), countOwn);
    case "Wake":
      return onWake(state, now);
    case "ChangeMembers": {
      const message = "one decision has one set of acceptors: decide the change in another one";
      return [state, [refuse(input.id, { code: "ChangeRefused", definite: true, message })]];
    }
    case "TransferLeadership":
      return [state, [refuse(input.id, { code: "NotLeader", definite: true, leaderHint: null })]];
    case "Applied":
    case "Link":
    case "Yield":
    case "Transferred":
    case "Installing":
    case "Installed":
    case "Compact":
    case "Configure":
      return [state, NO_EFFECTS];
    default:
      return unreachable(input);
  }
}

function onReceive(state: SynodState, now: Now, from: NodeId, m: SynodMessage): SynodStep {
  switch (m.type) {
    case "Prepare":
      return onPrepare(state, from, m);
    case "Promised":
      return onPromised(state, from, m);
    case "Accept":
      return onAccept(state, from, m);
    case "Accepted":
      return onVote(state, from, m.ballot, m.value);
    case "Reject":
      return onReject(state, now, m);
    case "Decided": {
      // Early: the decision stands, whatever this process forgets.
      const reply = m.acknowledge ? [sendEarly(from, { type: "Ack" }, "log")] : NO_EFFECTS;
      return andThen(learnDecision(state, m.value), (s) => [s, reply]);
    }
    case "Ack":
      return [{ ...state, untold: state.untold.filter((peer) => peer !== from) }, NO_EFFECTS];
    case "Ask":
      return onAsk(state, from);
    default:
      return unreachable(m);
  }
}

/** Phase 1b. */
function onPrepare(
  state: SynodState,
  from: NodeId,
  { ballot }: Extract<SynodMessage, { readonly type: "Prepare" }>,
): SynodStep {
  if (!takesPart(state)) return [state, NO_EFFECTS];
  const acceptor = promise(state.acceptor, ballot);
  if (acceptor === null) return [state, [rejection(state, from, ballot)]];
  const { accepted } = acceptor;
  return andThen(persist({ ...state, acceptor }), (s) => [
    s,
    [send(s, from, { type: "Promised", ballot, accepted })],
  ]);
}

/** Phase 2b. */
function onAccept(
  state: SynodState,
  from: NodeId,
  { ballot, value }: Extract<SynodMessage, { readonly type: "Accept" }>,
): SynodStep {
  if (!takesPart(state)) return [state, NO_EFFECTS];
  const acceptor = accept(state.acceptor, ballot, value, state.settings.rules);
  if (acceptor === null) return [state, [rejection(state, from, ballot)]];
  return andThen(persist({ ...state, acceptor }), (s) => tellLearners(s, from, ballot, value));
}

const takesPart = ({ config, self, repairing }: SynodState): boolean =>
  isVoter(config, self) && !repairing;

/** Early: a rejection binds nobody. */
const rejection = (
  { acceptor }: SynodState,
  to: NodeId,
  ballot: Extract<SynodMessage, { readonly type: "Reject" }>["ballot"],
) => sendEarly(to, { type: "Reject", ballot, promised: acceptor.promised }, "log");

/** Its time is up: tells again, asks again, or prepares again, whatever it is that is still wanted. */
function onWake(state: SynodState, now: Now): SynodStep {
  const { retryAt, decided, untold, proposer, waiting } = state;
  if (retryAt === null || now.ticks < retryAt) return [state, NO_EFFECTS];
  if (decided !== null) {
    if (untold.length === 0) return [{ ...state, retryAt: null }, NO_EFFECTS];
    // Early: a majority's disks hold it.
    const again = untold.map((peer) =>
      sendEarly(peer, { type: "Decided", value: decided, acknowledge: true }, "log"),
    );
    return [retryLater(state, now.ticks), again];
  }
  if (proposer.type !== "Idle") {
    // Where the scheme does not tell the proposer, it asks: it may have been successful.
    const again = prepare(state, now, proposer.value);
    return state.settings.learning === "proposer" ? again : andThen(again, ask);
  }
  return waiting.length > 0
    ? ask(retryLater(state, now.ticks))
    : [{ ...state, retryAt: null }, NO_EFFECTS];
}
