import { highHalf, int64Of, lowHalf } from "../../core/bytes.ts";
import { assert, type Bytes, EMPTY, Malformed } from "../../core/index.ts";

/**
 * Reads protobuf fields in place. Every read is checked against the end of the message, so a lie in a length
 * is `Malformed` and never an allocation; unknown fields are skipped.
 */
export class WireReader {
  readonly #bytes: Bytes;
  #at: number;
  readonly #end: number;
  /** The last varint, as two 32-bit halves. */
  #low = 0;
  #high = 0;

  constructor(bytes: Bytes, from = 0, to = bytes.length) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** Field number times 8 plus wire type. */
  tag(): number {
    this.#varint();
    const tag = this.#low >>> 0;
    if (this.#high !== 0 || tag < 8) throw new Malformed("illegal tag");
    return tag;
  }

  /** An int64. Beyond 2^53 the nearest double, which keeps every comparison with a revision true. */
  number(): number {
    this.#varint();
    return this.#high === 0
      ? this.#low >>> 0
      : (this.#high | 0) * 0x1_0000_0000 + (this.#low >>> 0);
  }

  /** An int64, exactly. */
  int64(): bigint {
    this.#varint();
    return int64Of(this.#high, this.#low);
  }

  bool(): boolean {
    this.#varint();
    return this.#low !== 0 || this.#high !== 0;
  }

  /** An enum or an int32. */
  int32(): number {
    this.#varint();
    return this.#low | 0;
  }

  /** A slice of the message, not a copy. */
  bytes(): Bytes {
    const length = this.#length();
    if (length === 0) return EMPTY;
    const from = this.#at;
    this.#at = from + length;
    return this.#bytes.subarray(from, this.#at);
  }

  /** A reader of the nested message that stands here. */
  message(): WireReader {
    const length = this.#length();
    const from = this.#at;
    this.#at = from + length;
    return new WireReader(this.#bytes, from, this.#at);
  }

  /** Steps over the value of a field that nobody asked for. */
  skip(tag: number): void {
    const type = tag & 7;
    if (type === 0) this.#varint();
    else if (type === 1) this.#step(8);
    else if (type === 2) this.#step(this.#length());
    else if (type === 5) this.#step(4);
    else throw new Malformed(`illegal wire type ${type}`);
  }

  #length(): number {
    this.#varint();
    const length = this.#low >>> 0;
    if (this.#high !== 0 || length > this.#end - this.#at) throw new Malformed("unexpected EOF");
    return length;
  }

  #step(n: number): void {
    if (n > this.#end - this.#at) throw new Malformed("unexpected EOF");
    this.#at += n;
  }

  #varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (this.#at >= this.#end) throw new Malformed("unexpected EOF");
      const byte = this.#bytes[this.#at++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift <= 63) high |= bits << (shift - 32);
      else throw new Malformed("integer overflow");
      if (byte < 0x80) break;
    }
    this.#low = low;
    this.#high = high >>> 0;
  }
}

const CHUNK_BYTES_MIN = 1024;
const CHUNK_BYTES_MAX = 16 * 1024;

/**
 * Writes protobuf fields; fields with their zero value are left out, as proto3 does. Messages are cut one after
 * the other from a chunk of memory, since an array for each would cost more than writing it; what was handed
 * out is never written again.
 */
export class WireWriter {
  #bytes: Uint8Array = EMPTY;
  /** Where the message being written begins. */
  #start = 0;
  #at = 0;

  /** Bytes of the message so far. */
  get length(): number {
    return this.#at - this.#start;
  }

  /** Makes room once for what is about to be written. */
  reserve(n: number): this {
    this.#room(n);
    return this;
  }

  /** An int64 field that is not negative. */
  uint(tag: number, n: number): this {
    if (n === 0) return this;
    this.#varint(tag);
    this.#varint(n);
    return this;
  }

  int64(tag: number, n: bigint): this {
    if (n === 0n) return this;
    this.#varint(tag);
    this.#room(10);
    let [high, low] = [highHalf(n), lowHalf(n)];
    while (high > 0 || low >= 0x80) {
      this.#bytes[this.#at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#bytes[this.#at++] = low;
    return this;
  }

  bool(tag: number, value: boolean): this {
    return this.uint(tag, value ? 1 : 0);
  }

  bytes(tag: number, value: Bytes): this {
    return value.length === 0 ? this : this.element(tag, value);
  }

  /** A member of a repeated field, which is written even if it is empty. */
  element(tag: number, value: Bytes): this {
    this.#varint(tag);
    this.#varint(value.length);
    return this.raw(value);
  }

  /** A tag and a length; exactly that many bytes must follow. */
  head(tag: number, length: number): this {
    this.#varint(tag);
    this.#varint(length);
    return this;
  }

  raw(value: Bytes): this {
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  /** Copies `from[start, end)` without making a slice of it. */
  copy(from: Uint8Array, start: number, end: number): this {
    this.#room(end - start);
    if (end - start > 64) this.#bytes.set(from.subarray(start, end), this.#at);
    else for (let i = start; i < end; i++) this.#bytes[this.#at + i - start] = from[i] ?? 0;
    this.#at += end - start;
    return this;
  }

  /** Eight bytes, little-endian: what stands before a body and is no field of it. */
  fixed64(n: number): this {
    this.#room(8);
    let rest = n;
    for (let i = 0; i < 8; i++) {
      this.#bytes[this.#at++] = rest & 0xff;
      rest = Math.floor(rest / 256);
    }
    return this;
  }

  /** Overwrites the eight bytes that `fixed64` wrote at the beginning of the message. */
  patchFixed64(n: number): this {
    const end = this.#at;
    this.#at = this.#start;
    this.fixed64(n);
    this.#at = end;
    return this;
  }

  /** A member of a repeated field given as a string of one character per byte. */
  latin1(tag: number, text: string): this {
    this.head(tag, text.length);
    this.#room(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#at++] = text.charCodeAt(i);
    return this;
  }

  /** Opens a nested message whose length is not known yet; `close` with what this returned. */
  open(tag: number): number {
    this.#varint(tag);
    this.#room(1);
    this.#at++;
    return this.length;
  }

  close(opened: number): this {
    const length = this.length - opened;
    const more = varintLength(length) - 1;
    this.#room(more);
    const body = this.#start + opened;
    if (more > 0) this.#bytes.copyWithin(body + more, body, this.#at);
    writeVarint(this.#bytes, body - 1, length);
    this.#at += more;
    return this;
  }

  /** Hands over what was written and begins the next message. */
  take(): Bytes {
    const taken = this.#bytes.subarray(this.#start, this.#at);
    this.#start = this.#at;
    return taken;
  }

  #varint(n: number): void {
    this.#room(10);
    this.#at = writeVarint(this.#bytes, this.#at, n);
  }

  #room(n: number): void {
    if (this.#at + n > this.#bytes.length) this.#grow(n);
  }

  /** Goes on in a new chunk, or in an array of its own for a long message. */
  #grow(n: number): void {
    const length = this.length;
    const chunk = Math.min(Math.max(this.#bytes.length * 2, CHUNK_BYTES_MIN), CHUNK_BYTES_MAX);
    const grown = new Uint8Array(Math.max(chunk, (length + n) * (length === 0 ? 1 : 2)));
    if (length > 0) grown.set(this.#bytes.subarray(this.#start, this.#at));
    this.#bytes = grown;
    this.#start = 0;
    this.#at = length;
  }
}

export function varintLength(n: number): number {
  let length = 1;
  for (let rest = n; rest >= 0x80; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Writes a safe non-negative integer; the place after it. */
export function writeVarint(into: Uint8Array, at: number, n: number): number {
  assert(n >= 0, "negative numbers are written as int64");
  while (n >= 0x80) {
    into[at++] = (n & 0x7f) | 0x80;
    n = n < 0x8000_0000 ? n >>> 7 : Math.floor(n / 128);
  }
  into[at++] = n;
  return at;
}
