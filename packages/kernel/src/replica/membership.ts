import { type Bytes, Malformed, majority, type NodeId, type Ticks } from "../core/index.ts";
import { decodeSystemCommand } from "../machines/system/codec.ts";
import {
  learnersOf,
  type SystemCommand,
  SystemKind,
  type SystemState,
  votersOf,
} from "../machines/system/index.ts";
import { configIndexOf, configOf, type RaftState } from "../protocols/raft/index.ts";
import { decodeEnvelope } from "./envelope.ts";
import type { Obstacle } from "./proposals.ts";
import type { Self } from "./steward.ts";

const FAILED_PRECONDITION = 9;

/**
 * Why the leader of group 0 does not even propose a member change: what only a leader sees, who is reachable and in step.
 * What follows from the metadata alone is decided by the machine, in log order.
 */
export function memberObstacle(
  kind: number,
  envelope: Bytes,
  system: SystemState,
  raft: RaftState,
  now: Ticks,
): Obstacle | null {
  if (
    kind !== SystemKind.addNode &&
    kind !== SystemKind.removeNode &&
    kind !== SystemKind.promoteNode
  )
    return null;
  const opened = decodeEnvelope(envelope);
  if (opened instanceof Malformed || raft.role.type !== "Leader") return null;
  const command = decodeOrNull(opened.kind, opened.body);
  if (command === null) return null;
  if (configOf(raft).outgoing !== null || configOf(raft).epoch < system.membershipEpoch) {
    return refused("etcdserver: another member change is under way; ask again when it is done");
  }
  const { progress } = raft.role;
  if (command.type === "promoteNode") {
    const learner = progress.get(command.node);
    const behind =
      learner === undefined ||
      learner.matchIndex + raft.settings.promoteLagMax < raft.log.lastIndex;
    if (learnersOf(system).includes(command.node) && (behind || learner.mode !== "replicate")) {
      return refused("etcdserver: can only promote a learner member which is in sync with leader");
    }
  }
  const voters = votersAfter(system, command);
  const since = now - raft.settings.electionTicksMax;
  const started = voters.filter(
    (member) => member === raft.self || (progress.get(member)?.heardAt ?? 0) >= since,
  );
  // A voter that is added counts as not started: it must not be what the majority then waits for.
  return voters.length > 0 && started.length < majority(voters.length)
    ? refused("etcdserver: re-configuration failed due to not enough started members")
    : null;
}

function votersAfter(system: SystemState, command: SystemCommand): readonly NodeId[] {
  const voters = votersOf(system);
  if (command.type === "removeNode") return voters.filter((member) => member !== command.node);
  const added = command.type === "addNode" ? !command.learner : command.type === "promoteNode";
  return added && "node" in command ? [...voters, command.node] : voters;
}

/** The command by which a node reports itself, or null if the cluster knows it as it is. */
export function publication(
  state: SystemState,
  node: NodeId,
  self: Self,
  version: number,
): SystemCommand | null {
  const known = state.nodes.get(node);
  if (known === undefined) return null;
  const same =
    known.name === self.name &&
    known.version === version &&
    known.clientAddresses.join() === self.clientAddresses.join();
  if (same) return null;
  return {
    type: "updateNode",
    node,
    name: self.name,
    peerAddress: null,
    clientAddresses: self.clientAddresses,
    version,
  };
}

/** The group has the members of this epoch, committed and no longer joint. */
export function membershipReached(state: RaftState, epoch: number): boolean {
  const config = configOf(state);
  return (
    config.epoch >= epoch && config.outgoing === null && configIndexOf(state) <= state.commitIndex
  );
}

function decodeOrNull(kind: number, body: Bytes): SystemCommand | null {
  try {
    return decodeSystemCommand(kind, body);
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

const refused = (message: string): Obstacle => ({
  type: "Refused",
  status: FAILED_PRECONDITION,
  message,
});
