import { Hash64, Sum64 } from "../../core/hash64.ts";
import { type Bytes, concat, decoded, Malformed, Reader } from "../../core/index.ts";
import { KeyValue, type KeyValueFields, keyOf, readKeyValue, WireReader } from "../mvcc/index.ts";
import {
  DUMP_VERSION,
  FRAME_BYTES_MAX,
  FRAME_HEAD_BYTES,
  Frame,
  frameCheck,
} from "./dump-format.ts";
import { Keyspace } from "./keyspace.ts";
import { QUOTA_BYTES_DEFAULT } from "./kinds.ts";

interface Header {
  readonly revision: number;
  readonly compactRevision: number;
  readonly chain: Sum64;
  readonly quotaBytes: number;
}

/**
 * Builds a keyspace from the chunks of a dump. Damaged bytes never throw: from the first on, nothing more is read
 * and `end` says null. The hash at the end of the dump must be that of what was built.
 */
export class Loader {
  readonly #keyspace = new Keyspace();
  #chunks: Bytes[] = [];
  #gathered = 0;
  #wanted = FRAME_HEAD_BYTES;
  #header: Header | null = null;
  #place = 0;
  #lastRevision = 0;
  #hash: bigint | null = null;
  #bytesInUse = 0;
  readonly #hashing = new Hash64();
  #isBroken = false;

  load(chunk: Bytes): void {
    if (this.#isBroken || chunk.length === 0) return;
    this.#gathered += chunk.length;
    if (this.#gathered < this.#wanted) {
      this.#chunks.push(chunk.slice());
      return;
    }
    const bytes = this.#chunks.length === 0 ? chunk : concat([...this.#chunks, chunk]);
    const used = decoded(() => this.#frames(bytes));
    if (used instanceof Malformed) {
      this.#isBroken = true;
      this.#chunks = [];
      return;
    }
    this.#gathered = bytes.length - used;
    this.#chunks = this.#gathered === 0 ? [] : [bytes.slice(used)];
  }

  /** The keyspace, or null if the dump was damaged or is not complete. */
  end(): Keyspace | null {
    if (this.#isBroken || this.#hash === null || this.#gathered > 0) return null;
    const isSame =
      this.#keyspace.hash() === this.#hash && this.#keyspace.bytesInUse === this.#bytesInUse;
    return isSame ? this.#keyspace : null;
  }

  /** Takes all frames that are complete; how many bytes they were. */
  #frames(bytes: Bytes): number {
    const reader = new Reader(bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let used = 0;
    for (;;) {
      this.#wanted = FRAME_HEAD_BYTES;
      if (reader.left < FRAME_HEAD_BYTES) return used;
      const type = reader.u8();
      const length = reader.u32();
      if (length > FRAME_BYTES_MAX) throw new Malformed("a frame beyond the bound");
      this.#wanted += length;
      const check = reader.u32();
      if (reader.left < length) return used;
      const body = reader.raw(length);
      const expected = frameCheck(this.#hashing, type, view, reader.at - length, reader.at);
      if (expected !== check) throw new Malformed("a damaged frame");
      this.#take(type, body);
      used = reader.at;
    }
  }

  #take(type: number, body: Bytes): void {
    // Puts and deletions mix; all else comes type after type.
    const place = type === Frame.tombstone ? Frame.put : type;
    const isOnce = place === Frame.header || place === Frame.end;
    if (place < this.#place || (isOnce && place === this.#place)) {
      throw new Malformed("frames out of order");
    }
    if ((this.#place === 0) !== (place === Frame.header)) throw new Malformed("no header in front");
    this.#place = place;
    if (type === Frame.header) {
      this.#header = readHeader(new Reader(body));
      this.#keyspace.quotaBytes = this.#header.quotaBytes;
    } else if (type === Frame.lease) this.#lease(new Reader(body));
    else if (type === Frame.end) this.#end(new Reader(body));
    else if (type === Frame.base || type === Frame.put || type === Frame.tombstone) {
      this.#version(type, readKeyValue(new WireReader(body)));
    } else throw new Malformed("a frame of unknown type");
  }

  #version(type: number, fields: KeyValueFields): void {
    const isHistory = type !== Frame.base;
    const { store, leases } = this.#keyspace;
    checkFields(fields, type === Frame.tombstone);
    this.#checkOrder(fields.modRevision, isHistory);
    const key = keyOf(fields.key);
    const previous = store.find(key);
    const leaseBefore = previous === null ? 0n : new KeyValue(previous).lease;
    if (type === Frame.tombstone && previous === null && this.#isAboveCompaction(fields)) {
      throw new Malformed("a deletion of what is not there");
    }
    if (fields.lease !== leaseBefore) {
      if (leaseBefore !== 0n) leases.detach(leaseBefore, key);
      if (fields.lease !== 0n) leases.attach(fields.lease, key);
    }
    store.restore(key, fields, previous, isHistory);
  }

  #isAboveCompaction(fields: KeyValueFields): boolean {
    return fields.modRevision > (this.#header?.compactRevision ?? 0);
  }

  #checkOrder(modRevision: number, isHistory: boolean): void {
    const { revision, compactRevision } = this.#header ?? { revision: 0, compactRevision: 0 };
    const isPlausible = isHistory
      ? modRevision >= compactRevision && modRevision >= this.#lastRevision
      : modRevision < compactRevision;
    if (!isPlausible || modRevision > revision) throw new Malformed("a version out of order");
    if (isHistory) this.#lastRevision = modRevision;
  }

  #lease(body: Reader): void {
    const id = BigInt.asIntN(64, body.u64());
    const lease = { ttlSeconds: body.uint(), deadline: body.uint() };
    body.end();
    this.#keyspace.leases.set(id, lease);
  }

  #end(body: Reader): void {
    this.#hash = body.u64();
    this.#bytesInUse = body.uint();
    body.end();
    const header = this.#header;
    if (header === null) throw new Malformed("no header");
    this.#keyspace.store.restored(header.revision, header.compactRevision, header.chain);
  }
}

function readHeader(body: Reader): Header {
  const version = body.u8();
  if (version < 1 || version > DUMP_VERSION) throw new Malformed("a dump of another version");
  const revision = body.uint();
  const compactRevision = body.uint() - 1;
  const chain = new Sum64(body.u32(), body.u32());
  const quotaBytes = version < 2 ? QUOTA_BYTES_DEFAULT : body.uint();
  body.end();
  if (revision < 1 || compactRevision > revision) throw new Malformed("impossible revisions");
  return { revision, compactRevision, chain, quotaBytes };
}

function checkFields(fields: KeyValueFields, isTombstone: boolean): void {
  const { key, createRevision, modRevision, version, value, lease } = fields;
  const isSafe = isCount(createRevision) && isCount(modRevision) && isCount(version);
  if (!isSafe || key.length === 0 || modRevision < 2) throw new Malformed("no version of a key");
  const isWhole = isTombstone
    ? createRevision === 0 && version === 0 && value.length === 0 && lease === 0n
    : createRevision >= 2 && createRevision <= modRevision && version >= 1;
  if (!isWhole) throw new Malformed("no version of a key");
}

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
