import { type Bytes, copy, EMPTY, view } from "../bytes.ts";
import { PREFIX_BYTES } from "../connection/index.ts";
import { uint32 } from "../frames/index.ts";

export type Cut = "Message" | "Wanting" | "TooLarge";

/** What a piece of a message is counted with beside its bytes: a message may come a byte at a time, and each is an object. */
const PIECE_BYTES = 256;

/**
 * Cuts a body, however it was chunked, into messages (gRPC over HTTP/2, Length-Prefixed-Message). A length is checked against
 * the bound before anything is allocated, and a message is put together only once all of it is here; one that
 * lies in a single chunk is not copied.
 */
export class MessageReader {
  /** What `next` found: the message, whether it is compressed, and its announced length. */
  message: Bytes = EMPTY;
  isCompressed = false;
  length = 0;
  readonly #bytesMax: number;
  /** Unread are the bytes of `#first` from `#at` on, and those of `#rest`. */
  #first: Bytes = EMPTY;
  #at = 0;
  #rest: Bytes[] | null = null;
  #left = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that have not been handed out: at the end of a body there must be none. */
  get left(): number {
    return this.#left;
  }

  /** What is held of what has not been handed out. */
  get heldBytes(): number {
    return this.#left + PIECE_BYTES * (this.#rest?.length ?? 0);
  }

  push(chunk: Bytes): void {
    if (chunk.length === 0) return;
    if (this.#left === 0) {
      this.#first = chunk;
      this.#at = 0;
    } else if (this.#rest === null) this.#rest = [chunk];
    else this.#rest.push(chunk);
    this.#left += chunk.length;
  }

  /** After `TooLarge` there is nothing more to be had. */
  next(): Cut {
    if (this.#left < PREFIX_BYTES) return "Wanting";
    if (this.#first.length - this.#at < PREFIX_BYTES) this.#join(PREFIX_BYTES);
    const first = this.#first;
    const at = this.#at;
    this.length = uint32(first, at + 1);
    if (this.length > this.#bytesMax) return "TooLarge";
    const total = PREFIX_BYTES + this.length;
    if (this.#left < total) return "Wanting";
    this.isCompressed = first[at] !== 0;
    if (first.length - at < total) this.#join(total);
    const from = this.#at + PREFIX_BYTES;
    this.message = this.length === 0 ? EMPTY : view(this.#first, from, from + this.length);
    this.#skip(total);
    return "Message";
  }

  clear(): void {
    this.#first = EMPTY;
    this.#rest = null;
    this.#at = 0;
    this.#left = 0;
  }

  /** Makes the next `bytes` lie in one chunk. */
  #join(bytes: number): void {
    const joined = new Uint8Array(bytes);
    const rest = this.#rest ?? [];
    let filled = this.#first.length - this.#at;
    copy(this.#first.subarray(this.#at), joined, 0);
    let used = 0;
    while (filled < bytes) {
      const chunk = rest[used] as Bytes;
      const take = Math.min(chunk.length, bytes - filled);
      copy(chunk.subarray(0, take), joined, filled);
      filled += take;
      if (take < chunk.length) rest[used] = chunk.subarray(take);
      else used++;
    }
    rest.splice(0, used);
    this.#first = joined;
    this.#at = 0;
  }

  #skip(bytes: number): void {
    this.#left -= bytes;
    this.#at += bytes;
    if (this.#at < this.#first.length) return;
    this.#first = this.#rest?.shift() ?? EMPTY;
    this.#at = 0;
  }
}
