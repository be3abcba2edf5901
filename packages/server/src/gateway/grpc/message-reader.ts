import { type Bytes, EMPTY } from "@quorate/kernel/core";

/** Compressed flag and length (gRPC over HTTP/2, Length-Prefixed-Message). */
export const PREFIX_BYTES = 5;

export type Framed =
  | { readonly type: "Message"; readonly bytes: Bytes }
  /** Nothing whole is here yet. */
  | { readonly type: "Wanting" }
  | { readonly type: "TooLarge"; readonly bytes: number }
  | { readonly type: "Compressed" };

const WANTING: Framed = { type: "Wanting" };
const COMPRESSED: Framed = { type: "Compressed" };

/**
 * Cuts a byte stream, however it was chunked, into messages. The length is checked against the bound before
 * anything is allocated, and a message is joined only once all of it is here, so a peer that announces much
 * and sends little costs nothing. After `TooLarge` or `Compressed` the stream is of no more use.
 */
export class MessageReader {
  readonly #bytesMax: number;
  /** Unread bytes are those of `#chunks` from `#at` of the first on. */
  #chunks: Bytes[] = [];
  #at = 0;
  #length = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that belong to no message yet: at the end of a stream there must be none. */
  get left(): number {
    return this.#length;
  }

  push(chunk: Bytes): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  next(): Framed {
    if (this.#length < PREFIX_BYTES) return WANTING;
    const bytes =
      this.#peek(1) * 0x1000000 + (this.#peek(2) << 16) + (this.#peek(3) << 8) + this.#peek(4);
    if (bytes > this.#bytesMax) return { type: "TooLarge", bytes };
    if (this.#peek(0) !== 0) return COMPRESSED;
    if (this.#length < PREFIX_BYTES + bytes) return WANTING;
    this.#take(PREFIX_BYTES);
    return { type: "Message", bytes: this.#take(bytes) };
  }

  #peek(offset: number): number {
    let at = this.#at + offset;
    for (const chunk of this.#chunks) {
      if (at < chunk.length) return chunk[at] ?? 0;
      at -= chunk.length;
    }
    return 0;
  }

  /** A slice where the bytes lie in one chunk, else a joined copy. */
  #take(n: number): Bytes {
    const first = this.#chunks[0];
    if (n === 0 || first === undefined) return EMPTY;
    this.#length -= n;
    if (this.#at + n < first.length) {
      this.#at += n;
      return first.subarray(this.#at - n, this.#at);
    }
    if (this.#at + n === first.length) {
      const slice = first.subarray(this.#at);
      this.#chunks.shift();
      this.#at = 0;
      return slice;
    }
    return this.#join(n);
  }

  #join(n: number): Bytes {
    const joined = new Uint8Array(n);
    let filled = 0;
    let used = 0;
    for (const chunk of this.#chunks) {
      const part = chunk.subarray(this.#at, this.#at + n - filled);
      joined.set(part, filled);
      filled += part.length;
      this.#at += part.length;
      if (this.#at < chunk.length) break;
      this.#at = 0;
      used++;
      if (filled === n) break;
    }
    this.#chunks.splice(0, used);
    return joined;
  }
}

/** The message's prefix: never compressed. */
export function prefixOf(parts: readonly Bytes[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const prefix = new Uint8Array(PREFIX_BYTES);
  prefix[1] = length >>> 24;
  prefix[2] = length >>> 16;
  prefix[3] = length >>> 8;
  prefix[4] = length;
  return prefix;
}
