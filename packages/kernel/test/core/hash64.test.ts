import fc from "fast-check";
import { expect, test } from "vitest";
import { Hash64, Sum64 } from "../../src/core/hash64.ts";

const MASK = (1n << 64n) - 1n;

function hashOf(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return new Sum64().add(new Hash64().of(view, 0, bytes.length)).toBigInt();
}

test("any flipped bit, and any added zero byte, changes the hash", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), (bytes, n) => {
      const flipped = bytes.slice();
      const at = n % bytes.length;
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (n % 8));
      expect(hashOf(flipped)).not.toBe(hashOf(bytes));
      expect(hashOf(Uint8Array.from([...bytes, 0]))).not.toBe(hashOf(bytes));
    }),
    { seed: 41 },
  );
});

test("the hash of a slice is that of its bytes, wherever they lie", () => {
  const whole = Uint8Array.from({ length: 100 }, (_, i) => i);
  const slice = whole.slice(13, 57);
  expect(new Hash64().of(new DataView(whole.buffer), 13, 57)).toEqual(
    new Hash64().of(new DataView(slice.buffer), 0, slice.length),
  );
});

test("the value of the hash is fixed: replicas of two releases compare it", () => {
  expect(hashOf(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]))).toMatchInlineSnapshot(
    `8789513411275704133n`,
  );
  expect(new Sum64().add(new Hash64().ofNumbers(1, 2 ** 40)).toBigInt()).toMatchInlineSnapshot(
    `12535241767694154641n`,
  );
});

test("sums are sums modulo 2^64, and what is subtracted was never there", () => {
  const half = fc.nat(0xffff_ffff);
  const hash = fc.record({ high: half, low: half });
  fc.assert(
    fc.property(fc.array(hash), hash, (hashes, gone) => {
      const sum = new Sum64();
      for (const h of hashes) sum.add(h);
      const big = (h: { high: number; low: number }): bigint =>
        (BigInt(h.high) << 32n) + BigInt(h.low);
      expect(sum.toBigInt()).toBe(hashes.reduce((a, h) => a + big(h), 0n) & MASK);
      expect(sum.copy().add(gone).subtract(gone).equals(sum)).toBe(true);
    }),
    { seed: 42 },
  );
});

test("a chain depends on the order", () => {
  const a = { high: 1, low: 2 };
  const b = { high: 3, low: 4 };
  expect(new Sum64().chain(a).chain(b).equals(new Sum64().chain(b).chain(a))).toBe(false);
});
