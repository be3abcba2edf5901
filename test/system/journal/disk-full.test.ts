import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { clusterId, groupId, journalSeq, nodeId } from "@quorate/kernel/core";
import type { Space } from "@quorate/kernel/replica";
import { expect, test } from "vitest";
import { silentLog } from "../../../packages/server/src/host/index.ts";
import { Journal, nodeFiles, recoverJournal } from "../../../packages/server/src/journal/index.ts";

const identity = { cluster: clusterId(7n), node: nodeId(11n) };
const MIB = 1024 * 1024;

/** A small file system of its own, or null where this process may not mount one. */
function mountSmall(bytes: number): string | null {
  const point = mkdtempSync(path.join(tmpdir(), "quorate-full-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", point], {
      stdio: "pipe",
    });
    return point;
  } catch {
    return null;
  }
}

test("JN-4: on a disk that is really full nothing acknowledged is lost, and room that comes back is used", async (t) => {
  const point = mountSmall(8 * MIB);
  if (point === null) return t.skip("mounting a tmpfs needs root");
  try {
    const directory = path.join(point, "journal");
    mkdirSync(directory);
    const filler = path.join(point, "filler");
    const spaces: Space[] = [];
    let durable = 0;
    let failed: string | null = null;
    let told: () => void = () => {};
    const next = (): Promise<void> =>
      new Promise((resolve) => {
        told = resolve;
      });
    const found = await recoverJournal(nodeFiles, directory, identity, []);
    const options = { files: nodeFiles, directory, identity, log: silentLog };
    const sizes = { segmentBytes: MIB, freeBytesMin: 0 };
    const journal = await Journal.open({ ...options, ...sizes }, found, {
      onDurable: (upTo) => {
        durable = upTo;
        told();
      },
      onFailed: (reason) => {
        failed = reason;
        told();
      },
      onSpace: (space) => {
        spaces.push(space);
        told();
      },
    });
    const write = async (): Promise<void> => {
      const seq = durable + 1;
      const heard = next();
      journal.append(journalSeq(seq), groupId(1), 1, [new Uint8Array(100_000).fill(seq)]);
      journal.flush();
      await heard;
      while (durable < seq && failed === null) await next();
    };

    await write();
    writeFileSync(filler, new Uint8Array(2 * MIB));
    while (spaces.length === 0) await write();
    expect(spaces).toEqual(["low"]);
    while (spaces.length === 1) await write();
    expect(spaces).toEqual(["low", "exhausted"]);

    rmSync(filler);
    const ample = next();
    journal.retain(journalSeq(durable));
    await ample;
    while (spaces.length === 2) await next();
    expect(spaces).toEqual(["low", "exhausted", "ample"]);

    while (failed === null) await write();
    expect(failed).toMatch(/no room for a journal segment/);
    await journal.close();
    const again = await recoverJournal(nodeFiles, directory, identity, []);
    expect(again.lastSeq).toBe(durable);
    expect(again.damage).toEqual([]);
  } finally {
    execFileSync("umount", [point]);
    rmSync(point, { recursive: true });
  }
});
