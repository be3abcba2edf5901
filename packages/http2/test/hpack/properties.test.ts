import fc from "fast-check";
import { expect, it } from "vitest";
import { huffmanLength, readHuffman, writeHuffman } from "../../src/protocol/hpack/huffman.ts";
import { CODE_LENGTHS, CODES } from "../../src/protocol/hpack/huffman-code.ts";
import { INTEGER_MAX, readInteger, writeInteger } from "../../src/protocol/hpack/integer.ts";
import {
  CONNECTION_LIMITS,
  HeaderField,
  HeaderList,
  HpackDecoder,
  HpackEncoder,
  Malformed,
} from "../../src/protocol/index.ts";

const seeded = { seed: 7541, numRuns: 300 };
const byteString = fc.uint8Array({ maxLength: 200 }).map((bytes) => String.fromCharCode(...bytes));

it("the code is complete: no bit string is no code", () => {
  const filled = CODE_LENGTHS.reduce((sum, length) => sum + 2 ** -length, 0);
  expect(filled).toBe(1);
  expect(CODES[256]).toBe(0x3fffffff);
  expect(CODES["0".charCodeAt(0)]).toBe(0);
  expect(CODES["z".charCodeAt(0)]).toBe(0x7b);
  expect(CODES[10]).toBe(0x3ffffffc);
  expect(CODES[255]).toBe(0x3ffffee);
});

it("every string survives Huffman's code, in as many bytes as was said", () => {
  fc.assert(
    fc.property(byteString, (text) => {
      const coded = new Uint8Array(huffmanLength(text));
      expect(writeHuffman(text, coded, 0)).toBe(coded.length);
      const out = new Uint8Array(text.length + 8);
      const length = readHuffman(coded, 0, coded.length, out);
      expect(String.fromCharCode(...out.subarray(0, length))).toBe(text);
    }),
    seeded,
  );
});

it("every integer survives, behind every prefix", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: INTEGER_MAX }),
      fc.integer({ min: 4, max: 7 }),
      (value, bits) => {
        const to = new Uint8Array(8);
        const end = writeInteger(to, 0, 0, bits, value);
        const cursor = { bytes: to, at: 0, end };
        expect(readInteger(cursor, bits)).toBe(value);
        expect(cursor.at).toBe(end);
      },
    ),
    seeded,
  );
});

const name = fc.constantFrom("a", "token", ":path", "content-type", "x-long-name-of-a-field", "te");
const field = fc
  .tuple(
    name,
    fc.oneof(fc.constantFrom("", "v", "application/grpc"), byteString),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([n, v, sensitive, indexed]) => new HeaderField(n, v, { sensitive, indexed }));
const list = fc.array(field, { maxLength: 12 }).map((fields) => new HeaderList(fields));
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ list: fc.nat(5), extra: fc.array(field, { maxLength: 2 }) }),
  },
  { weight: 1, arbitrary: fc.record({ capacity: fc.integer({ min: 0, max: 5000 }) }) },
);

it("whatever is encoded, in whatever order and with whatever tables, is decoded to the same", () => {
  fc.assert(
    fc.property(
      fc.array(list, { minLength: 6, maxLength: 6 }),
      fc.array(step, { maxLength: 40 }),
      (lists, steps) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder({
          ...CONNECTION_LIMITS,
          headerListBytesMax: 1e9,
          headerCountMax: 1e9,
        });
        for (const each of steps) {
          if ("capacity" in each) {
            encoder.setCapacityMax(each.capacity);
            continue;
          }
          const given = lists[each.list] as HeaderList;
          const got = decoder.decode(encoder.encode(given, each.extra).slice());
          if (got instanceof Malformed) throw got;
          const want = [...given.fields, ...each.extra];
          expect(got.fields.map(({ key }) => key)).toEqual(want.map(({ key }) => key));
        }
      },
    ),
    seeded,
  );
});

it("whatever bytes are decoded, the outcome is a list or a Malformed, and never more than was allowed", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 8 }), (blocks) => {
      const decoder = new HpackDecoder({ headerCountMax: 10, headerListBytesMax: 500 });
      for (const block of blocks) {
        const list = decoder.decode(block);
        if (list instanceof Malformed) return;
        expect(list.fields.length).toBeLessThanOrEqual(10);
        expect(list.fields.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(500);
      }
    }),
    { seed: 7542, numRuns: 2000 },
  );
});
