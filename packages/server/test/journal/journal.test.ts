import { clusterId, journalSeq, RECORD_HEAD_BYTES } from "@quorate/kernel/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BATCH_BYTES_MAX } from "../../src/journal/batch.ts";
import {
  describeDamage,
  JournalUnusable,
  type RecoveredJournal,
  recoverJournal,
} from "../../src/journal/index.ts";
import { MemoryFiles, type Survives } from "./memory-files.ts";
import { append, bodyOf, directory, expectedRecord, identity, openJournal } from "./rig.ts";

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Appends records 1 to `last` in batches of one to four, each after the one before is durable. */
async function write(files: MemoryFiles, last: number) {
  const { journal, heard } = await openJournal(files);
  for (let seq = 1; seq <= last; ) {
    const end = Math.min(last, seq + (seq % 4));
    for (; seq <= end; seq++) append(journal, seq);
    journal.flush();
    await heard.until(() => heard.upTo === end);
  }
  return { journal, heard };
}

/** Runs `write` on a disk that loses power after some operations; what it had acknowledged by then. */
async function writeUntilPowerCut(files: MemoryFiles, last: number): Promise<number> {
  let acknowledged = 0;
  const done = openJournal(files).then(async ({ journal, heard }) => {
    for (let seq = 1; seq <= last; ) {
      const end = Math.min(last, seq + (seq % 4));
      for (; seq <= end; seq++) append(journal, seq);
      journal.flush();
      await heard.until(() => heard.upTo === end);
      acknowledged = end;
    }
  });
  await Promise.race([done, files.powerCut]);
  return acknowledged;
}

describe("JN-1: after a power cut the journal holds all that was acknowledged, and only whole records", () => {
  const survivals: readonly (readonly [string, Survives])[] = [
    ["nothing unsynced", { type: "none" }],
    ["everything unsynced", { type: "all" }],
    ["even sectors", { type: "sectors", where: (sector) => sector % 2 === 0 }],
    ["odd sectors", { type: "sectors", where: (sector) => sector % 2 === 1 }],
  ];
  test.each(survivals)("when %s survives, cut after every operation", async (_, survives) => {
    const whole = new MemoryFiles();
    const { journal } = await write(whole, 40);
    await journal.close();
    expect(whole.names.size).toBeGreaterThan(4);

    for (let operations = 0; operations < whole.operations; operations++) {
      const files = new MemoryFiles();
      files.operationsMax = operations;
      const acknowledged = await writeUntilPowerCut(files, 40);
      const after = files.afterPowerCut(survives);
      const found = await recoverJournal(after, directory, identity, []);
      expect(found.damage, `after ${operations}`).toEqual([]);
      expect(found.lastSeq, `after ${operations}`).toBeGreaterThanOrEqual(acknowledged);
      const records = range(1, found.lastSeq).map((seq) => expectedRecord(seq));
      expect([...found.records], `after ${operations}`).toEqual(records);

      const again = await openJournal(after);
      append(again.journal, found.lastSeq + 1);
      await again.journal.close();
      const last = await recoverJournal(after, directory, identity, []);
      expect([...last.records].length, `after ${operations}`).toBe(found.lastSeq + 1);
      expect(last).toMatchObject({ torn: null, damage: [] });
    }
  });

  test("cut at every byte of the last write", async () => {
    const files = new MemoryFiles();
    const { journal, heard } = await openJournal(files);
    for (const seq of [1, 2, 3]) append(journal, seq);
    journal.flush();
    await heard.until(() => heard.upTo === 3);
    const held = files.nextSync();
    for (const seq of [4, 5]) append(journal, seq);
    journal.flush();
    await held;
    const batch = 21 + 2 * 21 + bodyOf(4).length + bodyOf(5).length;
    const kept = new Set<number>();
    for (let bytes = 0; bytes <= batch; bytes++) {
      const after = files.afterPowerCut({ type: "prefix", bytes });
      const found = await recoverJournal(after, directory, identity, []);
      expect(found.damage).toEqual([]);
      expect([...found.records]).toEqual(range(1, found.lastSeq).map((seq) => expectedRecord(seq)));
      kept.add(found.lastSeq);
    }
    expect([...kept]).toEqual([3, 4, 5]);
  });
});

describe("JN-2: damage is named and never skipped", () => {
  async function fiveSegments(): Promise<{ files: MemoryFiles; third: string }> {
    const files = new MemoryFiles();
    const { journal } = await write(files, 90);
    await journal.close();
    const segments = (await files.list(directory)).filter((name) => name.endsWith(".seg"));
    expect(segments.length).toBeGreaterThanOrEqual(5);
    return { files, third: `${directory}/${segments[2]}` };
  }

  test("a flipped bit in segment 3 of 5 names segment, offset, record and group; the others are read", async () => {
    const { files, third } = await fiveSegments();
    const first = Number(third.slice(-24, -4));
    // The first record stands behind the header and a mark.
    const offset = 48 + 21;
    files.damage(third, (bytes) => {
      bytes[offset + 21] = (bytes[offset + 21] ?? 0) ^ 4;
    });
    const found = await recoverJournal(files, directory, identity, []);
    expect(found.damage).toEqual([
      { segment: third, offset, firstSeq: first, nextSeq: first + 1, group: first % 3 },
    ]);
    const [damage] = found.damage;
    expect(damage && describeDamage(damage)).toBe(
      `segment ${third}, offset ${offset}: record ${first} of group ${first % 3} damaged or missing`,
    );
    const others = range(1, 90).filter((seq) => seq !== first);
    expect([...found.records]).toEqual(others.map((seq) => expectedRecord(seq)));
  });

  test("a segment that is missing in the middle is damage of an unknown group", async () => {
    const { files, third } = await fiveSegments();
    await files.remove(third);
    const found = await recoverJournal(files, directory, identity, []);
    expect(found.damage).toMatchObject([{ firstSeq: Number(third.slice(-24, -4)), group: null }]);
  });

  test("another node's segment is refused, naming both", async () => {
    const { files } = await fiveSegments();
    const other = { ...identity, cluster: clusterId(8n) };
    const refused = recoverJournal(files, directory, other, []);
    await expect(refused).rejects.toThrow(JournalUnusable);
    await expect(refused).rejects.toThrow(/node 11 of cluster 7, this is node 11 of cluster 8/);
  });
});

describe("JN-3: a sync that failed", () => {
  test("is reported once, never tried again, and nothing is acknowledged any more", async () => {
    const files = new MemoryFiles();
    const { journal, heard } = await openJournal(files);
    append(journal, 1);
    journal.flush();
    await heard.until(() => heard.upTo === 1);
    files.failSyncIn = 1;
    append(journal, 2);
    journal.flush();
    await heard.until(() => heard.failed !== null);
    expect(heard.failed).toMatch(/EIO/);
    append(journal, 3);
    journal.flush();
    const syncs = files.syncs;
    await journal.close();
    expect(files.syncs).toBe(syncs);
    expect(heard.durable).toEqual([1]);
  });
});

describe("JN-4: a disk that fills up", () => {
  const sizes = { segmentBytes: 1024, freeBytesMin: 0 };

  test("is announced before the reserve is touched, then eats the reserve, and is forgotten when room is back", async () => {
    const files = new MemoryFiles();
    files.capacity = 6 * 1024;
    const { journal, heard } = await openJournal(files, sizes);
    let seq = 0;
    const segments = async () =>
      (await files.list(directory)).filter((n) => n.endsWith(".seg")).length;
    const fill = async () => {
      append(journal, ++seq, 300);
      journal.flush();
      await heard.until(() => heard.upTo === seq);
    };
    while (heard.spaces.length === 0) await fill();
    expect(heard.spaces).toEqual(["low"]);
    expect(files.used).toBe(6 * 1024);
    expect((await files.list(directory)).filter((name) => name.startsWith("spare-")).length).toBe(
      2,
    );

    const before = await segments();
    while (heard.spaces.length === 1) await fill();
    expect(heard.spaces).toEqual(["low", "exhausted"]);
    expect(await segments()).toBe(before + 1);

    files.capacity = 20 * 1024;
    journal.retain(journal.durable);
    await heard.until(() => heard.spaces.length === 3);
    expect(heard.spaces.at(-1)).toBe("ample");
    expect((await files.list(directory)).filter((name) => name.startsWith("spare-")).length).toBe(
      3,
    );
    await journal.close();
  });

  test("with the reserve used up too, the journal fails instead of losing a record", async () => {
    const files = new MemoryFiles();
    files.capacity = 5 * 1024;
    const { journal, heard } = await openJournal(files, sizes);
    for (let seq = 1; heard.failed === null; seq++) {
      append(journal, seq, 300);
      journal.flush();
      await heard.until(() => heard.upTo === seq || heard.failed !== null);
    }
    expect(heard.failed).toMatch(/no room for a journal segment/);
    await journal.close();
    const found = await recoverJournal(files, directory, identity, []);
    expect(found.lastSeq).toBe(heard.upTo);
    expect(found.damage).toEqual([]);
  });
});

test("group commit: whatever is appended when, each record is durable after its own write, in order, once", async () => {
  const step = fc.record({ appends: fc.nat(6), pauses: fc.nat(3) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
      const files = new MemoryFiles();
      const { journal, heard } = await openJournal(files);
      let seq = 0;
      for (const { appends, pauses } of steps) {
        for (let i = 0; i < appends; i++) append(journal, ++seq);
        journal.flush();
        for (let i = 0; i < pauses * 4; i++) await Promise.resolve();
        const { upTo } = heard;
        expect(upTo).toBeLessThanOrEqual(seq);
        const disk = await recoverJournal(
          files.afterPowerCut({ type: "none" }),
          directory,
          identity,
          [],
        );
        expect(disk.lastSeq).toBeGreaterThanOrEqual(upTo);
      }
      await journal.close();
      expect(heard.upTo).toBe(seq);
      expect([...heard.durable].sort((a, b) => a - b)).toEqual(heard.durable);
      expect(new Set(heard.durable).size).toBe(heard.durable.length);
      const found = await recoverJournal(files, directory, identity, []);
      expect([...found.records]).toEqual(range(1, seq).map((n) => expectedRecord(n)));
    }),
    { seed: 10, numRuns: 40 },
  );
});

test("records that arrive while a sync runs share the next one", async () => {
  const files = new MemoryFiles();
  const { journal, heard } = await openJournal(files, { segmentBytes: 64 * 1024 });
  const held = files.nextSync();
  append(journal, 1);
  journal.flush();
  const goOn = await held;
  for (let seq = 2; seq <= 50; seq++) {
    append(journal, seq);
    journal.flush();
  }
  files.holdSync = null;
  goOn();
  await heard.until(() => heard.upTo === 50);
  expect(heard.durable).toEqual([1, 50]);
  await journal.close();
});

test("records of any size, as long as a batch and longer, in one batch or several, come back as they were", async () => {
  const whole = BATCH_BYTES_MAX - 2 * RECORD_HEAD_BYTES;
  const sizes = [0, 1, 4096, 262_123, 3, 600_000, whole, whole + 1, 5, 1_500_000, 20];
  const many = [...sizes, ...Array.from({ length: 300 }, (_, i) => 1000 + i), ...sizes];
  const files = new MemoryFiles();
  const { journal } = await openJournal(files, { segmentBytes: 2_000_000 });
  for (const [i, size] of many.entries()) append(journal, i + 1, size);
  await journal.close();
  const found = await recoverJournal(files, directory, identity, []);
  let seq = 0;
  for (const record of found.records) {
    const expected = expectedRecord(++seq, many[seq - 1]);
    expect(record).toMatchObject({ seq, group: seq % 3 });
    expect(Buffer.compare(record.bytes, expected.bytes)).toBe(0);
  }
  expect(seq).toBe(many.length);
  expect(found).toMatchObject({ damage: [], torn: null });
});

test("a record larger than a segment gets one that grows with it", async () => {
  const files = new MemoryFiles();
  const { journal, heard } = await openJournal(files, { segmentBytes: 1024 });
  for (const [i, size] of [10, 5000, 10].entries()) append(journal, i + 1, size);
  await journal.close();
  expect(heard.upTo).toBe(3);
  const found = await recoverJournal(files, directory, identity, []);
  expect([...found.records].map(({ bytes }) => bytes.length)).toEqual([10, 5000, 10]);
});

test("a journal that falls silent marks its last batch, so that damage there is told from a tear", async () => {
  const files = new MemoryFiles();
  const { journal, heard } = await openJournal(files);
  append(journal, 1, 50);
  journal.flush();
  await heard.until(() => heard.upTo === 1);
  const segment = `${directory}/00000000000000000001.seg`;
  const spoilt = async (): Promise<RecoveredJournal> => {
    const after = files.afterPowerCut({ type: "all" });
    after.damage(segment, (bytes) => bytes.fill(0xee, 48 + 21 + 30, 48 + 21 + 40));
    return recoverJournal(after, directory, identity, []);
  };
  expect(await spoilt()).toMatchObject({ damage: [], torn: { firstSeq: 1 } });
  const goOn = await files.nextSync();
  expect(await spoilt()).toMatchObject({ damage: [{ firstSeq: 1, nextSeq: 2 }], torn: null });
  files.holdSync = null;
  goOn();
  await journal.close();
});

test("retain deletes segments that are wholly older, oldest first, and never the one in use", async () => {
  const files = new MemoryFiles();
  const { journal } = await write(files, 90);
  const names = async () => (await files.list(directory)).filter((name) => name.endsWith(".seg"));
  const before = await names();
  const third = Number(before[2]?.slice(0, 20));
  journal.retain(journalSeq(third + 1));
  await journal.close();
  expect(await names()).toEqual(before.slice(2));

  const again = await openJournal(files);
  again.journal.retain(journalSeq(10_000));
  await again.journal.close();
  expect(await names()).toEqual(before.slice(-1));
  const found = await recoverJournal(files, directory, identity, []);
  expect(found.damage).toEqual([]);
  expect(found.lastSeq).toBe(90);
});
