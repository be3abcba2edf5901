import { afterEach, beforeEach, describe, expect, it, onTestFailed } from "vitest";
import { base64, call, type RangeAnswer } from "../support/api.ts";
import { type Cluster, logsOf } from "../support/cluster.ts";
import { eventually } from "../support/deadline.ts";
import { expectHeld } from "../support/judge.ts";
import { leaderOf } from "../support/leader.ts";
import { layNetwork, type Network, networkMissing } from "../support/network.ts";
import { startQuorate } from "../support/quorate-cluster.ts";
import { Workload } from "../support/workload.ts";

const RECOVERY_MILLIS = 20_000;
const missing = networkMissing();
let network: Network;
let cluster: Cluster;
let subnet = 1;

describe.skipIf(missing !== null)(`partitions of real networks ${missing ?? ""}`, () => {
  beforeEach(async () => {
    const laid = layNetwork(3, subnet++);
    network = laid;
    cluster = await startQuorate(3, { hostOf: laid.hostOf, prefixOf: laid.prefixOf });
    onTestFailed(() => console.error(logsOf(cluster)));
  });
  afterEach(async () => {
    await cluster.stop();
    network.remove();
  });

  it("a leader cut off from the majority is replaced, and serves no read until it is back", async () => {
    const workload = new Workload(cluster, 21);
    await workload.progress(60, RECOVERY_MILLIS);
    const old = await leaderOf(cluster);
    cutOff(old);
    const next = await leaderOf(cluster, others(old));
    expect(next).not.toBe(old);
    await workload.progress(20, RECOVERY_MILLIS);
    expect((await readAt(old)).type).not.toBe("ok");
    network.heal();
    await served(old);
    await workload.progress(60, RECOVERY_MILLIS);
    await expectHeld(cluster, await workload.stop());
  });

  it("a follower cut off from both others does not disturb them, then or when it is back", async () => {
    const workload = new Workload(cluster, 22);
    await workload.progress(60, RECOVERY_MILLIS);
    const leader = await leaderOf(cluster);
    const term = await termAt(leader);
    const follower = (leader + 1) % 3;
    cutOff(follower);
    await workload.progress(30, RECOVERY_MILLIS);
    expect((await readAt(follower)).type).not.toBe("ok");
    network.heal();
    await served(follower);
    await workload.progress(60, RECOVERY_MILLIS);
    // Pre-vote: who heard nobody raised no term, so nobody had to step down for it.
    expect([await leaderOf(cluster), await termAt(leader)]).toEqual([leader, term]);
    await expectHeld(cluster, await workload.stop());
  });

  it("no two of them hear each other: nothing is served, and all goes on when they do", async () => {
    const workload = new Workload(cluster, 23);
    await workload.progress(60, RECOVERY_MILLIS);
    for (const i of [0, 1, 2]) network.deafen(i, others(i));
    const refused = await Promise.all([0, 1, 2].map(readAt));
    // One more time-out later the last leader knows that it is alone.
    const again = await Promise.all([0, 1, 2].map(readAt));
    expect([...refused, ...again].map(({ type }) => type)).not.toContain("ok");
    network.heal();
    await workload.progress(60, RECOVERY_MILLIS);
    await expectHeld(cluster, await workload.stop());
  });

  it("a leader that is heard and hears nobody gives way", async () => {
    const workload = new Workload(cluster, 24);
    await workload.progress(60, RECOVERY_MILLIS);
    const old = await leaderOf(cluster);
    network.deafen(old, others(old));
    const next = await leaderOf(cluster, others(old));
    expect(next).not.toBe(old);
    await workload.progress(20, RECOVERY_MILLIS);
    network.heal();
    await served(old);
    await workload.progress(60, RECOVERY_MILLIS);
    await expectHeld(cluster, await workload.stop());
  });

  it("a follower that hears nobody and is heard does not unseat the leader", async () => {
    const workload = new Workload(cluster, 25);
    await workload.progress(60, RECOVERY_MILLIS);
    const leader = await leaderOf(cluster);
    const follower = (leader + 1) % 3;
    network.deafen(follower, others(follower));
    await workload.progress(40, RECOVERY_MILLIS);
    expect(await leaderOf(cluster, others(follower))).toBe(leader);
    network.heal();
    await served(follower);
    await expectHeld(cluster, await workload.stop());
  });
});

const others = (index: number): readonly number[] => [0, 1, 2].filter((i) => i !== index);

/** Neither side hears the other; the test goes on hearing both. */
function cutOff(index: number): void {
  network.deafen(index, others(index));
  for (const other of others(index)) network.deafen(other, [index]);
}

const readAt = (index: number) =>
  call<RangeAnswer>(cluster.endpoints[index] ?? "", "/kv/range", { key: base64("x") }, 3000);

async function served(index: number): Promise<void> {
  await eventually(RECOVERY_MILLIS, `member ${index} serves`, async () =>
    (await readAt(index)).type === "ok" ? true : null,
  );
}

async function termAt(index: number): Promise<string> {
  const answer = await call<{ raftTerm: string }>(
    cluster.endpoints[index] ?? "",
    "/maintenance/status",
    {},
    3000,
  );
  return answer.type === "ok" ? answer.body.raftTerm : answer.why;
}
