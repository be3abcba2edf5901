import type { NodeId } from "../ids.ts";
import type { PeerHello } from "./hello.ts";

/** Why two nodes do not talk. The text names both sides, for the logs of both. */
export interface HelloMismatch {
  readonly code: "WrongCluster" | "WrongNode" | "NoCommonVersion";
  readonly text: string;
}

/** What both sides of a link agreed on: the highest common version, and the features that both have. */
export interface Acquaintance {
  readonly version: number;
  readonly features: bigint;
}

/** Compares the hellos of a connection. `expected` is whom the dialler meant to reach; null where anyone may call. */
export function compareHellos(
  mine: PeerHello,
  theirs: PeerHello,
  expected: NodeId | null,
): Acquaintance | HelloMismatch {
  if (theirs.cluster !== mine.cluster) {
    const text =
      `node ${theirs.node} belongs to cluster ${theirs.cluster}, ` +
      `node ${mine.node} to cluster ${mine.cluster}: check the peer addresses of both`;
    return { code: "WrongCluster", text };
  }
  if (theirs.node === mine.node || (expected !== null && theirs.node !== expected)) {
    const wanted = expected === null ? "another node" : `node ${expected}`;
    const text = `node ${mine.node} met node ${theirs.node} where it expected ${wanted}: check the addresses`;
    return { code: "WrongNode", text };
  }
  const version = Math.min(mine.versions.max, theirs.versions.max);
  if (version < Math.max(mine.versions.min, theirs.versions.min)) {
    const text =
      `node ${theirs.node} speaks peer versions ${theirs.versions.min}-${theirs.versions.max}, ` +
      `node ${mine.node} ${mine.versions.min}-${mine.versions.max}: upgrade the older one`;
    return { code: "NoCommonVersion", text };
  }
  return { version, features: mine.features & theirs.features };
}
