import { copy, EMPTY } from "../bytes.ts";
import { FRAME_HEADER_BYTES } from "./frame.ts";

export type Cut = "Frame" | "Wanting" | "TooLarge";

/**
 * Cuts bytes into frames, however they were chunked. A frame that lies in one chunk is not copied; one that does not is put
 * together in memory of its own, which is taken only after its announced length has been found within the bound. The
 * fields describe the frame that `next` found, until its next call.
 */
export class FrameReader {
  type = 0;
  flags = 0;
  streamId = 0;
  /** The payload lies here, between `from` and `to`. */
  bytes: Uint8Array = EMPTY;
  from = 0;
  to = 0;
  readonly #payloadBytesMax: number;
  #chunk: Uint8Array = EMPTY;
  #at = 0;
  /** The beginning of a frame, of which `#held` bytes are here. */
  #partial: Uint8Array = EMPTY;
  #held = 0;

  constructor(payloadBytesMax: number) {
    this.#payloadBytesMax = payloadBytesMax;
  }

  /** The chunk before must have been used up: `next` has said `Wanting`. */
  push(chunk: Uint8Array, at = 0): void {
    this.#chunk = chunk;
    this.#at = at;
  }

  /** After `TooLarge` there is nothing more to be had. */
  next(): Cut {
    if (this.#held > 0) return this.#complete();
    const chunk = this.#chunk;
    const left = chunk.length - this.#at;
    if (left < FRAME_HEADER_BYTES) {
      if (left > 0) this.#hold(FRAME_HEADER_BYTES);
      return this.#wanting();
    }
    const end = this.#at + FRAME_HEADER_BYTES + payloadLength(chunk, this.#at);
    if (end - this.#at - FRAME_HEADER_BYTES > this.#payloadBytesMax) return "TooLarge";
    if (end > chunk.length) {
      this.#hold(end - this.#at);
      return this.#wanting();
    }
    this.#describe(chunk, this.#at, end);
    this.#at = end;
    return "Frame";
  }

  #hold(bytes: number): void {
    this.#partial = new Uint8Array(bytes);
    this.#fill();
  }

  /** Takes from the chunk what the partial frame lacks; true when it lacks nothing more. */
  #fill(): boolean {
    const take = Math.min(this.#partial.length - this.#held, this.#chunk.length - this.#at);
    copy(this.#chunk.subarray(this.#at, this.#at + take), this.#partial, this.#held);
    this.#held += take;
    this.#at += take;
    return this.#held === this.#partial.length;
  }

  #complete(): Cut {
    if (!this.#fill()) return this.#wanting();
    if (this.#held === FRAME_HEADER_BYTES) {
      const length = payloadLength(this.#partial, 0);
      if (length > this.#payloadBytesMax) return "TooLarge";
      if (length > 0) {
        const header = this.#partial;
        this.#partial = new Uint8Array(FRAME_HEADER_BYTES + length);
        copy(header, this.#partial, 0);
        if (!this.#fill()) return this.#wanting();
      }
    }
    this.#describe(this.#partial, 0, this.#partial.length);
    this.#partial = EMPTY;
    this.#held = 0;
    return "Frame";
  }

  #wanting(): Cut {
    this.#chunk = EMPTY;
    this.#at = 0;
    return "Wanting";
  }

  /** The reserved bit before the stream's number is ignored (RFC 9113 §4.1). */
  #describe(bytes: Uint8Array, at: number, end: number): void {
    this.type = bytes[at + 3] as number;
    this.flags = bytes[at + 4] as number;
    this.streamId = uint31(bytes, at + 5);
    this.bytes = bytes;
    this.from = at + FRAME_HEADER_BYTES;
    this.to = end;
  }
}

function payloadLength(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
  );
}

export function uint31(bytes: Uint8Array, at: number): number {
  return uint32(bytes, at) & 0x7fff_ffff;
}

export function uint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
