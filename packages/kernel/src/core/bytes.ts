import type { Bytes } from "./ids.ts";

/** Bytes from outside that are not what they should be. Thrown inside a decoder only, and caught at its door. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

export const EMPTY: Bytes = new Uint8Array(0);

/**
 * Writes little-endian fixed-width fields into one growing buffer. `take` hands the bytes over and starts
 * anew, so that nothing handed out is ever written again.
 */
export class Writer {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #at = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#at;
  }

  u8(n: number): this {
    this.#room(1);
    this.#bytes[this.#at++] = n;
    return this;
  }

  u16(n: number): this {
    this.#room(2);
    this.#view.setUint16(this.#at, n, true);
    this.#at += 2;
    return this;
  }

  u32(n: number): this {
    this.#room(4);
    this.#view.setUint32(this.#at, n, true);
    this.#at += 4;
    return this;
  }

  /** A safe non-negative integer in 8 bytes. */
  uint(n: number): this {
    this.#room(8);
    this.#view.setUint32(this.#at, n >>> 0, true);
    this.#view.setUint32(this.#at + 4, Math.floor(n / 0x1_0000_0000), true);
    this.#at += 8;
    return this;
  }

  u64(n: bigint): this {
    this.#room(8);
    this.#view.setBigUint64(this.#at, n, true);
    this.#at += 8;
    return this;
  }

  raw(bytes: Bytes): this {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
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
    this.#view.setUint32(at, n, true);
    return this;
  }

  take(): Bytes {
    const taken = this.#bytes.subarray(0, this.#at);
    this.#bytes = NOTHING;
    this.#view = NO_VIEW;
    this.#at = 0;
    return taken;
  }

  #room(n: number): void {
    const need = this.#at + n;
    if (need <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(need, this.#bytes.length * 2, 64));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** What a writer holds after `take`, until it writes again. */
const NOTHING = new Uint8Array(0);
const NO_VIEW = new DataView(NOTHING.buffer);

/** Reads what `Writer` wrote. Every read is checked; a lie in a length is `Malformed`, never an allocation. */
export class Reader {
  readonly #bytes: Bytes;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  get at(): number {
    return this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#step(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#step(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#step(4), true);
  }

  uint(): number {
    const at = this.#step(8);
    const high = this.#view.getUint32(at + 4, true);
    if (high >= 0x20_0000) throw new Malformed("an integer beyond 2^53");
    return high * 0x1_0000_0000 + this.#view.getUint32(at, true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#step(8), true);
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

/** One character per byte: such strings sort as their bytes do. */
export function latin1(bytes: Bytes): string {
  if (bytes.length <= APPLY_MAX) return String.fromCharCode(...bytes);
  let text = "";
  for (let at = 0; at < bytes.length; at += APPLY_MAX) {
    text += String.fromCharCode(...bytes.subarray(at, at + APPLY_MAX));
  }
  return text;
}

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
