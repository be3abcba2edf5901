import { type KeyspaceId, type NodeId, requestId, startId } from "@quorate/kernel/core";
import type { LostWrite, NodeEffect } from "@quorate/kernel/replica";
import { describe, expect, it } from "vitest";
import { commandJson } from "../../src/gateway/index.ts";
import { silentLog } from "../../src/host/index.ts";
import { LostFiles, type LostFilesOptions } from "../../src/lost/lost-files.ts";
import { MemoryFiles } from "../journal/memory-files.ts";

const carts = 2 as KeyspaceId;

/** A put of `k` in etcd's protobuf. */
const put = (value: string): Uint8Array =>
  Uint8Array.from([0x0a, 1, 0x6b, 0x12, value.length, ...Buffer.from(value)]);

const write = (index: number, more: Partial<LostWrite> = {}): LostWrite => ({
  epoch: 3,
  index: index as LostWrite["index"],
  node: ((1n << 62n) + 1n) as NodeId,
  start: startId(7n),
  request: requestId(index),
  session: null,
  kind: 1,
  body: put(`v${index}`),
  ...more,
});

const lost = (writes: readonly LostWrite[], from: number, to: number) =>
  ({ type: "Export", id: requestId(1), group: 4, keyspace: carts, from, to, writes }) as Extract<
    NodeEffect,
    { type: "Export" }
  >;

const open = (files: MemoryFiles, more: Partial<LostFilesOptions> = {}): Promise<LostFiles> =>
  LostFiles.open({
    files,
    directory: "/data/lost",
    log: silentLog,
    describe: commandJson,
    ...more,
  });

const textOf = (files: MemoryFiles, name: string): string =>
  Buffer.from(files.read(`/data/lost/${name}`)).toString();

describe("lost writes are exported", () => {
  it("one line for each: its place, who asked, and the request as etcd's JSON has it", async () => {
    const files = new MemoryFiles();
    const session = { id: 9n, sequence: 4 };
    const writes = [write(98), write(99, { session }), write(100, { kind: 225, body: put("?") })];
    expect(await (await open(files)).write(lost(writes, 98, 100))).toBe(true);
    const lines = textOf(files, "2-3-98-100.jsonl").split("\n");
    expect(lines.pop()).toBe("");
    const client = { epoch: 3, node: "4611686018427387905", start: "7" };
    const command = (value: string) => ({
      key: "aw==",
      value: Buffer.from(value).toString("base64"),
    });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { ...client, index: 98, request: 98, session: null, kind: "put", command: command("v98") },
      {
        ...client,
        index: 99,
        request: 99,
        session: { id: "9", sequence: 4 },
        kind: "put",
        command: command("v99"),
      },
      {
        ...client,
        index: 100,
        request: 100,
        session: null,
        kind: 225,
        body: Buffer.from(put("?")).toString("base64"),
      },
    ]);
  });

  it("what was said to be written is there after a power cut, whole, wherever that strikes; what was not may be asked for again", async () => {
    const writes = Array.from({ length: 40 }, (_, i) =>
      write(i + 1, { body: put("x".repeat(90)) }),
    );
    const sound = new MemoryFiles();
    await (await open(sound)).write(lost(writes, 1, 40));
    const whole = textOf(sound, "2-3-1-40.jsonl");
    expect(sound.operations).toBeGreaterThan(4);
    for (let operationsMax = 1; operationsMax <= sound.operations + 1; operationsMax++) {
      const files = new MemoryFiles();
      files.operationsMax = operationsMax;
      const done = (await open(files)).write(lost(writes, 1, 40));
      const said = await Promise.race([done, files.powerCut.then(() => false)]);
      const after = files.afterPowerCut({ type: "none" });
      const again = await open(after);
      const names = again.filesOf(carts).map(({ file }) => file);
      if (said) expect(names).toEqual(["2-3-1-40.jsonl"]);
      for (const name of names) expect(textOf(after, name)).toBe(whole);
      expect(await again.write(lost(writes, 1, 40))).toBe(true);
      expect(again.filesOf(carts)).toMatchObject([
        { file: "2-3-1-40.jsonl", epoch: 3, from: 1, to: 40, bytes: whole.length },
      ]);
    }
  });

  it("without room, or with too many files or bytes, it says no and leaves nothing behind; with room again it goes on", async () => {
    const files = new MemoryFiles();
    const store = await open(files, { filesMax: 2, bytesMax: 2000 });
    files.capacity = 10;
    expect(await store.write(lost([write(1)], 1, 1))).toBe(false);
    expect(await files.list("/data/lost")).toEqual([]);
    files.capacity = Number.POSITIVE_INFINITY;
    expect(await store.write(lost([write(1)], 1, 1))).toBe(true);
    expect(await store.write(lost([write(2)], 2, 2))).toBe(true);
    expect(await store.write(lost([write(3)], 3, 3))).toBe(false);
    expect(await store.write(lost([write(2)], 2, 2)), "it takes its own place").toBe(true);
    await files.remove("/data/lost/2-3-1-1.jsonl");
    expect(await store.write(lost([write(3)], 3, 3))).toBe(true);
    expect(store.counters()).toMatchObject({
      lost_exports: 4,
      lost_writes: 4,
      lost_export_failures: 2,
      lost_files: 2,
    });
    expect(store.filesOf(carts).map(({ from }) => from)).toEqual([2, 3]);
    expect(store.filesOf(1 as KeyspaceId)).toEqual([]);
  });
});
