import {
  andThen,
  assert,
  heardFromDisk,
  type Input,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Ticks,
  turn,
  unreachable,
} from "../../core/index.ts";
import { onAccept, onDecided, onHeartbeat } from "./acceptance.ts";
import { onLeaderLinkDown, onPreVote, onPreVoteReply, onReject } from "./election.ts";
import { feed, onHeartbeatReply } from "./feed.ts";
import { onInstalled, onInstalling, onTransferred } from "./installation.ts";
import { advanceDecided, onAcceptedSlots, onAck, onPropose } from "./lead.ts";
import { continueChange, onChangeMembers } from "./membership.ts";
import type { Accept, Decided, Heartbeat, PaxosMessage } from "./message.ts";
import { onPrepare, onPromiseDurable, onPromised, rejection } from "./prepare.ts";
import { confirmReads, onRead, onReadIndex, onReadIndexReply } from "./reads.ts";
import { leapPastLostPromises } from "./repair.ts";
import { becomeFollower, type PaxosState, type PaxosStep, promiseBallot, unsafe } from "./state.ts";
import { onWake } from "./timers.ts";
import { continueTransfer, onTakeOver, onTransferLeadership, onYield } from "./transfer.ts";

export type PaxosInput = Input<PaxosMessage>;

/**
 * One turn of a replica: every input in order, then once what follows from all of them. Entries are sent, votes counted and reads
 * confirmed per turn, not per message.
 */
export function step(state: PaxosState, now: Now, inputs: readonly PaxosInput[]): PaxosStep {
  return turn(
    state,
    inputs,
    (s, input) => onInput(s, now, input),
    (s) => endTurn(s, now),
  );
}

function endTurn(state: PaxosState, now: Now): PaxosStep {
  if (state.role.type !== "Leader") return confirmReads(state, now);
  let step = advanceDecided(state);
  step = andThen(step, (s) => continueChange(s, now));
  step = andThen(step, (s) => confirmReads(s, now));
  step = andThen(step, (s) => feed(s, now));
  return andThen(step, (s) => continueTransfer(s, now));
}

function onInput(state: PaxosState, now: Now, input: PaxosInput): PaxosStep {
  switch (input.type) {
    case "Receive":
      return onReceive(state, now, input.from, input.message);
    case "Propose":
      return onPropose(state, now, input.commands);
    case "Read":
      return onRead(state, now, input.ids, input.level);
    case "Durable":
      return onPromiseDurable(heardFromDisk(state, now.ticks, input.upTo), now, input.upTo);
    case "Applied":
      return [{ ...state, lastApplied: input.upTo }, NO_EFFECTS];
    case "Link":
      return onLink(state, now, input.peer, input.up);
    case "ChangeMembers":
      return onChangeMembers(state, now, input.id, input.change, input.epoch);
    case "TransferLeadership":
      return onTransferLeadership(state, now, input.id, input.to);
    case "Yield":
      return onYield(state, now, input.heir);
    case "Transferred":
      return onTransferred(state, input.to);
    case "Installing":
      return onInstalling(state, now, input.at);
    case "Installed":
      return onInstalled(state, now, input.at, input.config);
    case "Compact":
      return [
        { ...state, log: state.log.drop(Math.min(input.upTo, state.lastApplied) as LogIndex) },
        NO_EFFECTS,
      ];
    case "Configure":
      // Its leaders are elected: nobody appoints them.
      return [state, NO_EFFECTS];
    case "Wake":
      return onWake(state, now);
    default:
      return unreachable(input);
  }
}

/** What is common to all messages is applied here, once. */
function onReceive(state: PaxosState, now: Now, from: NodeId, message: PaxosMessage): PaxosStep {
  return andThen(leapPastLostPromises(state, now, message), (s) =>
    message.type === "Accept" || message.type === "Heartbeat" || message.type === "Decided"
      ? onLeaderMessage(s, now, from, message)
      : dispatch(s, now, from, message),
  );
}

/**
 * A leader speaks. Below what is promised here it is rejected: somebody has prepared since. Else its ballot is promised, and whoever
 * led or prepared under an older one follows it.
 */
function onLeaderMessage(
  state: PaxosState,
  now: Now,
  from: NodeId,
  message: Accept | Heartbeat | Decided,
): PaxosStep {
  if (message.ballot < state.term) {
    if (message.type === "Accept" && !state.settings.rules.promiseHolds)
      return onAccept(state, now, from, message);
    return [state, [rejection(state, from, message.ballot)]];
  }
  const { role } = state;
  if (role.type === "Follower" && role.leader === from && message.ballot === state.term)
    return dispatch(hearLeader(state, now), now, from, message);
  assert(
    message.ballot > state.term ||
      role.type === "Follower" ||
      role.type === "PreCandidate" ||
      unsafe(state),
    "a ballot has one proposer",
  );
  const following = becomeFollower(state, now.ticks, from);
  return andThen(promiseBallot(following, now.ticks, message.ballot), (s) =>
    dispatch(s, now, from, message),
  );
}

const hearLeader = (state: PaxosState, now: Now): PaxosState => ({
  ...state,
  heardFromLeaderAt: now.ticks,
  electionAt: (now.ticks + state.patience) as Ticks,
});

function dispatch(state: PaxosState, now: Now, from: NodeId, message: PaxosMessage): PaxosStep {
  switch (message.type) {
    case "PreVote":
      return onPreVote(state, now, from, message);
    case "PreVoteReply":
      return onPreVoteReply(state, now, from, message);
    case "Prepare":
      return onPrepare(state, now, from, message);
    case "Promised":
      return onPromised(state, now, from, message);
    case "Reject":
      return onReject(state, now, message);
    case "Accept":
      return onAccept(state, now, from, message);
    case "AcceptedSlots":
      return onAcceptedSlots(state, now, from, message);
    case "Decided":
      return onDecided(state, from, message);
    case "Ack":
      return onAck(state, now, from, message);
    case "Heartbeat":
      return onHeartbeat(state, now, from, message);
    case "HeartbeatReply":
      return onHeartbeatReply(state, now, from, message);
    case "TakeOver":
      return onTakeOver(state, now, message);
    case "ReadIndex":
      return onReadIndex(state, now, from, message);
    case "ReadIndexReply":
      return onReadIndexReply(state, message);
    default:
      return unreachable(message);
  }
}

/** A closed link to the leader is a hint that it is dead. What was under way to others is sent again when its time is up. */
const onLink = (state: PaxosState, now: Now, peer: NodeId, up: boolean): PaxosStep =>
  !up && state.role.type === "Follower" && state.role.leader === peer
    ? [onLeaderLinkDown(state, now), NO_EFFECTS]
    : [state, NO_EFFECTS];
