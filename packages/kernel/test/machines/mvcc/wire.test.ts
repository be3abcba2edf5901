import fc from "fast-check";
import { expect, test } from "vitest";
import { WireReader, WireWriter } from "../../../src/machines/mvcc/wire.ts";

/** Base 128, by the definition. */
function varintOf(n: bigint): readonly number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, n);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

const EDGES = [
  1n,
  -1n,
  127n,
  128n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 35n,
  2n ** 63n - 1n,
];

test("a 64-bit field is written as a varint of its two's complement, and read back", () => {
  const any = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(any, (n) => {
      const message = new WireWriter().int64(0x10, n).take();
      expect([...message]).toEqual(n === 0n ? [] : [0x10, ...varintOf(n)]);
      if (n === 0n) return;
      const reader = new WireReader(message);
      expect([reader.tag(), reader.int64(), reader.done]).toEqual([0x10, n, true]);
    }),
    { seed: 1, numRuns: 500, examples: [...EDGES, -(2n ** 63n), 0n].map((n) => [n]) },
  );
});
