import { highHalf, int64Of, lowHalf } from "../../core/bytes.ts";
import { Hash64, Sum64 } from "../../core/hash64.ts";
import { OrderedMap } from "../../core/ordered-map.ts";

/** A lease as it stands. Times are log time in milliseconds; `deadline` is when it may be ended. */
export interface Lease {
  readonly ttlSeconds: number;
  readonly deadline: number;
}

/** What a lease costs against the quota. */
export const LEASE_COST_BYTES = 64;

const ID_LENGTH = 8;

/**
 * Leases with their deadlines in log time, and the keys attached to each. A lease whose deadline has passed stays
 * and can still be renewed until a command ends it: the log decides, not a clock.
 *
 * All three maps are ordered by bytes, ids and deadlines written big-endian, and fork in O(1).
 */
export class Leases {
  /** By id. */
  readonly #byId: OrderedMap<Lease>;
  /** Deadline, then id: the next to expire is the first. */
  readonly #byDeadline: OrderedMap<true>;
  /** Id, then key. */
  readonly #attached: OrderedMap<true>;
  readonly #sum: Sum64;
  readonly #hash = new Hash64();

  constructor(from?: Leases) {
    this.#byId = from === undefined ? new OrderedMap() : from.#byId.fork();
    this.#byDeadline = from === undefined ? new OrderedMap() : from.#byDeadline.fork();
    this.#attached = from === undefined ? new OrderedMap() : from.#attached.fork();
    this.#sum = from === undefined ? new Sum64() : from.#sum.copy();
  }

  get count(): number {
    return this.#byId.size;
  }

  /** The sum of the hashes of all leases. Attachments are not in it: they follow from the keys. */
  get sum(): Sum64 {
    return this.#sum;
  }

  find(id: bigint): Lease | null {
    return this.#byId.get(idText(id)) ?? null;
  }

  /** Adds a lease, or gives one a new deadline. */
  set(id: bigint, lease: Lease): void {
    const text = idText(id);
    const before = this.#byId.set(text, lease);
    if (before !== undefined) this.#forget(text, before);
    this.#byDeadline.set(numberText(lease.deadline) + text, true);
    this.#sum.add(this.#hashOf(text, lease));
  }

  /** Removes a lease that has no keys any more. */
  remove(id: bigint): void {
    const text = idText(id);
    const before = this.#byId.delete(text);
    if (before !== undefined) this.#forget(text, before);
  }

  attach(id: bigint, key: string): void {
    this.#attached.set(idText(id) + key, true);
  }

  detach(id: bigint, key: string): void {
    this.#attached.delete(idText(id) + key);
  }

  /** The keys attached to a lease, sorted. */
  keysOf(id: bigint): string[] {
    const text = idText(id);
    const keys: string[] = [];
    const cursor = this.#attached.cursor(text, null);
    while (cursor.next() && cursor.key.startsWith(text)) keys.push(cursor.key.slice(ID_LENGTH));
    return keys;
  }

  /** The earliest deadline, or null without leases. */
  dueAt(): number | null {
    const first = this.#byDeadline.keyAt(0);
    return first === undefined ? null : textNumber(first);
  }

  /** Ids by deadline, at most `max`, of the leases whose deadline is not after `at`. */
  due(at: number, max: number): bigint[] {
    const ids: bigint[] = [];
    const cursor = this.#byDeadline.cursor("", null);
    while (ids.length < max && cursor.next() && textNumber(cursor.key) <= at) {
      ids.push(textId(cursor.key.slice(ID_LENGTH)));
    }
    return ids;
  }

  /** All ids, those that expire first in front. */
  ids(): bigint[] {
    return this.due(Number.MAX_SAFE_INTEGER, this.count);
  }

  /** The lease with `rank` ids below its own, by their bytes; null past the last. */
  at(rank: number): { readonly id: bigint; readonly lease: Lease } | null {
    const text = this.#byId.keyAt(rank);
    const lease = text === undefined ? undefined : this.#byId.get(text);
    return text === undefined || lease === undefined ? null : { id: textId(text), lease };
  }

  /** What one lease adds to `sum`. */
  hashOf(id: bigint, lease: Lease): { readonly high: number; readonly low: number } {
    return this.#hashOf(idText(id), lease);
  }

  /** O(1). Stands still while the original goes on. */
  fork(): Leases {
    return new Leases(this);
  }

  #forget(text: string, lease: Lease): void {
    this.#byDeadline.delete(numberText(lease.deadline) + text);
    this.#sum.subtract(this.#hashOf(text, lease));
  }

  #hashOf(text: string, lease: Lease): Hash64 {
    const { ttlSeconds, deadline } = lease;
    return this.#hash.ofNumbers(half(text, 0), half(text, 4), ttlSeconds, deadline);
  }
}

function idText(id: bigint): string {
  return text64(highHalf(id), lowHalf(id));
}

function numberText(n: number): string {
  return text64(Math.floor(n / 0x1_0000_0000), n >>> 0);
}

function text64(high: number, low: number): string {
  return String.fromCharCode(
    high >>> 24,
    (high >>> 16) & 255,
    (high >>> 8) & 255,
    high & 255,
    low >>> 24,
    (low >>> 16) & 255,
    (low >>> 8) & 255,
    low & 255,
  );
}

function textId(text: string): bigint {
  return int64Of(half(text, 0), half(text, 4));
}

function textNumber(text: string): number {
  return half(text, 0) * 0x1_0000_0000 + half(text, 4);
}

function half(text: string, at: number): number {
  let n = 0;
  for (let i = at; i < at + 4; i++) n = n * 256 + text.charCodeAt(i);
  return n;
}
