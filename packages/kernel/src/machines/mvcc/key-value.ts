import { type Bytes, EMPTY } from "../../core/index.ts";
import { type Key, keyOf } from "./key.ts";
import type { Version } from "./versions.ts";
import { varintLength, type WireReader, type WireWriter } from "./wire.ts";

const KEY = 0x0a;
const CREATE_REVISION = 0x10;
const MOD_REVISION = 0x18;
const VERSION = 0x20;
const VALUE = 0x2a;
const LEASE = 0x30;

/** What an mvccpb.KeyValue of ours says, read from the payload it was encoded into. */
export class KeyValue {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  readonly createRevision: number = 0;
  readonly modRevision: number = 0;
  readonly version: number = 0;
  /** Where the value's field begins, with its tag, and where it ends; equal for an empty value. */
  readonly #valueField: number;
  readonly #valueStart: number;
  readonly #valueEnd: number;
  #at: number;

  constructor(of: Version) {
    this.#bytes = of.bytes;
    this.#start = of.start;
    this.#end = of.end;
    this.#at = of.start;
    if (this.#tagIs(KEY)) this.#at = this.#lengthEnd();
    if (this.#tagIs(CREATE_REVISION)) this.createRevision = this.#varint();
    if (this.#tagIs(MOD_REVISION)) this.modRevision = this.#varint();
    if (this.#tagIs(VERSION)) this.version = this.#varint();
    this.#valueField = this.#at;
    this.#valueStart = this.#at;
    if (this.#tagIs(VALUE)) {
      const end = this.#lengthEnd();
      this.#valueStart = this.#at;
      this.#at = end;
    }
    this.#valueEnd = this.#at;
  }

  get value(): Bytes {
    return this.#bytes.subarray(this.#valueStart, this.#valueEnd);
  }

  get hasLease(): boolean {
    return this.#valueEnd < this.#end;
  }

  get lease(): bigint {
    if (!this.hasLease) return 0n;
    let lease = 0n;
    for (let at = this.#valueEnd + 1, shift = 0n; at < this.#end; at++, shift += 7n) {
      lease |= BigInt((this.#bytes[at] ?? 0) & 0x7f) << shift;
    }
    return BigInt.asIntN(64, lease);
  }

  /** Below zero, zero or above it, as the bytes of the values are ordered. */
  compareValue(other: Bytes): number {
    const length = this.#valueEnd - this.#valueStart;
    const common = Math.min(length, other.length);
    for (let i = 0; i < common; i++) {
      const difference = (this.#bytes[this.#valueStart + i] ?? 0) - (other[i] ?? 0);
      if (difference !== 0) return difference;
    }
    return length - other.length;
  }

  /** Writes all fields but the value, under that tag. */
  writeWithoutValue(tag: number, out: WireWriter): void {
    const head = this.#valueField - this.#start;
    out.head(tag, head + this.#end - this.#valueEnd);
    out.copy(this.#bytes, this.#start, this.#valueField);
    out.copy(this.#bytes, this.#valueEnd, this.#end);
  }

  #tagIs(tag: number): boolean {
    if (this.#at >= this.#end || this.#bytes[this.#at] !== tag) return false;
    this.#at++;
    return true;
  }

  #lengthEnd(): number {
    const length = this.#varint();
    return this.#at + length;
  }

  #varint(): number {
    let n = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0;
      n += (byte & 0x7f) * unit;
      if (byte < 0x80) return n;
    }
  }
}

/** Only the revision that wrote a version: what walking through history needs, without reading the rest. */
export function modRevisionOf(version: Version): number {
  const { bytes } = version;
  let at = keyEndOf(version);
  if (bytes[at] === CREATE_REVISION) {
    at++;
    while ((bytes[at] ?? 0) >= 0x80) at++;
    at++;
  }
  let revision = 0;
  at++;
  for (let unit = 1; ; unit *= 128) {
    const byte = bytes[at++] ?? 0;
    revision += (byte & 0x7f) * unit;
    if (byte < 0x80) return revision;
  }
}

export function keyOfVersion(version: Version): Key {
  return keyOf(keyBytesOf(version));
}

export function keyBytesOf(version: Version): Bytes {
  const end = keyEndOf(version);
  return version.bytes.subarray(end - keyLengthOf(version), end);
}

function keyLengthOf(version: Version): number {
  let at = version.start + 1;
  let length = 0;
  for (let unit = 1; ; unit *= 128) {
    const byte = version.bytes[at++] ?? 0;
    length += (byte & 0x7f) * unit;
    if (byte < 0x80) return length;
  }
}

function keyEndOf(version: Version): number {
  const length = keyLengthOf(version);
  return version.start + 1 + varintLength(length) + length;
}

/** An mvccpb.KeyValue from outside, as a dump carries it. */
export interface KeyValueFields {
  key: Bytes;
  createRevision: number;
  modRevision: number;
  version: number;
  value: Bytes;
  lease: bigint;
}

export function readKeyValue(from: WireReader): KeyValueFields {
  const fields = {
    key: EMPTY,
    createRevision: 0,
    modRevision: 0,
    version: 0,
    value: EMPTY,
    lease: 0n,
  };
  while (!from.done) {
    const tag = from.tag();
    if (tag === KEY) fields.key = from.bytes();
    else if (tag === CREATE_REVISION) fields.createRevision = from.number();
    else if (tag === MOD_REVISION) fields.modRevision = from.number();
    else if (tag === VERSION) fields.version = from.number();
    else if (tag === VALUE) fields.value = from.bytes();
    else if (tag === LEASE) fields.lease = from.int64();
    else from.skip(tag);
  }
  return fields;
}
