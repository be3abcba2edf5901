import type { Bytes, StartId } from "../ids.ts";
import type { Lane } from "../seam.ts";
import { decodeFrame, encodeFrameHead } from "./frame.ts";

/** Why a frame was not believed. */
export type FrameDrop =
  /** Not a frame by its own account of its length, lane or sender. */
  | "malformed"
  | "checksum"
  /** The sender's process that sealed it is not the one whose hello opened this connection. */
  | "otherLife"
  /** Lost, repeated or overtaken: not the next one of this connection. */
  | "sequence";

export type Opened =
  | { readonly type: "frame"; readonly lane: Lane; readonly payload: Bytes }
  /** `close`: nothing that follows on this connection can be believed either; it must be begun anew. */
  | { readonly type: "dropped"; readonly reason: FrameDrop; readonly close: boolean };

/**
 * One connection to a peer after both hellos: seals what goes out, opens what comes in (card 65). It trusts the
 * stream beneath it with nothing. What it accepts was sealed whole, once and in this order by the process that
 * said hello; that it arrives at all is promised by nobody. The simulator's links are the same objects.
 *
 * Start ids are random, so there is no "older": exactly one start id is accepted, that of this connection's hello.
 * A frame of an earlier life is dropped without harm to the connection, since it says nothing about the others.
 */
export class PeerLink {
  readonly #start: StartId;
  readonly #peerStart: StartId;
  #sealed = 0;
  #opened = 0;

  constructor(start: StartId, peerStart: StartId) {
    this.#start = start;
    this.#peerStart = peerStart;
  }

  /** The head of the next frame. Frames must leave in the order in which they were sealed. */
  seal(lane: Lane, parts: readonly Bytes[]): Bytes {
    const sequence = this.#sealed;
    this.#sealed = (sequence + 1) >>> 0;
    return encodeFrameHead({ start: this.#start, sequence, lane }, parts);
  }

  /** Opens one whole frame. Total: any bytes. The payload is a view of them. */
  open(frame: Bytes): Opened {
    const decoded = decodeFrame(frame);
    if (typeof decoded === "string") return { type: "dropped", reason: decoded, close: true };
    const { start, sequence, lane } = decoded.head;
    if (start !== this.#peerStart) return { type: "dropped", reason: "otherLife", close: false };
    if (sequence !== this.#opened) return { type: "dropped", reason: "sequence", close: true };
    this.#opened = (sequence + 1) >>> 0;
    return { type: "frame", lane, payload: decoded.payload };
  }
}
