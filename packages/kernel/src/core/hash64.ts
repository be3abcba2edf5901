/**
 * A deterministic 64-bit hash, not cryptographic: it finds flipped bits and diverged replicas, it does not
 * resist an attacker. Two 32-bit lanes, because the kernel's numbers have no 64-bit product. The result of
 * the last `of` stands in `high` and `low`, so that hashing allocates nothing.
 */
export class Hash64 {
  high = 0;
  low = 0;

  /** Hashes the bytes in [from, to): through a view they are read four at a time, wherever they lie, in a third of the time. */
  of(view: DataView, from: number, to: number): this {
    const length = to - from;
    let a = 0x9e3779b9 ^ length;
    let b = 0x85ebca6b;
    let at = from;
    for (const whole = to - (length & 7); at < whole; at += 8) {
      a = round(a, view.getInt32(at, true));
      b = round(b, view.getInt32(at + 4, true) ^ a);
    }
    for (; at < to; at++) {
      a = round(a, view.getUint8(at) + 0x100);
      b = round(b, a);
    }
    return this.#finish(a, b);
  }

  /** Hashes safe non-negative integers, in this order. */
  ofNumbers(...numbers: readonly number[]): this {
    let a = 0x9e3779b9 ^ numbers.length;
    let b = 0x85ebca6b;
    for (const n of numbers) {
      a = round(a, n >>> 0);
      b = round(b, Math.floor(n / 0x1_0000_0000) ^ a);
    }
    return this.#finish(a, b);
  }

  #finish(a: number, b: number): this {
    this.low = avalanche(a ^ Math.imul(b, 0xcc9e2d51));
    this.high = avalanche(b ^ Math.imul(this.low, 0x1b873593));
    return this;
  }
}

/** A sum of hashes modulo 2^64: members come and go in any order, and the sum of equal sets is equal. */
export class Sum64 {
  high: number;
  low: number;

  constructor(high = 0, low = 0) {
    this.high = high;
    this.low = low;
  }

  add(hash: { readonly high: number; readonly low: number }): this {
    const low = this.low + hash.low;
    this.low = low >>> 0;
    this.high = (this.high + hash.high + (low > 0xffff_ffff ? 1 : 0)) >>> 0;
    return this;
  }

  subtract(hash: { readonly high: number; readonly low: number }): this {
    const low = this.low - hash.low;
    this.low = low >>> 0;
    this.high = (this.high - hash.high - (low < 0 ? 1 : 0)) >>> 0;
    return this;
  }

  /** Chains instead of adding: the result depends on the order of all that was ever chained. */
  chain(hash: { readonly high: number; readonly low: number }): this {
    this.low = avalanche(round(this.low, hash.low) ^ this.high);
    this.high = avalanche(round(this.high, hash.high) ^ this.low);
    return this;
  }

  equals(other: { readonly high: number; readonly low: number }): boolean {
    return this.high === other.high && this.low === other.low;
  }

  copy(): Sum64 {
    return new Sum64(this.high, this.low);
  }

  toBigInt(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }
}

/** One step of MurmurHash3's 32-bit body. */
function round(lane: number, data: number): number {
  let k = Math.imul(data, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  lane ^= Math.imul(k, 0x1b873593);
  lane = (lane << 13) | (lane >>> 19);
  return (Math.imul(lane, 5) + 0xe6546b64) | 0;
}

/** MurmurHash3's finalizer: every input bit reaches every output bit. */
function avalanche(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
