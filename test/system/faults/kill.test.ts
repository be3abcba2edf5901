import { afterEach, beforeEach, expect, it, onTestFailed } from "vitest";
import { type Cluster, logsOf } from "../support/cluster.ts";
import { within } from "../support/deadline.ts";
import { expectHeld } from "../support/judge.ts";
import { leaderOf } from "../support/leader.ts";
import { startQuorate } from "../support/quorate-cluster.ts";
import { Workload } from "../support/workload.ts";

const RECOVERY_MILLIS = 15_000;
let cluster: Cluster;

beforeEach(async () => {
  cluster = await startQuorate();
  onTestFailed(() => console.error(logsOf(cluster)));
});
afterEach(() => cluster.stop());

it("kill -9 of the leader, thrice under load: nothing acknowledged is lost, reads stay linearizable", async () => {
  const workload = new Workload(cluster, 1);
  for (let round = 0; round < 3; round++) {
    await workload.progress(60, RECOVERY_MILLIS);
    const leader = await leaderOf(cluster);
    await cluster.members[leader]?.process.end("SIGKILL");
    await workload.progress(60, RECOVERY_MILLIS);
    cluster.restart(leader);
    await cluster.ready();
  }
  await expectHeld(cluster, await workload.stop());
});

it("kill -9 of a follower under load: the others go on, and it catches up", async () => {
  const workload = new Workload(cluster, 2);
  for (let round = 0; round < 2; round++) {
    await workload.progress(60, RECOVERY_MILLIS);
    const follower = ((await leaderOf(cluster)) + 1 + round) % 3;
    await cluster.members[follower]?.process.end("SIGKILL");
    await workload.progress(120, RECOVERY_MILLIS);
    cluster.restart(follower);
    await cluster.ready();
  }
  await expectHeld(cluster, await workload.stop());
});

it("kill -9 of all three at once under load: what was acknowledged is there when they are back", async () => {
  const workload = new Workload(cluster, 3);
  for (let round = 0; round < 2; round++) {
    await workload.progress(100, RECOVERY_MILLIS);
    await Promise.all(cluster.members.map(({ process }) => process.end("SIGKILL")));
    for (const i of [0, 1, 2]) cluster.restart(i);
    await cluster.ready();
  }
  await workload.progress(50, RECOVERY_MILLIS);
  await expectHeld(cluster, await workload.stop());
});

it("SIGTERM of the leader under load ends in time, and its place is taken", async () => {
  const workload = new Workload(cluster, 4);
  await workload.progress(60, RECOVERY_MILLIS);
  const leader = await leaderOf(cluster);
  await within(
    10_000,
    "the leader ends",
    cluster.members[leader]?.process.end("SIGTERM") ?? Promise.reject(),
  );
  await workload.progress(60, RECOVERY_MILLIS);
  cluster.restart(leader);
  await cluster.ready();
  await expectHeld(cluster, await workload.stop());
  expect(await leaderOf(cluster)).not.toBe(leader);
});
