import { join } from "node:path";
import { Etcd3, EtcdLeaseInvalidError, type Lease } from "etcd3";
import { afterEach, describe, expect, it, onTestFailed } from "vitest";
import { base64, call } from "../support/api.ts";
import { type Cluster, logsOf } from "../support/cluster.ts";
import { eventually, pause } from "../support/deadline.ts";
import { leaderOf } from "../support/leader.ts";
import { startQuorate } from "../support/quorate-cluster.ts";

const TTL_SECONDS = 5;
const WRITERS = 40;

const stop: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const one of stop.splice(0).reverse()) await one();
});

async function started(nodes: number, stallMillis: number): Promise<Cluster> {
  const preload = `--import=${join(import.meta.dirname, "stall.ts")}`;
  const environment = [
    `QUORATE_STALL_MILLIS=${stallMillis}`,
    `NODE_OPTIONS=${preload} ${process.env["NODE_OPTIONS"] ?? ""}`,
  ];
  const cluster = await startQuorate(nodes, { prefixOf: () => ["env", ...environment] });
  onTestFailed(() => console.error(logsOf(cluster)));
  stop.push(() => cluster.stop());
  return cluster;
}

/** A lease that the npm client of etcd keeps alive, as it does by itself. */
async function keptAlive(endpoint: string): Promise<Lease> {
  const client = new Etcd3({ hosts: `http://${endpoint}` });
  stop.push(async () => client.close());
  const lease = client.lease(TTL_SECONDS);
  lease.on("keepaliveFailed", () => {});
  await lease.grant();
  return lease;
}

/** Puts under way all the time, so that no turn of the event loop is empty. */
function busy(endpoint: string): void {
  let over = false;
  const writers = Array.from({ length: WRITERS }, async (_, i) => {
    while (!over) await call(endpoint, "/kv/put", { key: base64(`busy/${i}`) }, 10_000);
  });
  stop.push(async () => {
    over = true;
    await Promise.all(writers);
  });
}

type Stall = "stopped" | "busy with something else";

async function stall(cluster: Cluster, index: number, how: Stall, millis: number): Promise<void> {
  const member = cluster.members[index]?.process;
  if (how === "stopped") {
    member?.signal("SIGSTOP");
    await pause(millis);
    member?.signal("SIGCONT");
  } else {
    member?.signal("SIGUSR2");
    await pause(millis);
  }
}

/** It can still be renewed, and is: nobody has ended it. */
async function expectKept(endpoint: string, lease: Lease): Promise<void> {
  await eventually(20_000, "a renewal", () => lease.keepaliveOnce().catch(endedIsFinal));
  const ID = await lease.grant();
  const left = await call<{ TTL?: string }>(endpoint, "/lease/timetolive", { ID }, 10_000);
  expect(left.type === "ok" && Number(left.body.TTL)).toBeGreaterThan(0);
}

/** A renewal that got no answer is made again. */
function endedIsFinal(error: unknown): null {
  if (error instanceof EtcdLeaseInvalidError) throw error;
  return null;
}

async function aloneAndStalled(how: Stall, millis: number): Promise<void> {
  const cluster = await started(1, millis);
  const [endpoint = ""] = cluster.endpoints;
  const lease = await keptAlive(endpoint);
  await pause(2000);
  await stall(cluster, 0, how, millis);
  await expectKept(endpoint, lease);
}

describe("a node alone that stands still: a lease whose renewals lay unread in its sockets lives on", () => {
  it("stopped for less than the lease's time", () => aloneAndStalled("stopped", 2000));
  it("busy for less than the lease's time", () =>
    aloneAndStalled("busy with something else", 2000));
  it("stopped for longer", () => aloneAndStalled("stopped", 6000));
  it("busy for longer", () => aloneAndStalled("busy with something else", 6000));
});

describe("a member of three that is stopped", () => {
  it.each([
    ["leader", 6000, 2],
    ["follower", 6000, 2],
    ["leader", 2000, 0],
    ["follower", 2000, 0],
  ] as const)(
    "the %s, for %i ms: a lease lives on that is renewed at the member %i further on, under load",
    async (role, millis, further) => {
      const cluster = await started(3, millis);
      const leader = await leaderOf(cluster);
      const stalled = role === "leader" ? leader : (leader + 1) % 3;
      const endpoint = cluster.endpoints[(stalled + further) % 3] ?? "";
      busy(endpoint);
      const lease = await keptAlive(endpoint);
      await pause(1500);
      await stall(cluster, stalled, "stopped", millis);
      await expectKept(endpoint, lease);
    },
  );

  it("and follows unseats nobody when it wakes: it hears what has come before it counts its leader's silence", async () => {
    const cluster = await started(3, 0);
    const leader = await leaderOf(cluster);
    const endpoint = cluster.endpoints[leader] ?? "";
    busy(endpoint);
    const term = await termOf(endpoint);
    for (const millis of [600, 1500, 3000]) {
      await stall(cluster, (leader + 1) % 3, "stopped", millis);
      await pause(1500);
    }
    expect(await termOf(endpoint)).toBe(term);
    expect(await leaderOf(cluster)).toBe(leader);
  });
});

async function termOf(endpoint: string): Promise<string> {
  const answer = await call<{ raftTerm: string }>(endpoint, "/maintenance/status", {}, 5000);
  return answer.type === "ok" ? answer.body.raftTerm : "";
}
