import { crc32c } from "@quorate/kernel/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { inJavaScript, inWebAssembly } from "../../src/journal/summing-memory.ts";

const LENGTH = 512;

test("the sum of any stretch in place, from any seed, is crc32c of a copy of it", () => {
  const memories = [inWebAssembly(LENGTH), inJavaScript(LENGTH)];
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: LENGTH, maxLength: LENGTH }),
      fc.nat(LENGTH),
      fc.nat(LENGTH),
      fc.nat(0xffff_ffff),
      (content, a, b, seed) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const expected = crc32c(content.slice(from, to), seed);
        for (const { bytes, sum } of memories) {
          bytes.set(content);
          expect(sum(seed, from, to)).toBe(expected);
        }
      },
    ),
    { seed: 1, numRuns: 500 },
  );
});

test("the last of its bytes is its own, and is summed", () => {
  const length = 16 * 1024 * 1024 + 42;
  const { bytes, sum } = inWebAssembly(length);
  expect(bytes.length).toBe(length);
  bytes[length - 1] = 9;
  expect(sum(0, length - 20, length)).toBe(crc32c(bytes, 0, length - 20));
});
