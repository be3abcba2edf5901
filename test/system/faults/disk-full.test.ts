import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFailed } from "vitest";
import { base64, call, type RangeAnswer } from "../support/api.ts";
import { logsOf } from "../support/cluster.ts";
import { eventually } from "../support/deadline.ts";
import { startQuorate } from "../support/quorate-cluster.ts";

const MIB = 1024 * 1024;
const DISK_BYTES = 48 * MIB;
const NO_SPACE = "etcdserver: mvcc: database space exceeded";

it("a full disk refuses writes and nothing else, says so, and is over when there is room", async (t) => {
  const disk = mountSmall();
  if (disk === null) return t.skip("mounting a tmpfs needs root");
  const dataDirOf = (i: number): string => join(disk, `n${i + 1}`);
  const cluster = await startQuorate(1, {
    dataDirOf,
    settings: { segmentBytes: MIB, freeBytesMin: 0 },
  });
  onTestFailed(() => console.error(logsOf(cluster)));
  const endpoint = cluster.endpoints[0] ?? "";
  try {
    await call(endpoint, "/lease/grant", { ID: "77", TTL: "600" }, 5000);
    await put(endpoint, "before", "kept");
    const filler = join(disk, "filler");
    fill(filler);
    let written = 0;
    const refused = await eventually(60_000, "a refusal", async () => {
      const answer = await put(endpoint, `fill/${written}`, "v".repeat(100_000));
      if (answer.type === "ok") written++;
      return answer.type === "failed" ? answer.why : null;
    });
    expect(refused).toBe(NO_SPACE);
    const grant = await call(endpoint, "/lease/grant", { ID: "78", TTL: "60" }, 5000);
    expect(grant).toMatchObject({ why: NO_SPACE });
    const renewal = await call<{ result: { TTL: string } }>(
      endpoint,
      "/lease/keepalive",
      { ID: "77" },
      5000,
    );
    expect(renewal).toMatchObject({ body: { result: { TTL: "600" } } });
    const reading = await call<RangeAnswer>(endpoint, "/kv/range", { key: base64("before") }, 5000);
    expect(reading).toMatchObject({ body: { kvs: [{ value: base64("kept") }] } });
    expect(await call(endpoint, "/maintenance/alarm", {}, 5000)).toMatchObject({
      body: { alarms: [{ alarm: "NOSPACE" }] },
    });
    const health = await fetch(`http://${endpoint}/health`);
    expect([health.status, await health.json()]).toEqual([
      503,
      { health: "false", reason: "ALARM NOSPACE" },
    ]);
    rmSync(filler);
    await eventually(20_000, "a write", async () => {
      const answer = await put(endpoint, "after", "1");
      return answer.type === "ok" ? true : null;
    });
    expect(await call(endpoint, "/maintenance/alarm", {}, 5000)).not.toHaveProperty("body.alarms");
    const all = { key: base64("fill/"), range_end: base64("fill0"), count_only: true };
    const counted = await call<RangeAnswer>(endpoint, "/kv/range", all, 5000);
    expect(counted).toMatchObject({ body: { count: String(written) } });
  } finally {
    await cluster.stop();
    execFileSync("umount", [disk]);
    rmSync(disk, { recursive: true });
  }
});

it("where room is short old journal segments are let go, and writes go on without anybody's help", async (t) => {
  const disk = mountSmall();
  if (disk === null) return t.skip("mounting a tmpfs needs root");
  const dataDir = join(disk, "n1");
  const cluster = await startQuorate(1, {
    dataDirOf: () => dataDir,
    settings: { segmentBytes: MIB, freeBytesMin: 0 },
  });
  onTestFailed(() => console.error(logsOf(cluster)));
  const endpoint = cluster.endpoints[0] ?? "";
  const segments = (): readonly string[] =>
    readdirSync(join(dataDir, "journal"))
      .filter((name) => name.endsWith(".seg"))
      .sort();
  try {
    await put(endpoint, "before", "kept");
    // Far less than what a group writes between two checkpoints in peace: so long all of it is kept.
    for (let i = 1; i <= 150; i++) {
      expect(await put(endpoint, "churn", `${i}${"v".repeat(100_000)}`)).toMatchObject({
        type: "ok",
      });
    }
    await call(endpoint, "/kv/compaction", { revision: "152", physical: true }, 5000);
    const pinned = segments();
    expect(pinned[0]).toBe("00000000000000000001.seg");
    expect(pinned.length).toBeGreaterThan(14);

    // Room for a checkpoint of what is left after the compaction, and not for a segment.
    const filler = join(disk, "filler");
    fill(filler);
    truncateSync(filler, statSync(filler).size - MIB / 2);
    await eventually(60_000, "nearly all old segments let go, and a write", async () => {
      const answer = await put(endpoint, "churn", "v".repeat(100_000));
      const now = segments();
      const kept = pinned.filter((name) => now.includes(name));
      return answer.type === "ok" && kept.length < 4 ? true : null;
    });
    expect(await call(endpoint, "/maintenance/alarm", {}, 5000)).not.toHaveProperty("body.alarms");

    // What was let go is not needed: the node comes back without it.
    await cluster.members[0]?.process.end("SIGKILL");
    cluster.restart(0);
    await cluster.ready();
    const reading = await call<RangeAnswer>(endpoint, "/kv/range", { key: base64("before") }, 5000);
    expect(reading).toMatchObject({ body: { kvs: [{ value: base64("kept") }] } });
  } finally {
    await cluster.stop();
    execFileSync("umount", [disk]);
    rmSync(disk, { recursive: true });
  }
});

/** All of the disk but a little, so that the journal soon cannot allocate ahead. */
function fill(path: string): void {
  const block = Buffer.alloc(MIB);
  try {
    for (;;) writeFileSync(path, block, { flag: "a" });
  } catch {
    // Full.
  }
}

const put = (endpoint: string, key: string, value: string) =>
  call(endpoint, "/kv/put", { key: base64(key), value: base64(value) }, 5000);

/** A small file system of its own, or null where this process may not mount one. */
function mountSmall(): string | null {
  const point = mkdtempSync(join(tmpdir(), "quorate-full-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", point], {
      stdio: "pipe",
    });
    return point;
  } catch {
    return null;
  }
}
