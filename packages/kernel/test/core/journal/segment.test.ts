import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Malformed } from "../../../src/core/index.ts";
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  inspectSegment,
  SEGMENT_HEADER_BYTES,
  scanSegment,
} from "../../../src/core/journal/index.ts";
import { header, mark, record, segmentOf } from "./segments.ts";

const golden = new URL("./testdata/segment-1.hex", import.meta.url);

test("a segment written by format 1 reads as it was written, byte for byte", () => {
  const written = segmentOf(
    header(41),
    [mark(40), record(41), record(42, 2, 0), mark(42), record(43)],
    16,
  );
  const stored = readFileSync(golden, "utf8").replaceAll(/\s/g, "");
  expect(Buffer.from(written.bytes).toString("hex")).toBe(stored);

  const bytes = new Uint8Array(Buffer.from(stored, "hex"));
  const read = decodeSegmentHeader(bytes.subarray(0, SEGMENT_HEADER_BYTES));
  expect(read).toEqual(header(41));
  const { records, end } = inspectSegment(bytes, header(41), true);
  expect(end).toBe(written.end);
  expect(records).toEqual([record(41), record(42, 2, 0), record(43)]);
});

test("every flipped bit of a segment header is found", () => {
  const bytes = encodeSegmentHeader(header());
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const read = decodeSegmentHeader(flipped);
    // The three bytes that are always zero are summed as well.
    expect(read, `bit ${bit}`).toBeInstanceOf(Malformed);
  }
});

test("a format that this release does not know is named", () => {
  const bytes = encodeSegmentHeader({ ...header(), format: 9 });
  expect(decodeSegmentHeader(bytes)).toMatchObject({
    message: "journal format 9; this release reads 1",
  });
});

test("every flipped bit of a record loses exactly that record or mark, and is seen", () => {
  const clean = segmentOf(header(), [
    mark(0),
    record(1),
    record(2),
    mark(2),
    record(3),
    record(4),
    mark(4),
  ]);
  for (let bit = (clean.offsets[0] ?? 0) * 8; bit < clean.end * 8; bit++) {
    const bytes = clean.bytes.slice();
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const met = [...scanSegment(bytes, header())];
    expect(met.filter(({ type }) => type === "gap").length, `bit ${bit}`).toBe(1);
    const kept = met.filter(({ type }) => type === "record" || type === "mark").length;
    expect(kept, `bit ${bit}`).toBe(clean.offsets.length - 1);
  }
});

test("no bytes make the scanner throw or run past the end", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(200), (noise, at) => {
      const { bytes } = segmentOf(header(), [mark(0), record(1), record(2)], 300);
      bytes.set(noise.subarray(0, bytes.length - at), at);
      const met = [...scanSegment(bytes, header())];
      expect(met.at(-1)?.type).toBe("end");
      inspectSegment(bytes, header(), true);
    }),
    { seed: 2, numRuns: 500 },
  );
});

test("a record of another segment is not valid here, nor one that a client built into a value", () => {
  const other = segmentOf(header(1, 99n), [record(2)], 0);
  const forged = other.bytes.subarray(SEGMENT_HEADER_BYTES);
  const carrier = { ...record(1), bytes: forged };
  const { bytes, end } = segmentOf(header(), [carrier]);
  bytes[end - 1] = (bytes[end - 1] ?? 0) ^ 1;
  const { torn, damage } = inspectSegment(bytes, header(), true);
  expect(torn).not.toBeNull();
  expect(damage).toEqual([]);
});

test("one byte that is not zero, anywhere behind the last record, is a gap and not preallocation", () => {
  for (const length of [10, 11, 12, 13]) {
    const clean = segmentOf(header(), [mark(0), record(1, 1, length)], 21);
    for (let at = clean.end; at < clean.bytes.length; at++) {
      const bytes = clean.bytes.slice();
      bytes[at] = 1;
      const gaps = [...scanSegment(bytes, header())].filter(({ type }) => type === "gap");
      expect(gaps, `byte ${at}`).toMatchObject([{ gap: { from: clean.end, to: at + 1 } }]);
    }
  }
});
