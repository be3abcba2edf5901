import { clusterVersionOf, type SystemState } from "../machines/system/index.ts";
import type { Groups } from "./groups.ts";
import type { Liveness } from "./liveness.ts";
import type { Identity, KeyspaceStatus, MemberStatus, NodeStatus, Space } from "./seam.ts";

/** The cluster as this node knows it. What only a leader of group 0 may answer is read from there by whoever asks. */
export function nodeStatus(
  identity: Identity,
  groups: Groups,
  liveness: Liveness,
  space: Space,
  counts: Pick<NodeStatus, "pending" | "counters">,
): NodeStatus {
  const state = groups.system;
  const members = [...state.nodes.values()].map(
    ({ node, name, peerAddress, clientAddresses, learner }): MemberStatus => {
      const room = node === identity.node ? space : liveness.spaceOf(node);
      return { node, name, peerAddress, clientAddresses, learner, space: room };
    },
  );
  const keyspaces = keyspacesOf(state);
  const clusterVersion = clusterVersionOf(state);
  return { identity, clusterVersion, members, keyspaces, groups: groups.size, ...counts };
}

export const keyspacesOf = ({ keyspaces, groups }: SystemState): readonly KeyspaceStatus[] =>
  [...keyspaces.values()].map((keyspace) => {
    const group = groups.get(keyspace.group);
    return { ...keyspace, replicas: group?.fixed === true ? group.born : null };
  });
