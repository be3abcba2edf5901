import { type GroupConfig, isVoter, type NodeId, sooner, type Ticks } from "../core/index.ts";
import type { SystemState } from "../machines/system/index.ts";
import type { PeerAddress } from "./seam.ts";

/** How long a removed node keeps its links, at most, while a group cannot do without it. */
const GRACE_TICKS = 5000;

/**
 * Whom a node has links with: the members, and those that have left for as long as a group here still counts them as
 * voters. Group 0 names the members first and the groups follow: without the links two of three could be gone before a
 * group has left the first one out, and nobody would be left who could.
 */
export class Neighbours {
  readonly #self: NodeId;
  readonly #addresses = new Map<NodeId, string>();
  /** Nodes that left while this one ran, and until when their links stay. */
  readonly #leaving = new Map<NodeId, Ticks>();
  #named = "";

  constructor(self: NodeId) {
    this.#self = self;
  }

  /** When the grace of somebody who has left ends. */
  get wakeAt(): Ticks | null {
    let at: Ticks | null = null;
    for (const until of this.#leaving.values()) at = sooner(at, until);
    return at;
  }

  /** All of them, where they are others than before; null where they are not. */
  changed(
    { nodes, removed }: SystemState,
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
    const peers = [...this.#addresses]
      .filter(([node]) => node !== this.#self)
      .filter(([node]) => nodes.has(node) || configs.some((config) => isVoter(config, node)))
      .map(([node, address]) => ({ node, address }));
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
