import type { Bytes, Sink } from "../../core/index.ts";
import {
  keyRange,
  type MvccStore,
  type RangeOptions,
  RangeScan,
  type WireWriter,
} from "../mvcc/index.ts";
import { rangeFault } from "./check.ts";
import { COMPACTED, FUTURE_REVISION, isRejected, type Rejected } from "./rejected.ts";
import { decode, type RangeRequest, readRange } from "./requests.ts";

/** An answer to a RangeRequest, given out in slices. */
export interface RangeCursor {
  /** The store's revision when the range was opened, whatever revision was asked for. */
  readonly revision: number;
  /**
   * Puts encoded `kvs` fields of a RangeResponse, about `bytesMax` bytes of them; true while there is more to
   * do. The first call belongs into the turn of the opening; a cursor not done by then goes on from a fork.
   */
  next(bytesMax: number, out: Sink): boolean;
  /** Whether the range held more than the limit. Valid at the end. */
  readonly more: boolean;
  /** The keys in the range, whatever the limit and the filters. Valid at the end. */
  readonly count: number;
  /** To be called when the cursor is not wanted any more, done or not. */
  release(): void;
}

/** Opens the answer to encoded RangeRequest bytes. */
export function openRange(
  store: MvccStore,
  body: Bytes,
  writer: WireWriter,
): RangeCursor | Rejected {
  const request = decode(readRange, body);
  if (isRejected(request)) return request;
  const fault = rangeFault(request) ?? revisionFault(store, request.revision);
  return fault ?? new RangeScan(store, rangeOptions(request), writer);
}

/** Whether that revision can be read: at the compact revision it still can. */
export function revisionFault(store: MvccStore, revision: number): Rejected | null {
  if (revision > store.revision) return FUTURE_REVISION;
  return revision > 0 && revision < store.compactRevision ? COMPACTED : null;
}

export function rangeOptions(request: RangeRequest): RangeOptions {
  const { key, rangeEnd, sortOrder, sortTarget } = request;
  return {
    range: keyRange(key, rangeEnd),
    revision: Math.max(request.revision, 0),
    limit: Math.max(request.limit, 0),
    order: ORDERS[sortOrder] ?? "none",
    target: TARGETS[sortTarget] ?? "key",
    keysOnly: request.keysOnly,
    countOnly: request.countOnly,
    minModRevision: request.minModRevision,
    maxModRevision: request.maxModRevision,
    minCreateRevision: request.minCreateRevision,
    maxCreateRevision: request.maxCreateRevision,
  };
}

const ORDERS = ["none", "ascend", "descend"] as const;
const TARGETS = ["key", "version", "create", "mod", "value"] as const;
