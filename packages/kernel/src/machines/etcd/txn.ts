import { EMPTY } from "../../core/index.ts";
import {
  KeyValue,
  keyOf,
  keyRange,
  RangeScan,
  type Version,
  type WireWriter,
} from "../mvcc/index.ts";
import { type Keyspace, putCostBytes } from "./keyspace.ts";
import { rangeOptions, revisionFault } from "./range.ts";
import type { Rejected } from "./rejected.ts";
import type {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from "./requests.ts";

const HEADER = 0x0a;
const HEADER_REVISION = 0x18;
const RANGE_BYTES_AT_ONCE = Number.MAX_SAFE_INTEGER;

/** A transaction whose branch is chosen, all the way down, before anything of it is done. */
export interface ChosenTxn {
  readonly succeeded: boolean;
  readonly ops: readonly ChosenOp[];
}

type ChosenOp =
  | Exclude<RequestOp, { type: "txn" } | { type: "none" }>
  | { readonly type: "txn"; readonly chosen: ChosenTxn };

/**
 * Chooses the branches. The comparisons of nested transactions are decided here too, so they all see the state
 * before the outermost one (etcd API, section 7).
 */
export function chooseTxn(keyspace: Keyspace, request: TxnRequest): ChosenTxn {
  const succeeded = request.compare.every((compare) => holds(keyspace, compare));
  const ops: ChosenOp[] = [];
  for (const op of succeeded ? request.success : request.failure) {
    if (op.type === "txn") ops.push({ type: "txn", chosen: chooseTxn(keyspace, op.request) });
    else if (op.type !== "none") ops.push(op);
  }
  return { succeeded, ops };
}

/** Why the chosen operations cannot all be done; nothing has been done then. */
export function chosenFault(keyspace: Keyspace, chosen: ChosenTxn): Rejected | null {
  for (const op of chosen.ops) {
    const fault = opFault(keyspace, op);
    if (fault !== null) return fault;
  }
  return null;
}

/** What a transaction may cost against the quota: its dearer branch. Zero where it puts nothing. */
export function txnCostBytes(request: TxnRequest): number {
  return Math.max(opsCostBytes(request.success), opsCostBytes(request.failure));
}

/**
 * Does the chosen operations in order, each seeing what those before it did, and writes the fields of a
 * TxnResponse behind its header, if they are wanted. Cannot fail once `chosenFault` found nothing.
 */
export function runTxn(keyspace: Keyspace, chosen: ChosenTxn, out: WireWriter | null): void {
  out?.bool(0x10, chosen.succeeded);
  for (const op of chosen.ops) {
    if (out === null) runOp(keyspace, op);
    else {
      const response = out.open(0x1a);
      answerOp(keyspace, op, out);
      out.close(response);
    }
  }
}

/** Writes the fields of a PutResponse behind its header. */
export function writePut(request: PutRequest, previous: Version | null, out: WireWriter): void {
  if (request.prevKv && previous !== null) writeKeyValue(0x12, previous, out);
}

/** Writes the fields of a DeleteRangeResponse behind its header. */
export function writeDeleted(
  request: DeleteRangeRequest,
  deleted: readonly Version[],
  out: WireWriter,
): void {
  out.uint(0x10, deleted.length);
  if (request.prevKv) for (const previous of deleted) writeKeyValue(0x1a, previous, out);
}

function runOp(keyspace: Keyspace, op: ChosenOp): void {
  if (op.type === "put") keyspace.put(op.request);
  else if (op.type === "deleteRange") keyspace.deleteRange(op.request);
  else if (op.type === "txn") runTxn(keyspace, op.chosen, null);
}

/** Does one operation and writes its response. */
function answerOp(keyspace: Keyspace, op: ChosenOp, out: WireWriter): void {
  switch (op.type) {
    case "range": {
      const response = openResponse(0x0a, keyspace, out);
      writeRange(keyspace, op.request, out);
      out.close(response);
      return;
    }
    case "put": {
      const previous = keyspace.put(op.request);
      const response = openResponse(0x12, keyspace, out);
      writePut(op.request, previous, out);
      out.close(response);
      return;
    }
    case "deleteRange": {
      const deleted = keyspace.deleteRange(op.request);
      const response = openResponse(0x1a, keyspace, out);
      writeDeleted(op.request, deleted, out);
      out.close(response);
      return;
    }
    case "txn": {
      const response = openResponse(0x22, keyspace, out);
      runTxn(keyspace, op.chosen, out);
      out.close(response);
      return;
    }
  }
}

/** One response of a transaction: its header has nothing but the revision after the operation. */
function openResponse(tag: number, keyspace: Keyspace, out: WireWriter): number {
  const response = out.open(tag);
  const header = out.open(HEADER);
  out.uint(HEADER_REVISION, keyspace.store.readRevision);
  out.close(header);
  return response;
}

function writeRange(keyspace: Keyspace, request: RangeRequest, out: WireWriter): void {
  const scan = new RangeScan(keyspace.store, rangeOptions(request));
  while (scan.next(RANGE_BYTES_AT_ONCE, { put: (part) => out.raw(part) }));
  out.bool(0x18, scan.more);
  out.uint(0x20, scan.count);
  scan.release();
}

function writeKeyValue(tag: number, version: Version, out: WireWriter): void {
  out.head(tag, version.length).copy(version.bytes, version.start, version.end);
}

function opFault(keyspace: Keyspace, op: ChosenOp): Rejected | null {
  if (op.type === "range") return revisionFault(keyspace.store, op.request.revision);
  if (op.type === "put") return keyspace.putFault(op.request);
  return op.type === "txn" ? chosenFault(keyspace, op.chosen) : null;
}

function opsCostBytes(ops: readonly RequestOp[]): number {
  let cost = 0;
  for (const op of ops) {
    if (op.type === "put") cost += putCostBytes(op.request.key, op.request.value);
    else if (op.type === "txn") cost += txnCostBytes(op.request);
  }
  return cost;
}

function holds(keyspace: Keyspace, compare: Compare): boolean {
  const { store } = keyspace;
  if (compare.rangeEnd.length === 0) {
    const version = store.find(keyOf(compare.key));
    return version === null ? holdsForNone(compare) : holdsFor(compare, version);
  }
  const range = keyRange(compare.key, compare.rangeEnd);
  if (store.live.count(range.from, range.to) === 0) return holdsForNone(compare);
  for (const [, version] of store.entries(range)) if (!holdsFor(compare, version)) return false;
  return true;
}

/** A missing key has zeros everywhere but no value, so no comparison with its value holds. */
function holdsForNone(compare: Compare): boolean {
  return compare.target !== VALUE && decided(compare, compareNumbers(0n, operandOf(compare)));
}

function holdsFor(compare: Compare, version: Version): boolean {
  const fields = new KeyValue(version);
  if (compare.target === VALUE) {
    const isGiven = compare.operand.of === VALUE;
    return decided(compare, fields.compareValue(isGiven ? compare.operand.value : EMPTY));
  }
  return decided(compare, compareNumbers(numberOf(compare.target, fields), operandOf(compare)));
}

const VALUE = 3;

function numberOf(target: number, fields: KeyValue): bigint {
  if (target === 0) return BigInt(fields.version);
  if (target === 1) return BigInt(fields.createRevision);
  if (target === 2) return BigInt(fields.modRevision);
  return target === 4 ? fields.lease : 0n;
}

/** An operand of another kind than the target counts as zero. */
function operandOf(compare: Compare): bigint {
  return compare.operand.of === compare.target ? compare.operand.number : 0n;
}

function compareNumbers(a: bigint, b: bigint): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** An operator that no release defines holds, as it does in etcd. */
function decided(compare: Compare, difference: number): boolean {
  switch (compare.result) {
    case 0:
      return difference === 0;
    case 1:
      return difference > 0;
    case 2:
      return difference < 0;
    case 3:
      return difference !== 0;
    default:
      return true;
  }
}
