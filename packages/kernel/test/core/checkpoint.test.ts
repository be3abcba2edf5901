import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  CHECKPOINT_BLOCK_BYTES,
  CHECKPOINT_HEADER_BYTES,
  CheckpointWriter,
  checkpointBlocks,
  decodeCheckpointHeader,
  verifyCheckpoint,
} from "../../src/core/checkpoint.ts";
import {
  type Bytes,
  clusterId,
  concat,
  equalBytes,
  groupId,
  journalSeq,
  Malformed,
  nodeId,
  utf8,
} from "../../src/core/index.ts";

const header = {
  cluster: clusterId(7n),
  node: nodeId(11n),
  group: groupId(3),
  covers: journalSeq(41),
};

function fileOf(parts: readonly Bytes[], hash = 99n): Bytes {
  const out: Bytes[] = [];
  const writer = new CheckpointWriter(header, { put: (part) => out.push(part.slice()) });
  for (const part of parts) writer.put(part);
  writer.finish(hash);
  return concat(out);
}

const reading = (file: Bytes) => (at: number, length: number) => file.subarray(at, at + length);
const contentOf = (file: Bytes): Bytes => concat([...checkpointBlocks(reading(file))]);

test("a checkpoint written by format 1 reads as it was written, byte for byte", () => {
  const golden = new URL("./testdata/checkpoint-1.hex", import.meta.url);
  const stored = readFileSync(golden, "utf8").replaceAll(/\s/g, "");
  const file = new Uint8Array(Buffer.from(stored, "hex"));
  expect(Buffer.from(fileOf([utf8("hello, "), utf8("world")])).toString("hex")).toBe(stored);
  expect(decodeCheckpointHeader(file.subarray(0, CHECKPOINT_HEADER_BYTES))).toEqual(header);
  expect(verifyCheckpoint(reading(file))).toEqual({ hash: 99n, blocks: 1 });
  expect(contentOf(file)).toEqual(utf8("hello, world"));
});

test("what is dumped in any parts is read back whole", () => {
  const length = fc.oneof(fc.nat(9), fc.nat(3 * CHECKPOINT_BLOCK_BYTES));
  fc.assert(
    fc.property(fc.array(length, { maxLength: 4 }), (lengths) => {
      const parts = lengths.map((n, i) => new Uint8Array(n).map((_, at) => at ^ i));
      const file = fileOf(parts);
      expect(equalBytes(contentOf(file), concat(parts))).toBe(true);
      const { length } = concat(parts);
      const blocks = Math.ceil(length / CHECKPOINT_BLOCK_BYTES);
      expect(verifyCheckpoint(reading(file))).toEqual({ hash: 99n, blocks });
    }),
    { seed: 3, numRuns: 40 },
  );
});

test("CU-6: every flipped bit and every cut of a checkpoint, and so of a snapshot, is found", () => {
  const file = fileOf([utf8("a state of some bytes")]);
  for (let bit = 0; bit < file.length * 8; bit++) {
    const flipped = file.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(verifyCheckpoint(reading(flipped)), `bit ${bit}`).toBeInstanceOf(Malformed);
  }
  for (let cut = 0; cut < file.length; cut++) {
    const verdict = verifyCheckpoint(reading(file.subarray(0, cut)));
    expect(verdict, `cut at ${cut}`).toBeInstanceOf(Malformed);
  }
});

test("a block that was left out, repeated or exchanged is found, though each is sound by itself", () => {
  const blocks = [1, 2, 3].map((fill) => new Uint8Array(CHECKPOINT_BLOCK_BYTES).fill(fill));
  const file = fileOf(blocks);
  const size = CHECKPOINT_BLOCK_BYTES + 8;
  const at = (i: number) => CHECKPOINT_HEADER_BYTES + i * size;
  const pieces = (...order: readonly number[]): Bytes =>
    concat([
      file.subarray(0, at(0)),
      ...order.map((i) => file.subarray(at(i), at(i + 1))),
      file.subarray(at(3)),
    ]);
  expect(verifyCheckpoint(reading(pieces(0, 1, 2)))).toMatchObject({ blocks: 3 });
  for (const order of [
    [0, 2],
    [0, 1, 1, 2],
    [1, 0, 2],
  ]) {
    expect(verifyCheckpoint(reading(pieces(...order)))).toBeInstanceOf(Malformed);
  }
});

test("no bytes make the reader throw anything but what its door catches", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, behindHeader) => {
      const start = fileOf([]).subarray(0, CHECKPOINT_HEADER_BYTES);
      const file = behindHeader ? concat([start, noise]) : noise;
      expect(verifyCheckpoint(reading(file))).toBeInstanceOf(Malformed);
    }),
    { seed: 4, numRuns: 500 },
  );
});
