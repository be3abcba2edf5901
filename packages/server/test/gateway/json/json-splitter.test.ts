import { Malformed } from "@quorate/kernel/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { JsonSplitter } from "../../../src/gateway/json/json-splitter.ts";

const SEED = 20_260_804;

it("finds the same objects however the body was chunked and spaced", () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 });
  const blank = fc.constantFrom("", " ", "\n", "\r\n\t ");
  fc.assert(
    fc.property(
      fc.array(fc.tuple(object, blank), { maxLength: 6 }),
      fc.integer({ min: 1, max: 9 }),
      (given, step) => {
        const body = Buffer.from(
          given.map(([value, space]) => JSON.stringify(value) + space).join(""),
        );
        const splitter = new JsonSplitter(1_000_000);
        const got: unknown[] = [];
        for (let at = 0; at < body.length; at += step) {
          const texts = splitter.push(body.subarray(at, at + step));
          expect(texts).not.toBeInstanceOf(Malformed);
          got.push(...(texts as string[]).map((text) => JSON.parse(text) as unknown));
        }
        expect(got).toEqual(given.map(([value]) => JSON.parse(JSON.stringify(value)) as unknown));
        expect(splitter.inside).toBe(false);
      },
    ),
    { seed: SEED, numRuns: 500 },
  );
});

it("meets any bytes with texts or Malformed", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 }), (chunks) => {
      const splitter = new JsonSplitter(50);
      for (const chunk of chunks)
        if (splitter.push(Buffer.from(chunk)) instanceof Malformed) return;
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

it.each([["[1]"], ["1"], ["x{}"], ['{} "a"']])(
  "refuses %j, which is no sequence of objects",
  (body) => {
    expect(new JsonSplitter(100).push(Buffer.from(body))).toBeInstanceOf(Malformed);
  },
);

it("counts what each part of an object costs that comes byte by byte, and holds nothing of one that is whole", () => {
  const body = Buffer.from(JSON.stringify({ key: "x".repeat(10_000) }));
  const splitter = new JsonSplitter(100_000);
  for (let at = 0; at < body.length - 1; at++) {
    expect(splitter.push(body.subarray(at, at + 1))).toEqual([]);
    expect(splitter.heldBytes).toBeGreaterThan(200 * (at + 1));
  }
  expect(splitter.push(body.subarray(-1))).toEqual([body.toString()]);
  expect(splitter.heldBytes).toBe(0);
  splitter.push(body.subarray(0, 100));
  splitter.clear();
  expect(splitter.heldBytes).toBe(0);
});

it("refuses an object beyond the bound before it is whole", () => {
  const splitter = new JsonSplitter(10);
  expect(splitter.push(Buffer.from('{"a":'))).toEqual([]);
  expect(splitter.push(Buffer.from('"aaaaaa'))).toBeInstanceOf(Malformed);
});
