import { type Bytes, copy, EMPTY, view } from "../bytes.ts";
import { Flag, FRAME_HEADER_BYTES, FrameType, PREFACE } from "./frame.ts";

/** Slabs grow from the first size to the second while a connection is busy. An idle one holds none. */
const SLAB_BYTES_MIN = 2048;
const SLAB_BYTES_MAX = 65_536;

/** Parts up to this size are copied behind the frames before them; larger ones are referred to. */
const COPY_BYTES_MAX = 8192;

/**
 * Gathers a turn's frames, so that they leave in one write. Small ones lie side by side in a slab. Nothing handed out by
 * `take` is ever written again.
 */
export class FrameWriter {
  #slab: Uint8Array = EMPTY;
  /** What lies between these has been written and not yet been taken. */
  #from = 0;
  #at = 0;
  #chunks: Bytes[] = [];
  #chunkBytes = 0;

  /** Bytes written since the last `take`. */
  get pending(): number {
    return this.#chunkBytes + this.#at - this.#from;
  }

  take(): readonly Bytes[] {
    if (this.#at > this.#from) this.#seal();
    const chunks = this.#chunks;
    if (chunks.length > 0) this.#chunks = [];
    this.#chunkBytes = 0;
    return chunks;
  }

  /** Lets the slab go: for a connection that has nothing to say for a while. */
  release(): void {
    if (this.pending > 0) return;
    this.#slab = EMPTY;
    this.#from = 0;
    this.#at = 0;
  }

  header(length: number, type: number, flags: number, streamId: number): void {
    this.#room(FRAME_HEADER_BYTES);
    const slab = this.#slab;
    const at = this.#at;
    slab[at] = length >>> 16;
    slab[at + 1] = length >>> 8;
    slab[at + 2] = length;
    slab[at + 3] = type;
    slab[at + 4] = flags;
    slab[at + 5] = streamId >>> 24;
    slab[at + 6] = streamId >>> 16;
    slab[at + 7] = streamId >>> 8;
    slab[at + 8] = streamId;
    this.#at = at + FRAME_HEADER_BYTES;
  }

  /** Bytes of a payload: they must not change any more. */
  bytes(part: Bytes): void {
    const length = part.length;
    if (length > COPY_BYTES_MAX) {
      this.#seal();
      this.#chunks.push(part);
      this.#chunkBytes += length;
      return;
    }
    this.#room(length);
    copy(part, this.#slab, this.#at);
    this.#at += length;
  }

  /** What precedes a gRPC message: whether it is compressed, and its length. */
  messagePrefix(compressed: boolean, length: number): void {
    this.#room(5);
    this.#slab[this.#at++] = compressed ? 1 : 0;
    this.#uint32(length);
  }

  /** A header block, in as many frames as its length asks for (RFC 9113 §4.3). */
  headers(streamId: number, block: Bytes, endStream: boolean, payloadBytesMax: number): void {
    const end = endStream ? Flag.EndStream : 0;
    const length = block.length;
    if (length <= payloadBytesMax) {
      this.header(length, FrameType.Headers, Flag.EndHeaders | end, streamId);
      this.#copied(block);
      return;
    }
    for (let at = 0; at < length; at += payloadBytesMax) {
      const to = Math.min(at + payloadBytesMax, length);
      const flags = (to === length ? Flag.EndHeaders : 0) | (at === 0 ? end : 0);
      const type = at === 0 ? FrameType.Headers : FrameType.Continuation;
      this.header(to - at, type, flags, streamId);
      this.#copied(block.subarray(at, to));
    }
  }

  resetStream(streamId: number, code: number): void {
    this.header(4, FrameType.ResetStream, 0, streamId);
    this.#room(4);
    this.#uint32(code);
  }

  windowUpdate(streamId: number, increment: number): void {
    this.header(4, FrameType.WindowUpdate, 0, streamId);
    this.#room(4);
    this.#uint32(increment);
  }

  settings(entries: readonly (readonly [id: number, value: number])[]): void {
    this.header(entries.length * 6, FrameType.Settings, 0, 0);
    this.#room(entries.length * 6);
    for (const [id, value] of entries) {
      this.#slab[this.#at++] = id >>> 8;
      this.#slab[this.#at++] = id;
      this.#uint32(value);
    }
  }

  settingsAcknowledge(): void {
    this.header(0, FrameType.Settings, Flag.Acknowledge, 0);
  }

  ping(payload: Bytes, acknowledge: boolean): void {
    this.header(8, FrameType.Ping, acknowledge ? Flag.Acknowledge : 0, 0);
    this.bytes(payload);
  }

  goAway(lastStreamId: number, code: number, debug: Bytes): void {
    this.header(8 + debug.length, FrameType.GoAway, 0, 0);
    this.#room(8);
    this.#uint32(lastStreamId);
    this.#uint32(code);
    this.bytes(debug);
  }

  preface(): void {
    this.bytes(PREFACE);
  }

  #uint32(value: number): void {
    const slab = this.#slab;
    slab[this.#at++] = value >>> 24;
    slab[this.#at++] = value >>> 16;
    slab[this.#at++] = value >>> 8;
    slab[this.#at++] = value;
  }

  /** A block's bytes are the encoder's own and will change: they are copied, however many. */
  #copied(block: Bytes): void {
    this.#room(block.length);
    copy(block, this.#slab, this.#at);
    this.#at += block.length;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#slab.length) return;
    this.#seal();
    const grown = Math.min(SLAB_BYTES_MAX, Math.max(SLAB_BYTES_MIN, this.#slab.length * 2));
    this.#slab = new Uint8Array(Math.max(grown, bytes));
    this.#from = 0;
    this.#at = 0;
  }

  #seal(): void {
    if (this.#at === this.#from) return;
    this.#chunks.push(view(this.#slab, this.#from, this.#at));
    this.#chunkBytes += this.#at - this.#from;
    this.#from = this.#at;
  }
}
