import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32c, crc32cOf } from "../../src/core/crc32c.ts";
import { utf8 } from "../../src/core/index.ts";

test("crc32c of the check string is that of the catalogue of parametrised CRC algorithms", () => {
  expect(crc32c(utf8("123456789"))).toBe(0xe3069283);
});

test("crc32c of 32 zeros, 32 ones and 0 to 31 is that of RFC 3720, appendix B.4", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(new Uint8Array(32).map((_, i) => i))).toBe(0x46dd794e);
});

test("the sum of parts is the sum of the whole, wherever it is cut", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(64), fc.nat(64), (bytes, a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const parts = [bytes.subarray(0, from), bytes.subarray(from, to), bytes.subarray(to)];
      expect(crc32cOf(parts)).toBe(crc32c(bytes));
    }),
    { seed: 1, numRuns: 500 },
  );
});

test("a long run sums like its bytes one by one, wherever it begins and ends in its buffer", () => {
  const buffer = new Uint8Array(2048).map((_, i) => Math.imul(i, 0x9e3779b1) >>> 11);
  for (let from = 0; from < 8; from++) {
    for (let to = from + 500; to < from + 532; to++) {
      const bytes = buffer.subarray(from, to);
      let sum = 7;
      for (const byte of bytes) sum = crc32c(Uint8Array.of(byte), sum);
      expect(crc32c(bytes, 7)).toBe(sum);
      expect(crc32c(buffer, 7, from, to)).toBe(sum);
    }
  }
});
