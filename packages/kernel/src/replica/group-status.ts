import type { LogIndex, NodeId } from "../core/index.ts";
import { leaderOf, type Role } from "../protocols/raft/index.ts";
import type { Replica } from "./replica.ts";
import type { GroupStatus } from "./seam.ts";

const ROLES = {
  Leader: "leader",
  Follower: "follower",
  PreCandidate: "candidate",
  Candidate: "candidate",
} as const satisfies Record<Role["type"], GroupStatus["role"]>;

/** A replica as operators, gateways and metrics see it. `recoverTo`: what was committed before the restart ends there. */
export function statusOf(
  replica: Replica,
  self: NodeId,
  appliedIndex: LogIndex,
  recoverTo: LogIndex,
): GroupStatus {
  const { group, keyspace, state, config, serving, machine } = replica;
  return {
    group,
    keyspace,
    role: config.learners.includes(self) ? "learner" : ROLES[state.role.type],
    leader: leaderOf(state),
    term: state.term,
    commitIndex: state.commitIndex,
    appliedIndex,
    lastIndex: state.log.lastIndex,
    config,
    recovered: appliedIndex >= recoverTo,
    serving,
    view: machine,
  };
}
