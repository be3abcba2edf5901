import type { Bytes } from "../../core/index.ts";
import { IntervalIndex } from "../../core/interval-index.ts";
import { OrderedMap } from "../../core/ordered-map.ts";
import { type Key, type KeyRange, keyOf, keyRange } from "../mvcc/index.ts";
import {
  DUPLICATE_KEY,
  EMPTY_KEY,
  INVALID_SORT,
  isRejected,
  KEY_NOT_FOUND,
  LEASE_NOT_FOUND,
  LEASE_PROVIDED,
  LEASE_TTL_TOO_LARGE,
  type Rejected,
  TOO_MANY_OPERATIONS,
  VALUE_PROVIDED,
} from "./rejected.ts";
import {
  type DeleteRangeRequest,
  decode,
  type PutRequest,
  type RangeRequest,
  type RequestOp,
  readDeleteRange,
  readLeaseGrant,
  readPut,
  readRange,
  readTxn,
  type TxnRequest,
} from "./requests.ts";

/** Seconds; a longer lease is refused. */
export const LEASE_TTL_SECONDS_MAX = 9_000_000_000;

/**
 * What can be said of a request without the state: a gateway asks before it proposes, so that no log entry is
 * spent on it. The machine checks again, since a command may come from elsewhere. Null: nothing wrong.
 */
export function checkPut(body: Bytes): Rejected | null {
  const request = decode(readPut, body);
  return isRejected(request) ? request : putFault(request);
}

export function checkDeleteRange(body: Bytes): Rejected | null {
  const request = decode(readDeleteRange, body);
  return isRejected(request) ? request : deleteRangeFault(request);
}

export function checkRange(body: Bytes): Rejected | null {
  const request = decode(readRange, body);
  return isRejected(request) ? request : rangeFault(request);
}

/** What the gateway must know of a transaction: one that only reads need not go through the log. */
export function checkTxn(
  body: Bytes,
  txnOpsMax: number,
): Rejected | { readonly readOnly: boolean; readonly serializable: boolean } {
  const request = decode(readTxn, body);
  if (isRejected(request)) return request;
  const fault = txnFault(request, txnOpsMax);
  if (fault !== null) return fault;
  const ops = [...request.success, ...request.failure];
  return {
    readOnly: isReadOnly(request),
    serializable: ops.every((op) => op.type === "range" && op.request.serializable),
  };
}

/** An id of 0 asks the server to draw one, which the gateway does before it proposes. */
export function checkLeaseGrant(body: Bytes): Rejected | null {
  const request = decode(readLeaseGrant, body);
  return isRejected(request) ? request : leaseGrantFault(request);
}

export function putFault(request: PutRequest): Rejected | null {
  if (request.key.length === 0) return EMPTY_KEY;
  if (request.ignoreValue && request.value.length > 0) return VALUE_PROVIDED;
  if (request.ignoreLease && request.lease !== 0n) return LEASE_PROVIDED;
  return null;
}

export function deleteRangeFault(request: DeleteRangeRequest): Rejected | null {
  return request.key.length === 0 ? EMPTY_KEY : null;
}

export function rangeFault(request: RangeRequest): Rejected | null {
  if (request.key.length === 0) return EMPTY_KEY;
  const { sortOrder, sortTarget } = request;
  const isSort = sortOrder >= 0 && sortOrder <= 2 && sortTarget >= 0 && sortTarget <= 4;
  return isSort ? null : INVALID_SORT;
}

export function leaseGrantFault(request: { ttlSeconds: number; id: bigint }): Rejected | null {
  if (request.id === 0n) return LEASE_NOT_FOUND;
  return request.ttlSeconds > LEASE_TTL_SECONDS_MAX ? LEASE_TTL_TOO_LARGE : null;
}

/** Only Range operations at the top level of both branches; a nested transaction counts as a write. */
export function isReadOnly(request: TxnRequest): boolean {
  const isRange = (op: RequestOp): boolean => op.type === "range";
  return request.success.every(isRange) && request.failure.every(isRange);
}

/** The static checks of both branches at all levels (etcd API, section 7). */
export function txnFault(request: TxnRequest, opsMax: number): Rejected | null {
  const fault = shapeFault(request, opsMax);
  if (fault !== null || !canRepeatKeys(request)) return fault;
  return touchedBy(request.success) === null || touchedBy(request.failure) === null
    ? DUPLICATE_KEY
    : null;
}

function shapeFault(request: TxnRequest, opsMax: number): Rejected | null {
  const { compare, success, failure } = request;
  const ops = Math.max(compare.length, success.length, failure.length);
  if (ops > opsMax) return TOO_MANY_OPERATIONS;
  for (const c of compare) if (c.key.length === 0) return EMPTY_KEY;
  for (const branch of [success, failure]) {
    for (const op of branch) {
      const fault = opFault(op, opsMax - ops);
      if (fault !== null) return fault;
    }
  }
  return null;
}

function opFault(op: RequestOp, opsLeft: number): Rejected | null {
  switch (op.type) {
    case "range":
      return rangeFault(op.request);
    case "put":
      return putFault(op.request);
    case "deleteRange":
      return deleteRangeFault(op.request);
    case "txn":
      return shapeFault(op.request, opsLeft);
    case "none":
      return KEY_NOT_FOUND;
  }
}

/** A branch of one plain operation, as most are, cannot touch a key twice. */
function canRepeatKeys(request: TxnRequest): boolean {
  const isSimple = (ops: readonly RequestOp[]): boolean =>
    ops.length === 0 || (ops.length === 1 && ops[0]?.type !== "txn");
  return !isSimple(request.success) || !isSimple(request.failure);
}

/** What a branch may write: keys it may put, ranges it may delete. */
class Touched {
  readonly #puts = new OrderedMap<true>();
  readonly #deletes = new IntervalIndex<true>();
  readonly #ranges: KeyRange[] = [];

  delete(range: KeyRange): void {
    this.#deletes.add(range.from, range.to, true);
    this.#ranges.push(range);
  }

  put(key: Key): void {
    this.#puts.set(key, true);
  }

  touches(key: Key): boolean {
    const hits: true[] = [];
    this.#deletes.stab(key, hits);
    return hits.length > 0 || this.#puts.get(key) === true;
  }

  /** Whether one of the two puts what the other puts or deletes. */
  collidesWith(other: Touched): boolean {
    for (const key of other.#keys()) if (this.touches(key)) return true;
    return other.#ranges.some(({ from, to }) => this.#puts.count(from, to) > 0);
  }

  add(other: Touched): void {
    for (const key of other.#keys()) this.put(key);
    for (const range of other.#ranges) this.delete(range);
  }

  *#keys(): Generator<Key> {
    const cursor = this.#puts.cursor("", null);
    while (cursor.next()) yield cursor.key;
  }
}

/**
 * What the operations may touch, or null if one key may be put twice, or both put and deleted. The two branches
 * of a nested transaction exclude each other, so what they touch may coincide.
 */
function touchedBy(ops: readonly RequestOp[]): Touched | null {
  const all = new Touched();
  for (const op of ops) {
    if (op.type === "deleteRange") all.delete(keyRange(op.request.key, op.request.rangeEnd));
  }
  for (const op of ops) {
    if (op.type !== "txn") continue;
    const success = touchedBy(op.request.success);
    const failure = touchedBy(op.request.failure);
    if (success === null || failure === null) return null;
    if (all.collidesWith(success) || all.collidesWith(failure)) return null;
    all.add(success);
    all.add(failure);
  }
  for (const op of ops) {
    if (op.type !== "put") continue;
    const key = keyOf(op.request.key);
    if (all.touches(key)) return null;
    all.put(key);
  }
  return all;
}
