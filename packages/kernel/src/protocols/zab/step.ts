import {
  andThen,
  configOf,
  heardFromDisk,
  type Input,
  isVoter,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type RequestId,
  refuse,
  sendEarly,
  turn,
  unreachable,
} from "../../core/index.ts";
import {
  advanceCommit,
  feed,
  onAcknowledgement,
  onCommit,
  onCommitTold,
  onProposal,
} from "./broadcast.ts";
import { discovered, onAckEpoch, onFollowerInfo, onNewEpoch, restartEpoch } from "./discovery.ts";
import { look, notificationOf, onNotification } from "./election.ts";
import { onInstalled, onInstalling, onTransferred } from "./installation.ts";
import type { Ping, Pong, ZabMessage } from "./message.ts";
import { counterRoom, onPropose } from "./propose.ts";
import { onPong, onRead, onSync, onSyncReply, serveReads } from "./reads.ts";
import { leaderOf, type ZabEffect, type ZabState, type ZabStep } from "./state.ts";
import {
  establish,
  onAckNewLeader,
  onHistoryEnd,
  onNewLeader,
  onTruncate,
  onUpToDate,
} from "./synchronization.ts";
import { onWake } from "./timers.ts";
import { continueTransfer, onAppoint, onTransferLeadership, onYield } from "./transfer.ts";

export type ZabInput = Input<ZabMessage>;

/**
 * One turn of a replica: every input in order, then once what follows from all of them. Proposals are sent and commits
 * counted per turn, not per message.
 */
export function step(state: ZabState, now: Now, inputs: readonly ZabInput[]): ZabStep {
  return turn(
    state,
    inputs,
    (s, input) => onInput(s, now, input),
    (s) => endTurn(s, now),
  );
}

function endTurn(state: ZabState, now: Now): ZabStep {
  if (state.role.type !== "Leading") return serveReads(state, now);
  let step = andThen(discovered(state, now), (s) => establish(s, now));
  step = andThen(step, advanceCommit);
  step = andThen(step, (s) => serveReads(s, now));
  step = andThen(step, (s) => feed(s, now));
  step = andThen(step, (s) => continueTransfer(s, now));
  return andThen(step, (s) => (needsLaterEpoch(s) ? restartEpoch(s, now) : [s, NO_EFFECTS]));
}

/** The counter is at its end (ZB-8), or a follower that was rebuilt is in step and could count in a later epoch. */
function needsLaterEpoch(state: ZabState): boolean {
  const { role, log, settings, commitIndex } = state;
  if (role.type !== "Leading" || role.phase !== "broadcast" || role.transfer !== null) return false;
  if (counterRoom(state, role) <= 0) return true;
  if (commitIndex <= role.initialLast) return false;
  return role.followers.members.some((member) => {
    const progress = role.followers.get(member);
    if (progress?.stage !== "listening" || !isVoter(configOf(state), member)) return false;
    const marked = progress.markWhenChosen === progress.repairMark;
    return !marked && progress.matchIndex + settings.inStepLagMax >= log.lastIndex;
  });
}

function onInput(state: ZabState, now: Now, input: ZabInput): ZabStep {
  switch (input.type) {
    case "Receive":
      return onReceive(state, now, input.from, input.message);
    case "Propose":
      return onPropose(state, now, input.commands);
    case "Read":
      return onRead(state, now, input.ids, input.level);
    case "Durable":
      return [heardFromDisk(state, now.ticks, input.upTo), NO_EFFECTS];
    case "Applied":
      return [{ ...state, lastApplied: input.upTo }, NO_EFFECTS];
    case "Link":
      return onLink(state, now, input.peer, input.up);
    case "ChangeMembers":
      return [state, [onChangeMembers(state, input.id)]];
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
      return [dropped(state, input.upTo), NO_EFFECTS];
    case "Configure":
      // Its leaders are elected: nobody appoints them.
      return [state, NO_EFFECTS];
    case "Wake":
      return onWake(state, now);
    default:
      return unreachable(input);
  }
}

const dropped = (state: ZabState, upTo: LogIndex): ZabState => ({
  ...state,
  log: state.log.drop(Math.min(upTo, state.lastApplied) as LogIndex),
});

/**
 * What is common to all messages is applied here, once. Phase 0 and 1 speak to anybody; from then on a follower hears its
 * leader alone, a leader its followers, and both only of the epoch that they have promised.
 */
function onReceive(state: ZabState, now: Now, from: NodeId, m: ZabMessage): ZabStep {
  switch (m.type) {
    case "Notification":
      return onNotification(state, now, from, m);
    case "FollowerInfo":
      return onFollowerInfo(state, now, from, m);
    case "NewEpoch":
      return onNewEpoch(state, now, from, m);
    case "AckEpoch":
      return onAckEpoch(state, now, from, m);
    case "Acknowledgement":
    case "HistoryEnd":
    case "AckNewLeader":
    case "Pong":
    case "Sync":
    case "CommitReceived": {
      const { role } = state;
      const ours = role.type === "Leading" && role.epoch === m.epoch;
      return ours ? fromFollower(state, now, from, m) : [state, NO_EFFECTS];
    }
    default: {
      const { role } = state;
      if (role.type !== "Following" || role.leader !== from || role.phase === "discovery")
        return [state, NO_EFFECTS];
      if (m.epoch !== state.acceptedEpoch) return [state, NO_EFFECTS];
      return fromLeader({ ...state, role: { ...role, heardAt: now.ticks } }, now, from, m);
    }
  }
}

type OfFollower = Extract<
  ZabMessage,
  {
    readonly type:
      | "Acknowledgement"
      | "HistoryEnd"
      | "AckNewLeader"
      | "Pong"
      | "Sync"
      | "CommitReceived";
  }
>;

function fromFollower(state: ZabState, now: Now, from: NodeId, m: OfFollower): ZabStep {
  switch (m.type) {
    case "Acknowledgement":
      return onAcknowledgement(state, now, from, m);
    case "HistoryEnd":
      return onHistoryEnd(state, now, from, m);
    case "AckNewLeader":
      return onAckNewLeader(state, now, from, m);
    case "Pong":
      return onPong(state, now, from, m);
    case "Sync":
      return onSync(state, now, from, m);
    case "CommitReceived":
      return [state, NO_EFFECTS];
    default:
      return unreachable(m);
  }
}

type OfLeader = Extract<
  ZabMessage,
  {
    readonly type:
      | "Truncate"
      | "Proposal"
      | "NewLeader"
      | "UpToDate"
      | "Commit"
      | "Ping"
      | "SyncReply"
      | "Appoint";
  }
>;

function fromLeader(state: ZabState, now: Now, from: NodeId, m: OfLeader): ZabStep {
  switch (m.type) {
    case "Truncate":
      return onTruncate(state, now, from, m);
    case "Proposal":
      return onProposal(state, now, from, m);
    case "NewLeader":
      return onNewLeader(state, now, from, m);
    case "UpToDate":
      return onUpToDate(state, now, from, m);
    case "Commit":
      return onCommit(state, from, m);
    case "Ping":
      return onPing(state, from, m);
    case "SyncReply":
      return onSyncReply(state, m);
    case "Appoint":
      return onAppoint(state, now, m);
    default:
      return unreachable(m);
  }
}

/** The leader lives; its commits may have been lost on the way. */
function onPing(state: ZabState, from: NodeId, m: Ping): ZabStep {
  return andThen(onCommitTold(state, m.commit), (s) => {
    const upToDate = s.role.type === "Following" && s.role.phase === "broadcast";
    const reply: Pong = { type: "Pong", epoch: m.epoch, round: m.round, upToDate };
    // Early: it confirms that no later epoch was promised, which a crash cannot make untrue.
    return [s, [sendEarly(from, reply)]];
  });
}

/** A closed link is a hint: whoever followed the one behind it looks around, and finds it again if it still leads. */
function onLink(state: ZabState, now: Now, peer: NodeId, up: boolean): ZabStep {
  const { role } = state;
  if (!up && role.type === "Following" && role.leader === peer) return look(state, now);
  // Early: a vote is a hint.
  const greets = up && role.type === "Looking";
  return [state, greets ? [sendEarly(peer, notificationOf(state, now))] : NO_EFFECTS];
}

function onChangeMembers(state: ZabState, id: RequestId): ZabEffect {
  const leads = leaderOf(state) === state.self;
  if (!leads) return refuse(id, { code: "NotLeader", definite: true, leaderHint: leaderOf(state) });
  const message =
    "the members of a ZAB group are those of its founding: make a keyspace with the members you want and copy into it";
  return refuse(id, { code: "ChangeRefused", definite: true, message });
}
