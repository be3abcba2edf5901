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
  parts: Bytes[];
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
  readonly #frames = new Map<string, Pending>();
  #full: Pending[] = [];

  add(to: NodeId, lane: Lane, group: GroupId, kind: number, bytes: Bytes, after: JournalSeq): void {
    const key = `${to}/${lane}/${after === 0 ? "now" : "durable"}`;
    let frame = this.#frames.get(key);
    if (frame !== undefined && frame.bytes + bytes.length > FRAME_BYTES_MAX) {
      this.#full.push(frame);
      frame = undefined;
    }
    if (frame === undefined) {
      frame = { to, lane, parts: [], bytes: 0, after };
      this.#frames.set(key, frame);
    }
    frame.parts.push(itemHeader(group, kind, bytes.length), bytes);
    frame.bytes += bytes.length;
    if (after > frame.after) frame.after = after;
  }

  /** Hands over all frames; peers in order of their ids, so that a run can be repeated. */
  flush(turn: Turn): void {
    if (this.#frames.size === 0) return;
    const last = [...this.#frames.values()].sort((a, b) => byId(a.to, b.to));
    for (const { to, lane, parts, after } of [...this.#full, ...last])
      turn.ask({ type: "Frame", to, lane, parts, after });
    this.#frames.clear();
    this.#full = [];
  }
}
