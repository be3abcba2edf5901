import { type Bytes, decoded, EMPTY, Malformed } from "../../core/index.ts";
import { WireReader } from "../mvcc/index.ts";
import { malformed, type Rejected } from "./rejected.ts";

/**
 * The requests of etcdserverpb that reach the machine (etcd API, section 3), read by hand: this is the hot
 * path. Fields are slices of the request's bytes. Unknown fields are skipped.
 */
export interface RangeRequest {
  key: Bytes;
  rangeEnd: Bytes;
  limit: number;
  revision: number;
  sortOrder: number;
  sortTarget: number;
  serializable: boolean;
  keysOnly: boolean;
  countOnly: boolean;
  minModRevision: number;
  maxModRevision: number;
  minCreateRevision: number;
  maxCreateRevision: number;
}

export interface PutRequest {
  key: Bytes;
  value: Bytes;
  lease: bigint;
  prevKv: boolean;
  ignoreValue: boolean;
  ignoreLease: boolean;
}

export interface DeleteRangeRequest {
  key: Bytes;
  rangeEnd: Bytes;
  prevKv: boolean;
}

export interface Compare {
  /** EQUAL=0, GREATER=1, LESS=2, NOT_EQUAL=3 */
  result: number;
  /** VERSION=0, CREATE=1, MOD=2, VALUE=3, LEASE=4 */
  target: number;
  key: Bytes;
  rangeEnd: Bytes;
  /** The operand given last; it counts only if it is the one of `target`. */
  operand: { readonly of: number; readonly number: bigint; readonly value: Bytes };
}

export type RequestOp =
  | { readonly type: "range"; readonly request: RangeRequest }
  | { readonly type: "put"; readonly request: PutRequest }
  | { readonly type: "deleteRange"; readonly request: DeleteRangeRequest }
  | { readonly type: "txn"; readonly request: TxnRequest }
  /** An operation that names none of the four: refused, but it decodes. */
  | { readonly type: "none" };

export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

export interface WatchCreateRequest {
  key: Bytes;
  rangeEnd: Bytes;
  startRevision: number;
  noPut: boolean;
  noDelete: boolean;
  prevKv: boolean;
}

/** Transactions nested deeper than this do not decode; what the operation bound allows is never deeper. */
const TXN_DEPTH_MAX = 256;

/** Runs one of the readers below over a whole request. */
export function decode<T>(read: (from: WireReader) => T, bytes: Bytes): T | Rejected {
  const value = decoded(() => read(new WireReader(bytes)));
  return value instanceof Malformed ? malformed(value.message) : value;
}

export function readRange(from: WireReader): RangeRequest {
  const r = { ...EMPTY_RANGE };
  while (!from.done) {
    const tag = from.tag();
    if (tag === 0x0a) r.key = from.bytes();
    else if (tag === 0x12) r.rangeEnd = from.bytes();
    else if (tag === 0x18) r.limit = from.number();
    else if (tag === 0x20) r.revision = from.number();
    else if (tag === 0x28) r.sortOrder = from.int32();
    else if (tag === 0x30) r.sortTarget = from.int32();
    else if (tag === 0x38) r.serializable = from.bool();
    else if (tag === 0x40) r.keysOnly = from.bool();
    else if (tag === 0x48) r.countOnly = from.bool();
    else if (tag === 0x50) r.minModRevision = from.number();
    else if (tag === 0x58) r.maxModRevision = from.number();
    else if (tag === 0x60) r.minCreateRevision = from.number();
    else if (tag === 0x68) r.maxCreateRevision = from.number();
    else from.skip(tag);
  }
  return r;
}

export function readPut(from: WireReader): PutRequest {
  const r = {
    key: EMPTY,
    value: EMPTY,
    lease: 0n,
    prevKv: false,
    ignoreValue: false,
    ignoreLease: false,
  };
  while (!from.done) {
    const tag = from.tag();
    if (tag === 0x0a) r.key = from.bytes();
    else if (tag === 0x12) r.value = from.bytes();
    else if (tag === 0x18) r.lease = from.int64();
    else if (tag === 0x20) r.prevKv = from.bool();
    else if (tag === 0x28) r.ignoreValue = from.bool();
    else if (tag === 0x30) r.ignoreLease = from.bool();
    else from.skip(tag);
  }
  return r;
}

export function readDeleteRange(from: WireReader): DeleteRangeRequest {
  const r = { key: EMPTY, rangeEnd: EMPTY, prevKv: false };
  while (!from.done) {
    const tag = from.tag();
    if (tag === 0x0a) r.key = from.bytes();
    else if (tag === 0x12) r.rangeEnd = from.bytes();
    else if (tag === 0x18) r.prevKv = from.bool();
    else from.skip(tag);
  }
  return r;
}

export function readTxn(from: WireReader): TxnRequest {
  return readTxnAt(from, 1);
}

export function readWatchCreate(from: WireReader): WatchCreateRequest {
  const r = {
    key: EMPTY,
    rangeEnd: EMPTY,
    startRevision: 0,
    noPut: false,
    noDelete: false,
    prevKv: false,
  };
  const filter = (type: number): void => {
    if (type === 0) r.noPut = true;
    else if (type === 1) r.noDelete = true;
  };
  while (!from.done) {
    const tag = from.tag();
    if (tag === 0x0a) r.key = from.bytes();
    else if (tag === 0x12) r.rangeEnd = from.bytes();
    else if (tag === 0x18) r.startRevision = from.number();
    else if (tag === 0x28) filter(from.int32());
    else if (tag === 0x2a)
      for (const packed = from.message(); !packed.done; ) filter(packed.int32());
    else if (tag === 0x30) r.prevKv = from.bool();
    else from.skip(tag);
  }
  return r;
}

/** CompactionRequest. `physical` says when to answer, which is not the machine's business. */
export function readCompaction(from: WireReader): { revision: number } {
  const r = { revision: 0 };
  while (!from.done) {
    const tag = from.tag();
    if (tag === 0x08) r.revision = from.number();
    else from.skip(tag);
  }
  return r;
}

export function readLeaseGrant(from: WireReader): { ttlSeconds: number; id: bigint } {
  const r = { ttlSeconds: 0, id: 0n };
  while (!from.done) {
    const tag = from.tag();
    if (tag === 0x08) r.ttlSeconds = from.number();
    else if (tag === 0x10) r.id = from.int64();
    else from.skip(tag);
  }
  return r;
}

/** LeaseRevokeRequest, LeaseKeepAliveRequest and LeaseTimeToLiveRequest: an id, and whether keys are wanted. */
export function readLease(from: WireReader): { id: bigint; keys: boolean } {
  const r = { id: 0n, keys: false };
  while (!from.done) {
    const tag = from.tag();
    if (tag === 0x08) r.id = from.int64();
    else if (tag === 0x10) r.keys = from.bool();
    else from.skip(tag);
  }
  return r;
}

const EMPTY_RANGE: RangeRequest = {
  key: EMPTY,
  rangeEnd: EMPTY,
  limit: 0,
  revision: 0,
  sortOrder: 0,
  sortTarget: 0,
  serializable: false,
  keysOnly: false,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
};

function readTxnAt(from: WireReader, depth: number): TxnRequest {
  if (depth > TXN_DEPTH_MAX) throw new Malformed("transactions nested too deep");
  const compare: Compare[] = [];
  const success: RequestOp[] = [];
  const failure: RequestOp[] = [];
  while (!from.done) {
    const tag = from.tag();
    if (tag === 0x0a) compare.push(readCompare(from.message()));
    else if (tag === 0x12) success.push(readOp(from.message(), depth));
    else if (tag === 0x1a) failure.push(readOp(from.message(), depth));
    else from.skip(tag);
  }
  return { compare, success, failure };
}

function readOp(from: WireReader, depth: number): RequestOp {
  let op: RequestOp = { type: "none" };
  while (!from.done) {
    const tag = from.tag();
    if (tag === 0x0a) op = { type: "range", request: readRange(from.message()) };
    else if (tag === 0x12) op = { type: "put", request: readPut(from.message()) };
    else if (tag === 0x1a) op = { type: "deleteRange", request: readDeleteRange(from.message()) };
    else if (tag === 0x22) op = { type: "txn", request: readTxnAt(from.message(), depth + 1) };
    else from.skip(tag);
  }
  return op;
}

function readCompare(from: WireReader): Compare {
  const c: Compare = {
    result: 0,
    target: 0,
    key: EMPTY,
    rangeEnd: EMPTY,
    operand: { of: -1, number: 0n, value: EMPTY },
  };
  while (!from.done) {
    const tag = from.tag();
    if (tag === 0x08) c.result = from.int32();
    else if (tag === 0x10) c.target = from.int32();
    else if (tag === 0x1a) c.key = from.bytes();
    else if (tag === 0x20) c.operand = { of: 0, number: from.int64(), value: EMPTY };
    else if (tag === 0x28) c.operand = { of: 1, number: from.int64(), value: EMPTY };
    else if (tag === 0x30) c.operand = { of: 2, number: from.int64(), value: EMPTY };
    else if (tag === 0x3a) c.operand = { of: 3, number: 0n, value: from.bytes() };
    else if (tag === 0x40) c.operand = { of: 4, number: from.int64(), value: EMPTY };
    else if (tag === 0x202) c.rangeEnd = from.bytes();
    else from.skip(tag);
  }
  return c;
}
