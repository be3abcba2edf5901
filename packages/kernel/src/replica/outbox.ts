import {
  type Bytes,
  byId,
  type GroupId,
  type JournalSeq,
  type Lane,
  type NodeId,
} from "../core/index.ts";
import type { Turn } from "./turn.ts";
import { itemHeader } from "./wire.ts";

interface Pending {
  readonly to: NodeId;
  readonly lane: Lane;
  readonly parts: Bytes[];
  bytes: number;
  after: JournalSeq;
}

/** Bytes of one frame, about; a turn that sends more makes several. The links refuse frames eight times as large. */
const FRAME_BYTES_MAX = 1 << 20;

/**
 * The frames of a turn. Items of all groups to one peer share a frame, apart by lane, and by whether they must wait for
 * the disk: a heartbeat does not wait for another group's sync.
 */
export class Outbox {
  readonly #frames = new Map<NodeId, Pending[]>();

  add(to: NodeId, lane: Lane, group: GroupId, kind: number, bytes: Bytes, after: JournalSeq): void {
    const frame = this.#frameFor(to, lane, bytes.length, after);
    frame.parts.push(itemHeader(group, kind, bytes.length), bytes);
    frame.bytes += bytes.length;
    if (after > frame.after) frame.after = after;
  }

  /** Hands over all frames; peers in order of their ids, so that a run can be repeated. */
  flush(turn: Turn): void {
    if (this.#frames.size === 0) return;
    const peers = [...this.#frames.keys()];
    if (peers.length > 1) peers.sort(byId);
    for (const peer of peers)
      for (const { to, lane, parts, after } of this.#frames.get(peer) ?? [])
        turn.ask({ type: "Frame", to, lane, parts, after });
    this.#frames.clear();
  }

  /** The last one of its kind, while there is room in it. */
  #frameFor(to: NodeId, lane: Lane, bytes: number, after: JournalSeq): Pending {
    const begun = this.#frames.get(to);
    for (let i = (begun?.length ?? 0) - 1; begun !== undefined && i >= 0; i--) {
      const frame = begun[i] as Pending;
      if (frame.lane !== lane || (frame.after === 0) !== (after === 0)) continue;
      if (frame.bytes + bytes <= FRAME_BYTES_MAX) return frame;
      break;
    }
    const fresh: Pending = { to, lane, parts: [], bytes: 0, after };
    if (begun === undefined) this.#frames.set(to, [fresh]);
    else begun.push(fresh);
    return fresh;
  }
}
