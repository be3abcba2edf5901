import {
  andThen,
  assert,
  heardFromDisk,
  type Input,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Position,
  sendEarly,
  type Ticks,
  turn,
  unreachable,
} from "../../core/index.ts";
import {
  hearsLeader,
  onLeaderLinkDown,
  onPreVote,
  onPreVoteReply,
  onRequestVote,
  onRequestVoteReply,
  onVoteDurable,
} from "./election.ts";
import { onInstalled, onInstalling, onTransferred } from "./installation.ts";
import { onChangeMembers } from "./membership.ts";
import type { RaftMessage } from "./message.ts";
import { onPropose } from "./propose.ts";
import { confirmReads, onRead, onReadIndex, onReadIndexReply } from "./reads.ts";
import { leapPastLostVotes } from "./repair.ts";
import {
  advanceCommit,
  onAppendEntries,
  onAppendEntriesReply,
  onHeartbeat,
  onHeartbeatReply,
  probing,
  replicate,
  withProgress,
} from "./replication.ts";
import { becomeFollower, leaderOf, type RaftState, type RaftStep } from "./state.ts";
import { onWake, wakeUp } from "./timers.ts";
import { continueTransfer, onTimeoutNow, onTransferLeadership, onYield } from "./transfer.ts";

export type RaftInput = Input<RaftMessage>;

/**
 * One turn of a replica: every input in order, then once what follows from all of them. Entries are sent, commits
 * counted and reads confirmed per turn, not per message.
 */
export function step(state: RaftState, now: Now, inputs: readonly RaftInput[]): RaftStep {
  return turn(
    state,
    inputs,
    (s, input) => onInput(wakeUp(s, now, input), now, input),
    (s) => endTurn(s, now),
  );
}

function endTurn(state: RaftState, now: Now): RaftStep {
  if (state.role.type !== "Leader") return confirmReads(state, now);
  let step = advanceCommit(state, now);
  step = andThen(step, (s) => confirmReads(s, now));
  step = andThen(step, (s) => replicate(s, now));
  return andThen(step, (s) => continueTransfer(s, now));
}

function onInput(state: RaftState, now: Now, input: RaftInput): RaftStep {
  switch (input.type) {
    case "Receive":
      return onReceive(state, now, input.from, input.message);
    case "Propose":
      return onPropose(state, now, input.commands);
    case "Read":
      return onRead(state, now, input.ids, input.level);
    case "Durable":
      return onVoteDurable(heardFromDisk(state, now.ticks, input.upTo), now, input.upTo);
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
      return onTransferred(state, now, input.to, input.at, input.ok);
    case "Installing":
      return onInstalling(state, now, input.at);
    case "Installed":
      return onInstalled(state, now, input.at, input.config);
    case "Compact":
      return [
        { ...state, log: state.log.drop(Math.min(input.upTo, state.lastApplied) as LogIndex) },
        [],
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

/** What is common to all messages is applied here, once: newer terms are adopted, stale messages answered or dropped. */
function onReceive(state: RaftState, now: Now, from: NodeId, message: RaftMessage): RaftStep {
  return state.blind
    ? andThen(leapPastLostVotes(state, now, message), (s) => onHeard(s, now, from, message))
    : onHeard(state, now, from, message);
}

function onHeard(state: RaftState, now: Now, from: NodeId, message: RaftMessage): RaftStep {
  if (message.type === "PreVote") return onPreVote(state, now, from, message);
  if (message.term < state.term && state.settings.rules.termCheck)
    return onStale(state, from, message);
  // A member that hears its leader ignores candidates, so that one who was cut off cannot depose it (dissertation §4.2.3).
  if (
    message.type === "RequestVote" &&
    !message.transfer &&
    hearsLeader(state, now) &&
    message.term > state.term
  ) {
    return [state, NO_EFFECTS];
  }
  const granted = message.type === "PreVoteReply" && message.voteGranted;
  return message.term > state.term && !granted
    ? andThen(becomeFollower(state, now.ticks, message.term, null), (s) =>
        onCurrent(s, now, from, message),
      )
    : onCurrent(state, now, from, message);
}

/** Entries and heartbeats come from the leader of their term: whoever is not it follows it, and leaves it alone. */
function onCurrent(state: RaftState, now: Now, from: NodeId, message: RaftMessage): RaftStep {
  if (message.type !== "AppendEntries" && message.type !== "Heartbeat")
    return dispatch(state, now, from, message);
  if (state.role.type === "Follower" && state.role.leader === from)
    return dispatch(stayFollower(state, now), now, from, message);
  assert(
    state.role.type !== "Leader" || broken(state),
    "two leaders in one term (Election Safety)",
  );
  return andThen(becomeFollower(state, now.ticks, state.term, from), (s) =>
    dispatch(s, now, from, message),
  );
}

const broken = (state: RaftState): boolean => Object.values(state.settings.rules).includes(false);

/**
 * Heard the leader. The random time-out is drawn when following begins and only moved on from then on: drawing
 * again at every heartbeat would cost a new state for nothing.
 */
function stayFollower(state: RaftState, now: Now): RaftState {
  const waited =
    state.heardFromLeaderAt === null || state.electionAt === null
      ? null
      : state.electionAt - state.heardFromLeaderAt;
  const { electionTicksMin, electionTicksMax } = state.settings;
  const patience =
    waited === null || waited < electionTicksMin
      ? electionTicksMax
      : Math.min(waited, electionTicksMax);
  return { ...state, heardFromLeaderAt: now.ticks, electionAt: (now.ticks + patience) as Ticks };
}

/** A leader of an earlier term learns from the answer that it is one; everything else that is old is dropped. */
function onStale(state: RaftState, from: NodeId, message: RaftMessage): RaftStep {
  switch (message.type) {
    case "AppendEntries":
    case "Heartbeat": {
      const reply: RaftMessage = {
        type: "HeartbeatReply",
        term: state.term,
        round: 0,
        lastLogIndex: 0 as LogIndex,
      };
      // Early: the term was made durable when it was adopted, or it will be told again.
      return [state, [sendEarly(from, reply)]];
    }
    case "RequestVote":
      return [
        state,
        [sendEarly(from, { type: "RequestVoteReply", term: state.term, voteGranted: false })],
      ];
    default:
      return [state, NO_EFFECTS];
  }
}

function dispatch(state: RaftState, now: Now, from: NodeId, message: RaftMessage): RaftStep {
  switch (message.type) {
    case "PreVote":
      return onPreVote(state, now, from, message);
    case "PreVoteReply":
      return onPreVoteReply(state, now, from, message);
    case "RequestVote":
      return onRequestVote(state, now, from, message);
    case "RequestVoteReply":
      return onRequestVoteReply(state, now, from, message);
    case "AppendEntries":
      return onAppendEntries(state, now, from, message);
    case "AppendEntriesReply":
      return onAppendEntriesReply(state, now, from, message);
    case "Heartbeat":
      return onHeartbeat(state, now, from, message);
    case "HeartbeatReply":
      return onHeartbeatReply(state, now, from, message);
    case "TimeoutNow":
      return onTimeoutNow(state, now, message);
    case "ReadIndex":
      return onReadIndex(state, now, from, message);
    case "ReadIndexReply":
      return onReadIndexReply(state, message);
    default:
      return unreachable(message);
  }
}

/** A closed link is a hint: what was under way is lost, and a leader that is cut off may be dead. */
function onLink(state: RaftState, now: Now, peer: NodeId, up: boolean): RaftStep {
  if (state.role.type === "Leader") {
    const progress = state.role.progress.get(peer);
    return [
      progress?.mode === "replicate" ? withProgress(state, peer, probing(progress)) : state,
      [],
    ];
  }
  return !up && leaderOf(state) === peer ? [onLeaderLinkDown(state, now), []] : [state, NO_EFFECTS];
}

/** Whether a snapshot at this position brings anything: what the log holds already is committed in place instead. */
export const wants = (state: RaftState, at: Position): boolean =>
  at.index > state.commitIndex &&
  state.log.epochAt(at.index) !== at.epoch &&
  state.installing === null;
