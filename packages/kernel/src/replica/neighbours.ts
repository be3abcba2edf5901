import { earliest, type GroupConfig, isVoter, type NodeId, type Ticks } from "../core/index.ts";
import type { SystemState } from "../machines/system/index.ts";
import type { PeerAddress } from "./seam.ts";
import type { MembersTold } from "./wire.ts";

/** How long a removed node keeps its links, at most, while a group cannot do without it. */
const GRACE_TICKS = 5000;

/**
 * Whom a node has links with: the members, and those that have left for as long as a group here still counts them as
 * voters. Group 0 names the members first and the groups follow: without the links two of three could be gone before a
 * group has left the first one out, and nobody would be left who could.
 *
 * And, by another's word, the members of a later change than this node has made: one that was away may be a member to all and know
 * none of them who leads. It is a word about links alone; who votes is decided by what the groups commit.
 */
export class Neighbours {
  readonly #self: NodeId;
  readonly #addresses = new Map<NodeId, string>();
  /** Nodes that left while this one ran, and until when their links stay. */
  readonly #leaving = new Map<NodeId, Ticks>();
  #told: MembersTold | null = null;
  #named = "";

  constructor(self: NodeId) {
    this.#self = self;
  }

  /** Another's word on who the members are. True where it is news. */
  hear(told: MembersTold, { membershipEpoch }: SystemState): boolean {
    if (told.epoch <= Math.max(membershipEpoch, this.#told?.epoch ?? 0)) return false;
    this.#told = told;
    return true;
  }

  /** When the grace of somebody who has left ends. */
  get wakeAt(): Ticks | null {
    let at: Ticks | null = null;
    if (this.#leaving.size === 0) return at;
    for (const until of this.#leaving.values()) at = earliest(at, until);
    return at;
  }

  /** All of them, where they are others than before; null where they are not. */
  changed(
    { nodes, removed, membershipEpoch }: SystemState,
    configs: readonly GroupConfig[],
    now: Ticks,
  ): readonly PeerAddress[] | null {
    // A node that has only just joined knows nobody yet, and keeps the links that its host was told to dial.
    if (nodes.size === 0) return null;
    for (const node of removed)
      if (this.#addresses.has(node) && !this.#leaving.has(node))
        this.#leaving.set(node, (now + GRACE_TICKS) as Ticks);
    for (const [node, until] of this.#leaving) if (now >= until) this.#forget(node);
    for (const { node, peerAddress } of nodes.values()) this.#addresses.set(node, peerAddress);
    if (this.#told !== null && membershipEpoch >= this.#told.epoch) this.#told = null;
    const told = this.#told?.peers.filter(({ node }) => !this.#addresses.has(node)) ?? [];
    const known = [...this.#addresses]
      .filter(([node]) => nodes.has(node) || configs.some((config) => isVoter(config, node)))
      .map(([node, address]) => ({ node, address }));
    const peers = [...known, ...told].filter(({ node }) => node !== this.#self);
    const named = peers.map(({ node, address }) => `${node} ${address}`).join();
    if (named === this.#named) return null;
    this.#named = named;
    return peers;
  }

  #forget(node: NodeId): void {
    this.#leaving.delete(node);
    this.#addresses.delete(node);
  }
}
