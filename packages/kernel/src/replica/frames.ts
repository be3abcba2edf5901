import { type Bytes, Malformed, type NodeId, type Now, type Ticks } from "../core/index.ts";
import { deliver } from "./delivery.ts";
import type { Groups } from "./groups.ts";
import type { Liveness } from "./liveness.ts";
import type { Offices } from "./offices.ts";
import type { Steward } from "./steward.ts";
import type { Turn } from "./turn.ts";
import { decodeMembers, encodeMembers, FrameKind, type Item, readItems } from "./wire.ts";

export interface FramesHost {
  readonly groups: Groups;
  readonly liveness: Liveness;
  readonly steward: Steward;
  readonly offices: Offices;
  readonly turn: Turn;
  /** A peer that counted as gone was heard. */
  readonly linkUp: (peer: NodeId) => void;
  readonly tell: (to: NodeId, kind: number, bytes: Bytes) => void;
  readonly count: (what: string) => void;
}

/** Takes the frames of other nodes apart: each item goes to its group, or to the part of the node that it is for. */
export class Frames {
  readonly #host: FramesHost;

  constructor(host: FramesHost) {
    this.#host = host;
  }

  take(from: NodeId, bytes: Bytes, now: Now): void {
    const { liveness, linkUp, count } = this.#host;
    const items = readItems(bytes);
    if (items instanceof Malformed) return count("frames_malformed");
    if (liveness.heard(from, now.ticks)) linkUp(from);
    for (const item of items) this.#onItem(from, item, now);
  }

  #onItem(from: NodeId, { group, kind, bytes }: Item, now: Now): void {
    const { groups, offices, turn, count } = this.#host;
    if (kind === FrameKind.alive) return this.#onAlive(from, bytes);
    if (kind === FrameKind.members) return this.#onMembers(bytes, now.ticks);
    if (kind === FrameKind.standpoint) {
      if (!offices.onStandpoint(from, group, bytes, now.ticks)) count("items_malformed");
      return;
    }
    const replica = groups.get(group);
    if (replica === null) return count("items_of_unknown_groups");
    turn.touch(replica);
    const delivery = deliver(replica, from, kind, bytes, now);
    if (delivery === "Malformed") count("items_malformed");
    if (delivery === "Unknown") count("items_of_unknown_kind");
  }

  /** A peer that has missed a change of the members is told who they are: it may know nobody else who could tell it. */
  #onAlive(from: NodeId, bytes: Bytes): void {
    const { liveness, groups, tell } = this.#host;
    const epoch = liveness.report(from, bytes);
    const { membershipEpoch, nodes } = groups.system;
    if (epoch === null || epoch >= membershipEpoch) return;
    const peers = [...nodes.values()].map(({ node, peerAddress }) => ({
      node,
      address: peerAddress,
    }));
    tell(from, FrameKind.members, encodeMembers({ epoch: membershipEpoch, peers }));
  }

  #onMembers(bytes: Bytes, now: Ticks): void {
    const told = decodeMembers(bytes);
    if (told instanceof Malformed) return this.#host.count("items_malformed");
    this.#host.steward.hear(told, now);
  }
}
