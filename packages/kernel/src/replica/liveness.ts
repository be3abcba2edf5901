import {
  type Bytes,
  byId,
  decoded,
  Malformed,
  type NodeId,
  Reader,
  type Ticks,
  Writer,
} from "../core/index.ts";
import type { Space } from "./seam.ts";

const SPACES: readonly Space[] = ["ample", "low", "exhausted"];

interface PeerState {
  readonly node: NodeId;
  heardAt: Ticks | null;
  /** When it was last sent anything that did not have to wait for the disk. */
  toldAt: Ticks | null;
  up: boolean;
  space: Space;
}

/**
 * Which peers live, told from node to node once for all groups: so that a thousand idle groups can sleep and still
 * learn within an election time-out that their leader's node is gone. A hint, like a closed link; never a proof.
 */
export class Liveness {
  /** A handful, asked at every frame: maps hash a big integer at every look. */
  #peers: readonly PeerState[] = [];
  readonly #silenceTicks: number;

  constructor(silenceTicks: number) {
    this.#silenceTicks = silenceTicks;
  }

  get hasPeers(): boolean {
    return this.#peers.length > 0;
  }

  get peers(): readonly NodeId[] {
    return this.#peers.map(({ node }) => node);
  }

  /** Follows the cluster's members. */
  setPeers(peers: readonly NodeId[]): void {
    const stay = this.#peers.filter(({ node }) => peers.includes(node));
    const come = peers.filter((peer) => this.#peer(peer) === undefined).sort(byId);
    this.#peers = [...stay, ...come.map(unheard)];
  }

  isUp(peer: NodeId): boolean {
    return this.#peer(peer)?.up ?? false;
  }

  spaceOf(peer: NodeId): Space {
    return this.#peer(peer)?.space ?? "ample";
  }

  /** A frame came. True if the peer counted as gone until now. */
  heard(peer: NodeId, now: Ticks): boolean {
    const state = this.#peer(peer);
    if (state === undefined) return false;
    state.heardAt = now;
    const returned = !state.up;
    state.up = true;
    return returned;
  }

  /** What a peer says of itself: of which change of the members it knows; null where it does not say. */
  report(peer: NodeId, bytes: Bytes): number | null {
    const state = this.#peer(peer);
    const space = SPACES[bytes[0] ?? 0];
    if (state !== undefined && space !== undefined) state.space = space;
    const epoch = decoded(() => {
      const r = new Reader(bytes);
      r.u8();
      return r.uint();
    });
    return epoch instanceof Malformed ? null : epoch;
  }

  /** A frame for it is on its way: as good as a word that this node lives. */
  told(peer: NodeId, now: Ticks): void {
    const state = this.#peer(peer);
    if (state !== undefined) state.toldAt = now;
  }

  /** Peers that were told nothing since then. */
  untold(since: Ticks): readonly NodeId[] {
    const peers: NodeId[] = [];
    for (const { node, toldAt } of this.#peers)
      if (toldAt === null || toldAt < since) peers.push(node);
    return peers;
  }

  /** The link closed. True if the peer counted as alive until now. */
  lost(peer: NodeId): boolean {
    const state = this.#peer(peer);
    if (state === undefined || !state.up) return false;
    state.up = false;
    return true;
  }

  /** Peers that have fallen silent since the last time. */
  silent(now: Ticks): readonly NodeId[] {
    const gone: NodeId[] = [];
    for (const state of this.#peers) {
      if (!state.up || state.heardAt === null || now - state.heardAt < this.#silenceTicks) continue;
      state.up = false;
      gone.push(state.node);
    }
    return gone;
  }

  #peer(peer: NodeId): PeerState | undefined {
    for (const state of this.#peers) if (state.node === peer) return state;
    return undefined;
  }

  static encode(space: Space, membershipEpoch: number): Bytes {
    return new Writer(9).u8(SPACES.indexOf(space)).uint(membershipEpoch).take();
  }
}

const unheard = (node: NodeId): PeerState => ({
  node,
  heardAt: null,
  toldAt: null,
  up: false,
  space: "ample",
});
