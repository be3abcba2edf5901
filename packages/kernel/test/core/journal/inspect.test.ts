import { expect, test } from "vitest";
import { groupId } from "../../../src/core/index.ts";
import {
  groupOfGap,
  type Inspection,
  inspectSegment,
  recordSeed,
} from "../../../src/core/journal/index.ts";
import { header, mark, record, segmentOf } from "./segments.ts";

const batches = [mark(0), record(1), record(2), mark(2), record(3), mark(3), record(4), record(5)];
const clean = segmentOf(header(), batches);
const offsetOf = (index: number): number => clean.offsets[index] ?? 0;
const seqs = ({ records }: Inspection): readonly number[] => records.map(({ seq }) => seq);

test("JN-1: cut at any byte, the last segment keeps the whole records before the cut and nothing else", () => {
  for (let cut = offsetOf(0); cut <= clean.end; cut++) {
    const bytes = clean.bytes.slice();
    bytes.fill(0, cut);
    const verdict = inspectSegment(bytes, header(), true);
    const whole = batches.filter((_, i) => {
      const next = clean.offsets[i + 1] ?? clean.end;
      return next <= cut && batches[i]?.group !== mark(0).group;
    });
    expect(verdict.damage, `cut at ${cut}`).toEqual([]);
    expect(seqs(verdict), `cut at ${cut}`).toEqual(whole.map(({ seq }) => seq));
    expect(verdict.nextSeq, `cut at ${cut}`).toBe(whole.length + 1);
  }
});

test("a page of the last batch that did not reach the disk is a tear, although later pages did", () => {
  const bytes = clean.bytes.slice();
  bytes.fill(0, offsetOf(6), offsetOf(7));
  const verdict = inspectSegment(bytes, header(), true);
  expect(verdict.damage).toEqual([]);
  expect(verdict.torn).toEqual({ from: offsetOf(6), to: clean.end, firstSeq: 4, nextSeq: null });
  expect(seqs(verdict)).toEqual([1, 2, 3]);
});

test("a record is damaged, not torn, if a mark behind it says that it was durable", () => {
  const bytes = clean.bytes.slice();
  bytes[offsetOf(4) + 25] = 0xee;
  const verdict = inspectSegment(bytes, header(), true);
  expect(verdict.torn).toBeNull();
  expect(verdict.damage).toEqual([{ from: offsetOf(4), to: offsetOf(5), firstSeq: 3, nextSeq: 4 }]);
  expect(seqs(verdict)).toEqual([1, 2, 4, 5]);
});

test("in any segment but the last the end itself is proven, so a tear there is damage", () => {
  const bytes = clean.bytes.slice();
  bytes.fill(0, offsetOf(7) + 3);
  const verdict = inspectSegment(bytes, header(), false);
  expect(verdict.torn).toBeNull();
  expect(verdict.damage).toMatchObject([{ from: offsetOf(7), firstSeq: 5, nextSeq: null }]);
});

test("a mark that was hit costs no record", () => {
  const bytes = clean.bytes.slice();
  bytes[offsetOf(3) + 9] = 0xee;
  const verdict = inspectSegment(bytes, header(), true);
  expect(verdict).toMatchObject({ torn: null, damage: [], nextSeq: 6 });
  expect(seqs(verdict)).toEqual([1, 2, 3, 4, 5]);
});

test("a bit flipped anywhere in a damaged record never names a group that did not lose it", () => {
  const groups = [0, 1, 2, 3, 9].map(groupId);
  const of = segmentOf(header(), [mark(0), record(1, 2), record(2, 3, 40), mark(2), record(3, 1)]);
  const [from, to] = [of.offsets[2] ?? 0, of.offsets[3] ?? 0];
  let named = 0;
  for (let bit = from * 8; bit < to * 8; bit++) {
    const bytes = of.bytes.slice();
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const [gap] = inspectSegment(bytes, header(), true).damage;
    expect(gap, `bit ${bit}`).toBeDefined();
    if (gap === undefined) continue;
    const group = groupOfGap(bytes, gap, recordSeed(header()), groups);
    if (group !== null) expect(group, `bit ${bit}`).toBe(3);
    if (group !== null) named++;
  }
  expect(named).toBe((to - from) * 8);
});

test("a gap of several records names no group", () => {
  const bytes = clean.bytes.slice();
  bytes.fill(0xff, offsetOf(1), offsetOf(3));
  const [gap] = inspectSegment(bytes, header(), true).damage;
  expect(gap).toMatchObject({ firstSeq: 1, nextSeq: 3 });
  if (gap !== undefined) expect(groupOfGap(bytes, gap, recordSeed(header()), [])).toBeNull();
});
