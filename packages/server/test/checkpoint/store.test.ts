import { groupId, journalSeq, logIndex } from "@quorate/kernel/core";
import type { Snapshot } from "@quorate/kernel/replica";
import { describe, expect, test } from "vitest";
import { type CheckpointOptions, CheckpointStore } from "../../src/checkpoint/index.ts";
import { silentLog } from "../../src/host/index.ts";
import { MemoryFiles } from "../journal/memory-files.ts";
import { identity } from "../journal/rig.ts";

const durable = Promise.resolve(true);
const group = groupId(3);

const optionsOf = (files: MemoryFiles): CheckpointOptions => ({
  files,
  directory: "/data/checkpoints",
  incoming: "/data/incoming",
  identity,
  log: silentLog,
});

/** A state of so many bytes, dumped in parts that fit no block. */
function snapshot(length: number, fill: number): Snapshot & { released: number } {
  return {
    at: { epoch: 1, index: logIndex(1) },
    hash: BigInt(length),
    released: 0,
    dump(from, bytesMax, out) {
      const left = length - Number(from);
      const part = Math.min(left, bytesMax - 1);
      out.put(new Uint8Array(part).fill(fill));
      return part === left ? null : from + BigInt(part);
    },
    release() {
      this.released++;
    },
  };
}

async function recovered(files: MemoryFiles) {
  const store = await CheckpointStore.open(optionsOf(files));
  const { checkpoints, lost } = await store.recover();
  const found = checkpoints.map(({ group, covers, chunks }) => {
    const lengths = [...chunks].map((chunk) => chunk.length);
    return { group, covers, length: lengths.reduce((a, b) => a + b, 0) };
  });
  return { store, found, lost };
}

describe("a checkpoint", () => {
  test("of many blocks is found again, whole, and its snapshot was let go", async () => {
    const files = new MemoryFiles();
    const store = await CheckpointStore.open(optionsOf(files));
    const from = snapshot(3_000_000, 7);
    expect(await store.write(group, from, journalSeq(5), durable)).toBe(true);
    expect(from.released).toBe(1);
    expect((await recovered(files)).found).toEqual([{ group: 3, covers: 5, length: 3_000_000 }]);
  });

  test("written again at the same place stands for both that were kept, so that a full disk gets room", async () => {
    const store = await CheckpointStore.open(optionsOf(new MemoryFiles()));
    await store.write(group, snapshot(300_000, 1), journalSeq(5), durable);
    await store.write(group, snapshot(100, 2), journalSeq(9), durable);
    expect(store.retainable(journalSeq(10)), "the older one still needs what is behind it").toBe(6);
    await store.write(group, snapshot(100, 2), journalSeq(9), durable);
    expect(store.retainable(journalSeq(10))).toBe(10);
  });

  test("is there whole or not at all, wherever power goes while it is written", async () => {
    const whole = new MemoryFiles();
    const first = await CheckpointStore.open(optionsOf(whole));
    await first.write(group, snapshot(100_000, 1), journalSeq(5), durable);
    const begun = whole.operations;
    await first.write(group, snapshot(200_000, 2), journalSeq(9), durable);
    const ended = whole.operations;

    const seen = new Set<number>();
    for (let operations = begun; operations <= ended; operations++) {
      const files = new MemoryFiles();
      files.operationsMax = operations;
      const store = await CheckpointStore.open(optionsOf(files));
      await store.write(group, snapshot(100_000, 1), journalSeq(5), durable);
      const second = store.write(group, snapshot(200_000, 2), journalSeq(9), durable);
      await Promise.race([second, files.powerCut]);
      for (const type of ["none", "all"] as const) {
        const { found, lost } = await recovered(files.afterPowerCut({ type }));
        const length = found[0]?.covers === 9 ? 200_000 : 100_000;
        expect(found, `after ${operations}`).toEqual([
          { group: 3, covers: found[0]?.covers, length },
        ]);
        expect(lost).toEqual([]);
        seen.add(found[0]?.covers ?? 0);
      }
    }
    expect(seen).toEqual(new Set([5, 9]));
  });

  test("is not published if the journal never becomes durable up to what it covers", async () => {
    const files = new MemoryFiles();
    const store = await CheckpointStore.open(optionsOf(files));
    const never = Promise.resolve(false);
    expect(await store.write(group, snapshot(1000, 1), journalSeq(5), never)).toBe(false);
    expect([...files.names.keys()].some((name) => name.endsWith(".ckpt"))).toBe(true);
    expect((await recovered(files)).found).toEqual([]);
    expect([...files.names.keys()]).toEqual([]);
  });

  test("that cannot be written is reported, and the one before it stays", async () => {
    const files = new MemoryFiles();
    const store = await CheckpointStore.open(optionsOf(files));
    await store.write(group, snapshot(1000, 1), journalSeq(5), durable);
    files.capacity = 10_000;
    const from = snapshot(100_000, 2);
    expect(await store.write(group, from, journalSeq(9), durable)).toBe(false);
    expect(from.released).toBe(1);
    expect((await recovered(files)).found).toMatchObject([{ covers: 5 }]);
  });
});

describe("two generations are kept", () => {
  async function written(...covers: readonly number[]) {
    const files = new MemoryFiles();
    const store = await CheckpointStore.open(optionsOf(files));
    for (const at of covers) await store.write(group, snapshot(100, at), journalSeq(at), durable);
    return { files, store };
  }
  const fileOf = (covers: number): string =>
    `/data/checkpoints/3/${String(covers).padStart(20, "0")}.ckpt`;

  test("and no third", async () => {
    const { files } = await written(5, 9, 12);
    expect(await files.list("/data/checkpoints/3")).toHaveLength(2);
  });

  test("so that a damaged newest gives way to the one before it", async () => {
    const { files } = await written(5, 9);
    files.damage(fileOf(9), (bytes) => bytes.fill(0, 50, 60));
    const { found, lost } = await recovered(files);
    expect(found).toEqual([{ group: 3, covers: 5, length: 100 }]);
    expect(lost).toEqual([]);
    expect(await files.list("/data/checkpoints/3")).toContain(`${fileOf(9).slice(20)}.damaged`);
  });

  test("and a group of which none is sound is reported as lost", async () => {
    const { files } = await written(5, 9);
    for (const at of [5, 9]) files.damage(fileOf(at), (bytes) => bytes.fill(0, 50, 60));
    expect(await recovered(files)).toMatchObject({ found: [], lost: [3] });
    expect(await recovered(files), "at the next start too").toMatchObject({ lost: [3] });
  });

  test("and the journal is kept from the older one on", async () => {
    const { store } = await written(5, 9);
    expect(store.retainable(journalSeq(10))).toBe(6);
    expect(store.retainable(journalSeq(4))).toBe(4);
    expect((await written(5)).store.retainable(journalSeq(6))).toBe(6);
  });
});
