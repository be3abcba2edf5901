import { Hash64, Sum64 } from "../../core/hash64.ts";
import { assert, type Bytes, type MachineFork, type Sink, Writer } from "../../core/index.ts";
import type { MvccStore, Version } from "../mvcc/index.ts";
import { DUMP_VERSION, Frame, frameCheck } from "./dump-format.ts";
import { Keyspace } from "./keyspace.ts";

/** Cursors are a phase in the upper bits and a place within it. */
const PHASE_BITS = 56n;
const HEADER = 0;
const LIVE = 1;
const DEAD = 2;
const HISTORY = 3;
const LEASES = 4;
const END = 5;
/** Keys and versions looked at in one call, whatever they amount to. */
const STEPS_MAX = 2048;

/** A keyspace that stands still, to be dumped or audited. */
export class EtcdFork implements MachineFork {
  readonly hash: bigint;
  #keyspace: Keyspace;
  readonly #hash = new Hash64();
  /** Used again by every call of `dump`. */
  readonly #out = new Writer();
  #liveSum = new Sum64();
  #leaseSum = new Sum64();

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
    this.hash = keyspace.hash();
  }

  dump(from: bigint, bytesMax: number, out: Sink): bigint | null {
    const writer = this.#out;
    let phase = Number(from >> PHASE_BITS);
    let at = Number(from & ((1n << PHASE_BITS) - 1n));
    if (phase === HISTORY && at === 0) at = this.#keyspace.store.historyStart;
    for (let steps = 0; phase <= END && steps < STEPS_MAX && writer.length < bytesMax; steps++) {
      if (this.#dumpOne(phase, at, writer)) at++;
      else {
        phase++;
        at = phase === HISTORY ? this.#keyspace.store.historyStart : 0;
      }
    }
    if (writer.length > 0) out.put(writer.lend());
    return phase > END ? null : (BigInt(phase) << PHASE_BITS) | BigInt(at);
  }

  audit(from: bigint, opsMax: number): { readonly next: bigint } | { readonly equal: boolean } {
    const { store, leases } = this.#keyspace;
    if (from === 0n) {
      this.#liveSum = new Sum64();
      this.#leaseSum = new Sum64();
    }
    const start = Number(from);
    const cursor = store.live.cursorAt(start);
    let at = start;
    for (; at - start < opsMax && at < store.live.size && cursor.next(); at++) {
      const { view, start: head, end } = store.versions.get(cursor.value);
      this.#liveSum.add(this.#hash.of(view, head, end));
    }
    for (; at - start < opsMax && at >= store.live.size; at++) {
      const found = leases.at(at - store.live.size);
      if (found === null) return { equal: this.#isEqual() };
      this.#leaseSum.add(leases.hashOf(found.id, found.lease));
    }
    return { next: BigInt(at) };
  }

  release(): void {
    this.#keyspace = new Keyspace();
  }

  #isEqual(): boolean {
    const { store, leases } = this.#keyspace;
    return this.#liveSum.equals(store.liveSum) && this.#leaseSum.equals(leases.sum);
  }

  /** Writes what stands at that place; false past the last of its phase. */
  #dumpOne(phase: number, at: number, out: Writer): boolean {
    const { store } = this.#keyspace;
    switch (phase) {
      case HEADER:
        return at === 0 && this.#dumpHeader(out);
      case LIVE:
        return this.#dumpBase(store.live.keyAt(at), store.live, out);
      case DEAD:
        return this.#dumpBase(store.dead.keyAt(at), store.dead, out);
      case HISTORY:
        if (at > store.versions.last) return false;
        return this.#dumpVersion(store.versions.get(at), Frame.put, out);
      case LEASES:
        return this.#dumpLease(at, out);
      default:
        assert(phase === END, "a cursor is one that dump returned");
        return at === 0 && this.#dumpEnd(out);
    }
  }

  #dumpHeader(out: Writer): true {
    const { revision, compactRevision, chain } = this.#keyspace.store;
    const body = new Writer(32)
      .u8(DUMP_VERSION)
      .uint(revision)
      .uint(compactRevision + 1);
    this.#frame(
      out,
      Frame.header,
      body.u32(chain.high).u32(chain.low).uint(this.#keyspace.quotaBytes).take(),
    );
    return true;
  }

  #dumpLease(rank: number, out: Writer): boolean {
    const found = this.#keyspace.leases.at(rank);
    if (found === null) return false;
    const body = new Writer(24).u64(BigInt.asUintN(64, found.id));
    this.#frame(
      out,
      Frame.lease,
      body.uint(found.lease.ttlSeconds).uint(found.lease.deadline).take(),
    );
    return true;
  }

  #dumpEnd(out: Writer): true {
    const body = new Writer(16).u64(this.hash).uint(this.#keyspace.bytesInUse);
    this.#frame(out, Frame.end, body.take());
    return true;
  }

  /** The version of a key readable at the compact revision, unless it is of that revision: then it is history. */
  #dumpBase(key: string | undefined, keys: MvccStore["live"], out: Writer): boolean {
    const { store } = this.#keyspace;
    const seq = key === undefined ? undefined : keys.get(key);
    if (seq === undefined) return false;
    const version = store.visible(seq, store.compactRevision);
    if (version === null || version.seq >= store.historyStart) return true;
    return this.#dumpVersion(version, Frame.base, out);
  }

  #dumpVersion(version: Version, type: number, out: Writer): true {
    const { view, start, end } = version;
    const marked = version.isTombstone ? Frame.tombstone : type;
    const check = frameCheck(this.#hash, marked, view, start, end);
    out.u8(marked).u32(version.length).u32(check).raw(version.payload);
    return true;
  }

  #frame(out: Writer, type: number, body: Bytes): void {
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    const check = frameCheck(this.#hash, type, view, 0, body.length);
    out.u8(type).u32(body.length).u32(check).raw(body);
  }
}
