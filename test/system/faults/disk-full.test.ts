import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
