import { expect, test } from "vitest";
import { Writer } from "../../src/core/index.ts";

test("a field of any width is written where it is the one that makes the buffer grow", () => {
  const writes: readonly [(w: Writer) => Writer, number][] = [
    [(w) => w.u8(7), 1],
    [(w) => w.u16(7), 2],
    [(w) => w.u32(7), 4],
    [(w) => w.uint(7), 8],
    [(w) => w.u64(7n), 8],
    [(w) => w.raw(Uint8Array.of(7)), 1],
  ];
  for (const [write, width] of writes) {
    const expected = new Uint8Array(3 + width).fill(1, 0, 3);
    expected[3] = 7;
    const full = new Writer(3).u8(1).u8(1).u8(1);
    expect(write(full).take()).toEqual(expected);
  }
});

test("what was lent is written over, what was taken is not", () => {
  const writer = new Writer(8);
  const lent = writer.u32(1).lend();
  expect(lent).toEqual(Uint8Array.of(1, 0, 0, 0));
  const taken = writer.u32(2).take();
  expect(lent[0]).toBe(2);
  writer.u32(3);
  expect(taken).toEqual(Uint8Array.of(2, 0, 0, 0));
});
