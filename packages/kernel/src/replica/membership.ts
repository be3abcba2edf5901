import {
  type Bytes,
  byId,
  configIndexOf,
  configOf,
  isVoter,
  type LogState,
  Malformed,
  type MemberChange,
  majority,
  type NodeId,
} from "../core/index.ts";
import {
  decodeSystemCommand,
  learnersOf,
  type SystemCommand,
  SystemKind,
  type SystemState,
  votersOf,
} from "../machines/system/index.ts";
import { decodeEnvelope } from "./envelope.ts";
import type { Obstacle } from "./proposals.ts";
import type { Replica } from "./replica.ts";
import type { Self } from "./steward.ts";

const FAILED_PRECONDITION = 9;

export const CHANGE_UNDER_WAY: Obstacle = {
  type: "Refused",
  status: FAILED_PRECONDITION,
  message: "etcdserver: another member change is under way; ask again when it is done",
};

/** A group whose members may have to change, as its replica here sees it. */
export type Membered = Pick<Replica, "state" | "config" | "isLeader" | "isInStep">;

/**
 * Why the leader of group 0 does not even propose a member change: what only a leader sees, who is reachable and in step.
 * What follows from the metadata alone is decided by the machine, in log order.
 */
export function memberObstacle(
  kind: number,
  envelope: Bytes,
  system: SystemState,
  group: Membered,
  groups: readonly LogState[],
  isUp: (member: NodeId) => boolean,
): Obstacle | null {
  if (!isMemberChange(kind)) return null;
  const opened = decodeEnvelope(envelope);
  if (opened instanceof Malformed || !group.isLeader) return null;
  const command = decodeOrNull(opened.kind, opened.body);
  if (command === null) return null;
  // Every group must have made the last change: two members that leave one after the other may be the majority of one
  // that still has both, and whoever has left is heard by nobody.
  const reached = groups.every((group) => membershipReached(group, system.membershipEpoch));
  if (!reached || hasUnapplied(group.state)) return CHANGE_UNDER_WAY;
  if (command.type === "promoteNode") {
    if (learnersOf(system).includes(command.node) && !group.isInStep(command.node)) {
      return refused("etcdserver: can only promote a learner member which is in sync with leader");
    }
  }
  const voters = votersAfter(system, command);
  // By what the nodes know of each other, not the group: it may be asleep.
  const started = voters.filter((member) => member === group.state.self || isUp(member));
  // A voter that is added counts by whether it is there: it must not be what the majority then waits for.
  return voters.length > 0 && started.length < majority(voters.length)
    ? refused("etcdserver: re-configuration failed due to not enough started members")
    : null;
}

/** Is a member change in the log and not yet applied? It counts as made: it may be the one before this. */
function hasUnapplied({ log, lastApplied }: LogState): boolean {
  return log.slice(lastApplied, log.lastIndex).some(({ kind, command }) => {
    if (kind !== "command") return false;
    const opened = decodeEnvelope(command);
    return !(opened instanceof Malformed) && isMemberChange(opened.kind);
  });
}

export const isMemberChange = (kind: number): boolean =>
  kind === SystemKind.addNode || kind === SystemKind.removeNode || kind === SystemKind.promoteNode;

/** The next step towards the members that group 0 names, or null when the group has them: a new voter learns first. */
export function nextMembers(system: SystemState, group: Membered): MemberChange | null {
  const config = group.config;
  const wanted = votersOf(system);
  const voters = wanted.filter((member) => isVoter(config, member) || group.isInStep(member));
  const learners = [
    ...learnersOf(system),
    ...wanted.filter((member) => !voters.includes(member)),
  ].sort(byId);
  const same = voters.join() === config.voters.join() && learners.join() === config.learners.join();
  const done = same && config.outgoing === null && config.epoch >= system.membershipEpoch;
  return done || voters.length === 0 ? null : { voters, learners };
}

/** Whether a later look may find another step to take. */
export const isComplete = (system: SystemState, { config }: Membered): boolean =>
  votersOf(system).every((member) => isVoter(config, member));

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
export function membershipReached(state: LogState, epoch: number): boolean {
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
