import { assert, type Bytes } from "../../core/index.ts";
import { type Slab, type SlabReference, Slabs } from "../../core/slabs.ts";
import { SequenceTable } from "./sequence-table.ts";
import { varintLength, writeVarint } from "./wire.ts";

/** Counts versions in the order in which they were written, from 1; 0 is no version. */
export type VersionSeq = number;

const FLAGS = 0;
const SEQ = 1;
const PREVIOUS = 7;
const SUPERSEDED = 13;
const HASH_LOW = 19;
const HASH_HIGH = 23;
const PAYLOAD = 27;
const TOMBSTONE = 1;
const SHORT_BYTES = 64;

/** What a version costs against the quota beyond its payload: header, key in the tree, place in the table. */
const VERSION_OVERHEAD_BYTES = 128;

/** Everything a new version says. A tombstone has no fields but `key` and `modRevision`. */
export interface NewVersion {
  readonly key: Bytes;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly value: Bytes;
  readonly lease: bigint;
}

/**
 * One version as it lies in its slab: a header, then the encoded mvccpb.KeyValue. A range answer, an event and
 * a prev_kv are copies of that payload.
 */
export class Version {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #at: number;
  readonly end: number;

  constructor(slab: Slab, at: number, length: number) {
    this.bytes = slab.bytes;
    this.view = slab.view;
    this.#at = at;
    this.end = at + length;
  }

  /** Where the payload begins; it ends at `end`. */
  get start(): number {
    return this.#at + PAYLOAD;
  }

  get length(): number {
    return this.end - this.start;
  }

  get isTombstone(): boolean {
    return (this.view.getUint8(this.#at + FLAGS) & TOMBSTONE) !== 0;
  }

  get seq(): VersionSeq {
    return read48(this.view, this.#at + SEQ);
  }

  /** The version of this key before this one, or 0. To be followed only above the compact revision. */
  get previous(): VersionSeq {
    return read48(this.view, this.#at + PREVIOUS);
  }

  /** Bytes of all versions that this one and those before it replaced or ended, since the store began. */
  get supersededBytes(): number {
    return read48(this.view, this.#at + SUPERSEDED);
  }

  /** The hash of the payload, as it was when the version was written. */
  get hash(): { readonly high: number; readonly low: number } {
    return {
      high: this.view.getUint32(this.#at + HASH_HIGH, true),
      low: this.view.getUint32(this.#at + HASH_LOW, true),
    };
  }

  setHash(hash: { readonly high: number; readonly low: number }): void {
    this.view.setUint32(this.#at + HASH_HIGH, hash.high, true);
    this.view.setUint32(this.#at + HASH_LOW, hash.low, true);
  }

  get payload(): Bytes {
    return this.bytes.subarray(this.start, this.end);
  }

  /** What this version costs against the quota. */
  get costBytes(): number {
    return this.length + VERSION_OVERHEAD_BYTES;
  }
}

/**
 * The versions of all keys in slabs, found by sequence number. References between versions are sequence
 * numbers, so that a version can be moved when its slab is emptied, and only one table knows.
 */
export class Versions {
  readonly #slabs: Slabs;
  readonly #table: SequenceTable;
  #last: VersionSeq;

  constructor(slabs = new Slabs(), table = new SequenceTable(), last = 0) {
    this.#slabs = slabs;
    this.#table = table;
    this.#last = last;
  }

  get last(): VersionSeq {
    return this.#last;
  }

  get bytesAllocated(): number {
    return this.#slabs.bytesAllocated + this.#table.bytesAllocated;
  }

  /** The version of that number, or null where it was dropped. */
  find(seq: VersionSeq): Version | null {
    const reference = this.#table.get(seq);
    return reference === 0 ? null : this.#open(reference);
  }

  get(seq: VersionSeq): Version {
    const version = this.find(seq);
    assert(version !== null, "a version that can still be read is never dropped");
    return version;
  }

  /** Appends the next version. Its payload is encoded straight into the slab; its hash is still to be set. */
  append(given: NewVersion, previous: VersionSeq, supersededBytes: number): Version {
    const { key, createRevision, modRevision, version, value, lease } = given;
    const leaseBytes = lease === 0n ? 0 : BigInt.asUintN(64, lease);
    let length = fieldLength(key.length) + 1 + varintLength(modRevision);
    if (version !== 0) {
      length += 2 + varintLength(createRevision) + varintLength(version);
      if (value.length > 0) length += fieldLength(value.length);
      if (leaseBytes !== 0) length += 1 + bigVarintLength(leaseBytes);
    }
    const reference = this.#reserve(length, version === 0, previous, supersededBytes);
    const into = this.#slabs.slabOf(reference).bytes;
    let at = this.#slabs.offsetOf(reference) + PAYLOAD;
    at = writeField(into, at, 0x0a, key);
    if (version !== 0) at = writeTagged(into, at, 0x10, createRevision);
    at = writeTagged(into, at, 0x18, modRevision);
    if (version !== 0) {
      at = writeTagged(into, at, 0x20, version);
      if (value.length > 0) at = writeField(into, at, 0x2a, value);
      if (leaseBytes !== 0) writeBigVarint(into, at, 0x30, leaseBytes);
    }
    return this.#open(reference);
  }

  /** Gives the memory back, if the version is still there. */
  drop(seq: VersionSeq): void {
    const reference = this.#table.get(seq);
    if (reference === 0) return;
    this.#slabs.free(reference);
    this.#table.clear(seq);
  }

  /** Empties sparse slabs, `budget` versions at most; true while more waits. */
  tidy(budget: number): boolean {
    return this.#slabs.tidy(budget, {
      isLive: (reference) => this.#table.get(this.#open(reference).seq) === reference,
      moved: (_from, to) => this.#table.move(this.#open(to).seq, to),
    });
  }

  fork(): Versions {
    return new Versions(this.#slabs.fork(), this.#table.fork(), this.#last);
  }

  #open(reference: SlabReference): Version {
    const slab = this.#slabs.slabOf(reference);
    return new Version(slab, this.#slabs.offsetOf(reference), this.#slabs.lengthOf(reference));
  }

  #reserve(
    payloadLength: number,
    isTombstone: boolean,
    previous: VersionSeq,
    supersededBytes: number,
  ): SlabReference {
    const reference = this.#slabs.allocate(PAYLOAD + payloadLength);
    const { view } = this.#slabs.slabOf(reference);
    const at = this.#slabs.offsetOf(reference);
    const seq = ++this.#last;
    view.setUint8(at + FLAGS, isTombstone ? TOMBSTONE : 0);
    write48(view, at + SEQ, seq);
    write48(view, at + PREVIOUS, previous);
    write48(view, at + SUPERSEDED, supersededBytes);
    this.#table.append(seq, reference);
    return reference;
  }
}

function read48(view: DataView, at: number): number {
  return view.getUint16(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
}

function write48(view: DataView, at: number, n: number): void {
  view.setUint32(at, n >>> 0, true);
  view.setUint16(at + 4, Math.floor(n / 0x1_0000_0000), true);
}

function fieldLength(length: number): number {
  return 1 + varintLength(length) + length;
}

function writeField(into: Uint8Array, at: number, tag: number, bytes: Bytes): number {
  into[at++] = tag;
  at = writeVarint(into, at, bytes.length);
  // For a short field, as keys are, a call of `set` costs more than the copy.
  if (bytes.length > SHORT_BYTES) into.set(bytes, at);
  else for (let i = 0; i < bytes.length; i++) into[at + i] = bytes[i] ?? 0;
  return at + bytes.length;
}

function writeTagged(into: Uint8Array, at: number, tag: number, n: number): number {
  into[at] = tag;
  return writeVarint(into, at + 1, n);
}

function bigVarintLength(n: bigint): number {
  let length = 1;
  for (let rest = n >> 7n; rest > 0n; rest >>= 7n) length++;
  return length;
}

function writeBigVarint(into: Uint8Array, at: number, tag: number, n: bigint): void {
  into[at++] = tag;
  let rest = n;
  for (; rest >= 0x80n; rest >>= 7n) into[at++] = Number(rest & 0x7fn) | 0x80;
  into[at] = Number(rest);
}
