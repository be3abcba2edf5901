import type { LogIndex, NodeId } from "../core/index.ts";
import type { Replica } from "./replica.ts";
import type { GroupStatus } from "./seam.ts";

/** A replica as operators, gateways and metrics see it. `recoverTo`: what was committed before the restart ends there. */
export function statusOf(
  replica: Replica,
  self: NodeId,
  appliedIndex: LogIndex,
  recoverTo: LogIndex,
): GroupStatus {
  const { group, keyspace, state, standing, config, serving, machine } = replica;
  return {
    group,
    keyspace,
    role: config.learners.includes(self) ? "learner" : standing.role,
    leader: standing.leader,
    inStep: standing.inStep ?? null,
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
