import { Hash64 } from "../../core/hash64.ts";
import type { Bytes } from "../../core/index.ts";
import { LEASE_COST_BYTES, Leases } from "../leases/index.ts";
import {
  type Key,
  KeyValue,
  keyBytesOf,
  keyOf,
  keyRange,
  MvccStore,
  type Version,
} from "../mvcc/index.ts";
import { QUOTA_BYTES_DEFAULT } from "./kinds.ts";
import { KEY_NOT_FOUND, LEASE_NOT_FOUND, type Rejected } from "./rejected.ts";
import type { DeleteRangeRequest, PutRequest } from "./requests.ts";

/** Keys and leases as one state: what is written to the one shows in the other. */
export class Keyspace {
  readonly store: MvccStore;
  readonly leases: Leases;
  /** Writes that would take `bytesInUse` to this are refused. */
  quotaBytes: number;

  constructor(
    store = new MvccStore(),
    leases = new Leases(),
    quotaBytes: number = QUOTA_BYTES_DEFAULT,
  ) {
    this.store = store;
    this.leases = leases;
    this.quotaBytes = quotaBytes;
  }

  /** What all that can be read costs against the quota; equal on replicas, whatever was reclaimed. */
  get bytesInUse(): number {
    return this.store.bytesInUse + this.leases.count * LEASE_COST_BYTES;
  }

  hasRoomFor(costBytes: number): boolean {
    return this.bytesInUse + costBytes < this.quotaBytes;
  }

  /** Why a put cannot be done in this state; to be asked before any part of its transaction is done. */
  putFault(request: PutRequest): Rejected | null {
    if (request.lease !== 0n && this.leases.find(request.lease) === null) return LEASE_NOT_FOUND;
    if (!request.ignoreValue && !request.ignoreLease) return null;
    return this.store.find(keyOf(request.key)) === null ? KEY_NOT_FOUND : null;
  }

  /** Writes the key within the transaction under way; what it was before. */
  put(request: PutRequest): Version | null {
    const key = keyOf(request.key);
    const previous = this.store.find(key);
    const before = previous === null ? null : new KeyValue(previous);
    const leaseBefore = before?.lease ?? 0n;
    const lease = request.ignoreLease ? leaseBefore : request.lease;
    const value = request.ignoreValue && before !== null ? before.value : request.value;
    if (lease !== leaseBefore) {
      if (leaseBefore !== 0n) this.leases.detach(leaseBefore, key);
      if (lease !== 0n) this.leases.attach(lease, key);
    }
    this.store.put({ key, keyBytes: request.key, value, lease }, previous, before);
    return previous;
  }

  /** Deletes within the transaction under way; what was deleted, in key order. */
  deleteRange(request: DeleteRangeRequest): readonly Version[] {
    if (request.rangeEnd.length === 0) {
      const key = keyOf(request.key);
      const previous = this.store.find(key);
      if (previous === null) return [];
      this.#delete(key, previous);
      return [previous];
    }
    const entries = [...this.store.entries(keyRange(request.key, request.rangeEnd))];
    for (const [key, previous] of entries) this.#delete(key, previous);
    return entries.map(([, previous]) => previous);
  }

  /** Ends a lease and deletes its keys, all in one revision; false where there is no such lease. */
  revoke(id: bigint): boolean {
    if (this.leases.find(id) === null) return false;
    for (const attached of this.leases.keysOf(id)) {
      const previous = this.store.find(attached);
      if (previous !== null) this.#delete(keyOf(keyBytesOf(previous)), previous);
    }
    this.leases.remove(id);
    this.store.commit();
    return true;
  }

  /** 64 bits of the logical state. */
  hash(): bigint {
    const quota = new Hash64().ofNumbers(this.quotaBytes);
    return this.store.hash().add(this.leases.sum).add(quota).toBigInt();
  }

  /** O(1). Stands still while the original goes on. */
  fork(): Keyspace {
    return new Keyspace(this.store.fork(), this.leases.fork(), this.quotaBytes);
  }

  #delete(key: Key, previous: Version): void {
    const { lease } = new KeyValue(previous);
    if (lease !== 0n) this.leases.detach(lease, key);
    this.store.delete(key, previous);
  }
}

/** What a put costs against the quota before it is done, as etcd reckons it. */
export function putCostBytes(key: Bytes, value: Bytes): number {
  return 256 + key.length + value.length;
}
