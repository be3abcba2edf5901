import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import type { NodePort } from "@quorate/server";

/** What this node knows of itself and its cluster. */
export interface Status {
  readonly node: bigint;
  readonly cluster: bigint;
  readonly role: "leader" | "follower" | "candidate" | "learner" | "none";
  readonly leader: bigint | null;
  readonly term: number;
  readonly members: readonly {
    readonly node: bigint;
    readonly name: string;
    readonly learner: boolean;
  }[];
}

export function statusOf(port: NodePort): Status {
  const group = port.groupOf(DEFAULT_KEYSPACE);
  const { node, cluster } = port.identity;
  return {
    node,
    cluster,
    role: group?.role ?? "none",
    leader: group?.leader ?? null,
    term: group?.term ?? 0,
    members: port.status().members.map(({ node, name, learner }) => ({ node, name, learner })),
  };
}
