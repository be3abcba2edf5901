import {
  type Bytes,
  byId,
  type GroupId,
  type JournalSeq,
  type Lane,
  type NodeId,
  SYSTEM_GROUP,
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

/** Group 0 says who may lead all others, and for how long: its log is small, and must not stand behind their values. */
const laneOf = (lane: Lane, group: GroupId): Lane =>
  lane === "log" && group === SYSTEM_GROUP ? "control" : lane;

/**
 * The frames of a turn. Items of all groups to one peer share a frame, apart by lane, and by whether they must wait for
 * the disk: a heartbeat does not wait for another group's sync.
 */
export class Outbox {
  /** A few for each peer; peers in the order of their ids. */
  #frames: Pending[] = [];

  add(to: NodeId, lane: Lane, group: GroupId, kind: number, bytes: Bytes, after: JournalSeq): void {
    const frame = this.#frameFor(to, laneOf(lane, group), bytes.length, after);
    frame.parts.push(itemHeader(group, kind, bytes.length), bytes);
    frame.bytes += bytes.length;
    if (after > frame.after) frame.after = after;
  }

  /** Hands over all frames; peers in order of their ids, so that a run can be repeated. */
  flush(turn: Turn): void {
    if (this.#frames.length === 0) return;
    for (const { to, lane, parts, after } of this.#frames)
      turn.ask({ type: "Frame", to, lane, parts, after });
    this.#frames = [];
  }

  /** The last one of its kind, while there is room in it. */
  #frameFor(to: NodeId, lane: Lane, bytes: number, after: JournalSeq): Pending {
    let end = this.#frames.length;
    while (end > 0 && byId((this.#frames[end - 1] as Pending).to, to) > 0) end--;
    for (let i = end - 1; i >= 0; i--) {
      const frame = this.#frames[i] as Pending;
      if (frame.to !== to) break;
      if (frame.lane !== lane || (frame.after === 0) !== (after === 0)) continue;
      if (frame.bytes + bytes <= FRAME_BYTES_MAX) return frame;
      break;
    }
    const fresh: Pending = { to, lane, parts: [], bytes: 0, after };
    if (end === this.#frames.length) this.#frames.push(fresh);
    else this.#frames.splice(end, 0, fresh);
    return fresh;
  }
}
