import type { Failure, NodeId, Ticks } from "@quorate/kernel/core";

/** How a member change ended; `member` is the one that was added or changed. */
export type MemberOutcome =
  | { readonly ok: true; readonly member: NodeId }
  | ({ readonly ok: false } & Failure);

export type MemberCallback = (outcome: MemberOutcome) => void;

/**
 * Changes of the cluster's members. They are commands on the system keyspace, whose codec is not the gateway's
 * business. Each answers once, when group 0 and the keyspace behind the port have changed, or at `deadline`;
 * never from inside the call. Refusals are `ChangeRefused` with etcd's text for the cause.
 */
export interface ClusterAdmin {
  addMember(
    peerUrls: readonly string[],
    learner: boolean,
    deadline: Ticks,
    done: MemberCallback,
  ): void;
  removeMember(member: NodeId, deadline: Ticks, done: MemberCallback): void;
  updateMember(
    member: NodeId,
    peerUrls: readonly string[],
    deadline: Ticks,
    done: MemberCallback,
  ): void;
  promoteMember(member: NodeId, deadline: Ticks, done: MemberCallback): void;
}
