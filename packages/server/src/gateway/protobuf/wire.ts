import { type Bytes, Malformed } from "@quorate/kernel/core";

export const VARINT = 0;
const FIXED64 = 1;
export const DELIMITED = 2;
const FIXED32 = 5;

/** How deep messages may nest. Beyond it bytes are malformed: recursion must end before the stack does. */
export const NESTING_MAX = 300;

const EMPTY_CHUNK = new Uint8Array(0);

/** Reads protobuf's wire format. Every read is checked and a lie is `Malformed`, never an allocation. */
export class WireReader {
  at: number;
  readonly #bytes: Bytes;
  readonly #end: number;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
    this.#end = bytes.length;
    this.at = 0;
  }

  get done(): boolean {
    return this.at === this.#end;
  }

  /** A field's number and wire type as one integer: `number * 8 + type`. */
  tag(): number {
    const tag = this.size();
    if (tag < 8 || tag > 0xffff_ffff) throw new Malformed(`${tag} is no field tag`);
    return tag;
  }

  /** A varint that has to be a small count, such as a length or a tag. */
  size(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 7; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new Malformed("a length or tag beyond 2^49");
  }

  /** A varint of up to 64 bits; more significant bits are dropped, as protobuf does. */
  varint(): bigint {
    let low = 0;
    let scale = 1;
    for (let i = 0; i < 7; i++) {
      const byte = this.#byte();
      low += (byte & 0x7f) * scale;
      if (byte < 0x80) return BigInt(low);
      scale *= 128;
    }
    let high = 0;
    for (let i = 0; i < 3; i++) {
      const byte = this.#byte();
      high |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, BigInt(low) | (BigInt(high) << 49n));
    }
    throw new Malformed("a varint of more than ten bytes");
  }

  /** A slice of what is read, not a copy. */
  delimited(): Bytes {
    const length = this.size();
    if (length > this.#end - this.at) throw new Malformed("a length beyond the end");
    const from = this.at;
    this.at += length;
    return this.#bytes.subarray(from, this.at);
  }

  skip(wireType: number): void {
    if (wireType === VARINT) this.varint();
    else if (wireType === DELIMITED) this.delimited();
    else if (wireType === FIXED64) this.#skipBytes(8);
    else if (wireType === FIXED32) this.#skipBytes(4);
    else throw new Malformed(`wire type ${wireType}`);
  }

  #byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw new Malformed("the message ends inside a field");
    this.at++;
    return byte;
  }

  #skipBytes(n: number): void {
    if (n > this.#end - this.at) throw new Malformed("the message ends inside a field");
    this.at += n;
  }
}

/** Writes protobuf's wire format. `take` hands the bytes over and starts anew. */
export class WireWriter {
  #bytes: Uint8Array = EMPTY_CHUNK;
  #at = 0;

  tag(number: number, wireType: number): this {
    return this.size(number * 8 + wireType);
  }

  size(n: number): this {
    this.#room(8);
    while (n >= 0x80) {
      this.#bytes[this.#at++] = (n % 128) | 0x80;
      n = Math.floor(n / 128);
    }
    this.#bytes[this.#at++] = n;
    return this;
  }

  /** Negative numbers take ten bytes, as int64 does. */
  varint(n: bigint): this {
    let rest = BigInt.asUintN(64, n);
    if (rest <= 0xffff_ffff_ffffn) return this.size(Number(rest));
    this.#room(10);
    while (rest >= 0x80n) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
    return this;
  }

  delimited(bytes: Bytes): this {
    return this.size(bytes.length).raw(bytes);
  }

  raw(bytes: Bytes): this {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  take(): Bytes {
    const taken = this.#bytes.subarray(0, this.#at);
    this.#bytes = EMPTY_CHUNK;
    this.#at = 0;
    return taken;
  }

  #room(n: number): void {
    const need = this.#at + n;
    if (need <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(need, this.#bytes.length * 2, 64));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }
}
