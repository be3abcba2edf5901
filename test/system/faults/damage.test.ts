import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, onTestFailed } from "vitest";
import { type Cluster, logsOf } from "../support/cluster.ts";
import { expectHeld } from "../support/judge.ts";
import { leaderOf } from "../support/leader.ts";
import { startQuorate } from "../support/quorate-cluster.ts";
import { Workload } from "../support/workload.ts";

const PROGRESS_MILLIS = 15_000;
/** A segment's header, which is checked by itself. */
const HEADER_BYTES = 48;

let root: string;
let cluster: Cluster;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "quorate-damage-"));
  cluster = await startQuorate(3, { dataDirOf: (index) => join(root, String(index)) });
  onTestFailed(() => console.error(logsOf(cluster)));
});
afterEach(async () => {
  await cluster.stop();
  rmSync(root, { recursive: true, force: true });
});

/** A bad sector, or several: what lies there reads back as something else. */
function spoil(index: number, from: number, bytes: number): void {
  const journal = join(root, String(index), "journal");
  const first = readdirSync(journal).find((name) => name.endsWith(".seg")) ?? "";
  const segment = readFileSync(join(journal, first));
  for (let at = from; at < from + bytes; at++) segment[at] = ~(segment[at] ?? 0);
  writeFileSync(join(journal, first), segment);
}

it("JN-2: a follower whose journal has a hole that no group can be named for is rebuilt by its peers, under load", async () => {
  const workload = new Workload(cluster, 1);
  const spoilt = new Set<number>();
  // The births of all groups, then records of many writers.
  for (const [from, bytes] of [
    [HEADER_BYTES, 2000],
    [8192, 4096],
  ] as const) {
    await workload.progress(200, PROGRESS_MILLIS);
    const leader = await leaderOf(cluster);
    const follower = [0, 1, 2].find((i) => i !== leader && !spoilt.has(i)) ?? 0;
    spoilt.add(follower);
    await cluster.members[follower]?.process.end("SIGKILL");
    spoil(follower, from, bytes);
    cluster.restart(follower);
    await cluster.ready();
    expect(cluster.members[follower]?.process.said).toContain("group repairing");
    await workload.progress(200, PROGRESS_MILLIS);
  }
  await expectHeld(cluster, await workload.stop());
});

it("JN-2: the rebuilt member counts again: with it and one other the cluster goes on", async () => {
  const workload = new Workload(cluster, 2);
  await workload.progress(100, PROGRESS_MILLIS);
  const leader = await leaderOf(cluster);
  const follower = (leader + 1) % 3;
  await cluster.members[follower]?.process.end("SIGKILL");
  spoil(follower, HEADER_BYTES, 4096);
  cluster.restart(follower);
  await cluster.ready();
  await workload.progress(100, PROGRESS_MILLIS);
  await cluster.members[(leader + 2) % 3]?.process.end("SIGKILL");
  await workload.progress(100, PROGRESS_MILLIS);
  cluster.restart((leader + 2) % 3);
  await cluster.ready();
  await expectHeld(cluster, await workload.stop());
});

it("JN-2: a member whose journal is gone does not outvote what the others acknowledged", async () => {
  const workload = new Workload(cluster, 3);
  const [n1, n2, n3] = [0, 1, 2];
  await cluster.members[n3]?.process.end("SIGKILL");
  await workload.progress(100, PROGRESS_MILLIS);
  const recorded = await workload.stop([n1, n2]);
  for (const index of [n1, n2]) await cluster.members[index]?.process.end("SIGKILL");
  rmSync(join(root, String(n2), "journal"), { recursive: true });
  for (const index of [n2, n3]) cluster.restart(index);
  await expect(cluster.members[n2]?.process.line(/^ready$/, 8000)).rejects.toThrow();
  cluster.restart(n1);
  await cluster.ready();
  await expectHeld(cluster, recorded);
});
