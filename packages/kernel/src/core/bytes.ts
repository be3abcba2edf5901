import type { Bytes } from "./ids.ts";

/** Bytes from outside that are not what they should be. Thrown inside a decoder only, and caught at its door. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

export const EMPTY: Bytes = new Uint8Array(0);

/** A 64-bit integer on its way between a big integer and bytes: one view for all, as making one costs more than using it. */
const WIDE = new DataView(new ArrayBuffer(8));
const WIDE_BYTES = new Uint8Array(WIDE.buffer);

/** The little-endian integers at a place that the caller has checked. */
export const u32At = (bytes: Bytes, at: number): number =>
  ((bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)) >>>
  0;

export function u64At(bytes: Bytes, at: number): bigint {
  for (let i = 0; i < 8; i++) WIDE_BYTES[i] = bytes[at + i] ?? 0;
  return WIDE.getBigUint64(0, true);
}

export function putU32(bytes: Uint8Array, at: number, n: number): void {
  bytes[at] = n;
  bytes[at + 1] = n >>> 8;
  bytes[at + 2] = n >>> 16;
  bytes[at + 3] = n >>> 24;
}

export function putU64(bytes: Uint8Array, at: number, n: bigint): void {
  WIDE.setBigUint64(0, n, true);
  for (let i = 0; i < 8; i++) bytes[at + i] = WIDE_BYTES[i] ?? 0;
}

/** The halves of the 64 bits of an integer, by way of memory: arithmetic on big integers makes a new one at every step. */
export function highHalf(n: bigint): number {
  WIDE.setBigInt64(0, n, true);
  return WIDE.getUint32(4, true);
}

export function lowHalf(n: bigint): number {
  WIDE.setBigInt64(0, n, true);
  return WIDE.getUint32(0, true);
}

/** The integer with these halves, between -2^63 and 2^63. */
export function int64Of(high: number, low: number): bigint {
  WIDE.setUint32(0, low, true);
  WIDE.setUint32(4, high, true);
  return WIDE.getBigInt64(0, true);
}

/** Engines keep arrays up to this size within their own heap, which is many times cheaper; a view would move them out. */
const SMALL_BYTES = 64;
/** What is no longer is cut out and copied when it is taken, rather than keep what was reserved too much. */
const COPIED_BYTES_MAX = 1024;

/**
 * Writes little-endian fixed-width fields into one growing buffer. `take` hands the bytes over and starts
 * anew, so that nothing handed out is ever written again. A capacity that fits exactly spares a copy.
 */
export class Writer {
  #bytes: Uint8Array<ArrayBuffer>;
  #at = 0;

  constructor(capacity = SMALL_BYTES) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#at;
  }

  u8(n: number): this {
    // In two steps: making room may replace the buffer, and what stands left of the brackets is looked up first.
    const at = this.#room(1);
    this.#bytes[at] = n;
    return this;
  }

  u16(n: number): this {
    const at = this.#room(2);
    this.#bytes[at] = n;
    this.#bytes[at + 1] = n >>> 8;
    return this;
  }

  u32(n: number): this {
    const at = this.#room(4);
    putU32(this.#bytes, at, n);
    return this;
  }

  /** A safe non-negative integer in 8 bytes. */
  uint(n: number): this {
    const at = this.#room(8);
    putU32(this.#bytes, at, n >>> 0);
    putU32(this.#bytes, at + 4, Math.floor(n / 0x1_0000_0000));
    return this;
  }

  u64(n: bigint): this {
    const at = this.#room(8);
    putU64(this.#bytes, at, n);
    return this;
  }

  raw(bytes: Bytes): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Length in 4 bytes, then the bytes. */
  bytes(bytes: Bytes): this {
    return this.u32(bytes.length).raw(bytes);
  }

  /** UTF-8 with its length in 4 bytes. */
  text(text: string): this {
    return this.bytes(utf8(text));
  }

  /** Overwrites four bytes written earlier, for a length known only afterwards. */
  patchU32(at: number, n: number): this {
    putU32(this.#bytes, at, n);
    return this;
  }

  take(): Bytes {
    const [whole, length] = [this.#bytes, this.#at];
    this.#bytes = NOTHING;
    this.#at = 0;
    if (length === whole.length) return whole;
    return length <= COPIED_BYTES_MAX ? whole.slice(0, length) : whole.subarray(0, length);
  }

  /**
   * The bytes, lent until the next write, which uses their memory again. For what copies them at once: megabytes taken in small
   * pieces make a collector that counts the memory it does not manage run again and again.
   */
  lend(): Bytes {
    const lent = this.#bytes.subarray(0, this.#at);
    this.#at = 0;
    return lent;
  }

  /** Where the next so many bytes go. */
  #room(n: number): number {
    const at = this.#at;
    this.#at = at + n;
    if (at + n > this.#bytes.length) this.#grow(at, at + n);
    return at;
  }

  #grow(used: number, need: number): void {
    const grown = new Uint8Array(Math.max(need, this.#bytes.length * 2, SMALL_BYTES));
    grown.set(used === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, used));
    this.#bytes = grown;
  }
}

/** What a writer holds after `take`, until it writes again. */
const NOTHING = new Uint8Array(0);

/** Reads what `Writer` wrote. Every read is checked; a lie in a length is `Malformed`, never an allocation. */
export class Reader {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  get at(): number {
    return this.#at;
  }

  u8(): number {
    return this.#bytes[this.#step(1)] ?? 0;
  }

  u16(): number {
    const at = this.#step(2);
    return (this.#bytes[at] ?? 0) | ((this.#bytes[at + 1] ?? 0) << 8);
  }

  u32(): number {
    return u32At(this.#bytes, this.#step(4));
  }

  uint(): number {
    const at = this.#step(8);
    const high = u32At(this.#bytes, at + 4);
    if (high >= 0x20_0000) throw new Malformed("an integer beyond 2^53");
    return high * 0x1_0000_0000 + u32At(this.#bytes, at);
  }

  u64(): bigint {
    return u64At(this.#bytes, this.#step(8));
  }

  /** A slice of the given bytes, not a copy. */
  raw(n: number): Bytes {
    const at = this.#step(n);
    return this.#bytes.subarray(at, at + n);
  }

  bytes(): Bytes {
    return this.raw(this.u32());
  }

  text(): string {
    return fromUtf8(this.bytes());
  }

  end(): void {
    if (this.left !== 0) throw new Malformed(`${this.left} bytes too many`);
  }

  #step(n: number): number {
    const at = this.#at;
    if (n > this.#bytes.length - at) throw new Malformed(`${n} bytes wanted, ${this.left} left`);
    this.#at = at + n;
    return at;
  }
}

/** Runs a decoder over bytes from outside: its value, or the reason why there is none. */
export function decoded<T>(decode: () => T): T | Malformed {
  try {
    return decode();
  } catch (error) {
    if (error instanceof Malformed) return error;
    throw error;
  }
}

/** UTF-8 without a `TextEncoder`, which the kernel's language level does not have; lone surrogates become U+FFFD. */
export function utf8(text: string): Bytes {
  const ascii = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return beyondAscii(text);
    ascii[i] = unit;
  }
  return ascii;
}

function beyondAscii(text: string): Bytes {
  const out: number[] = [];
  for (const character of text) {
    let c = character.codePointAt(0) ?? 0;
    if (c >= 0xd800 && c <= 0xdfff) c = 0xfffd;
    if (c < 0x80) out.push(c);
    else if (c < 0x800) out.push(0xc0 | (c >> 6), 0x80 | (c & 63));
    else if (c < 0x10000) out.push(0xe0 | (c >> 12), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
    else
      out.push(0xf0 | (c >> 18), 0x80 | ((c >> 12) & 63), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
  }
  return Uint8Array.from(out);
}

export function fromUtf8(bytes: Bytes): string {
  let text = "";
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] ?? 0;
    const width =
      lead < 0x80
        ? 1
        : lead >= 0xf0 && lead < 0xf5
          ? 4
          : lead >= 0xe0 && lead < 0xf0
            ? 3
            : lead >= 0xc2 && lead < 0xe0
              ? 2
              : 0;
    if (width === 0 || at + width > bytes.length) throw new Malformed("no UTF-8");
    let c = width === 1 ? lead : lead & (0xff >> (width + 1));
    for (let i = 1; i < width; i++) {
      const next = bytes[at + i] ?? 0;
      if ((next & 0xc0) !== 0x80) throw new Malformed("no UTF-8");
      c = (c << 6) | (next & 63);
    }
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) throw new Malformed("no UTF-8");
    text += String.fromCodePoint(c);
    at += width;
  }
  return text;
}

/** One character per byte: such strings sort as their bytes do. Flat: a rope would cost three objects for as long as it lives. */
export function latin1(bytes: Bytes): string {
  if (bytes.length <= APPLY_MAX) return charactersOf(bytes);
  let text = "";
  for (let at = 0; at < bytes.length; at += APPLY_MAX)
    text += charactersOf(bytes.subarray(at, at + APPLY_MAX));
  return text;
}

/** A spread of bytes takes three to nine times as long: it asks an iterator for each. */
const charactersOf = (bytes: Bytes): string => Reflect.apply(String.fromCharCode, null, bytes);

/** Arguments that one call may have on every engine. */
const APPLY_MAX = 4096;

export function fromLatin1(text: string): Bytes {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

export function concat(parts: readonly Bytes[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equalBytes(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
