import { createHash } from "node:crypto";
import { type ClusterId, clusterId, type NodeId, nodeId } from "@quorate/kernel/core";
import type { Bootstrap } from "@quorate/kernel/replica";

/** A founder as `--initial-cluster` names it. */
export interface Founder {
  readonly name: string;
  /** host:port of its peer port. */
  readonly address: string;
}

/** What every founder computes alike from the same list and token. */
export interface Founding {
  readonly cluster: ClusterId;
  readonly founders: Bootstrap["founders"];
}

/**
 * The first configuration of group 0. Ids are digests of what all founders were told, because none has spoken to another yet:
 * two clusters with the same token and addresses would be one, so the token must be new for every cluster.
 */
export function foundingOf(token: string, members: readonly Founder[]): Founding {
  const sorted = [...members].sort((a, b) => (a.name < b.name ? -1 : 1));
  const list = sorted.map(({ name, address }) => `${name}=${address}`).join(",");
  const founders = sorted.map(({ name, address }) => ({
    node: nodeIdOf(token, name, address),
    name,
    peerAddress: address,
  }));
  return { cluster: clusterId(digest63(`cluster\0${token}\0${list}`)), founders };
}

/** The id of a member by what it is known by: a founder by name and address, a joining node by its nonce. */
export const nodeIdOf = (token: string, name: string, salt: string): NodeId =>
  nodeId(digest63(`node\0${token}\0${name}\0${salt}`));

function digest63(text: string): bigint {
  const bits = createHash("sha256").update(text).digest().readBigUInt64BE(0) >> 1n;
  return bits === 0n ? 1n : bits;
}
