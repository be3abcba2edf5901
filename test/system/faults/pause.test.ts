import { afterEach, beforeEach, expect, it, onTestFailed } from "vitest";
import { base64, call, fromBase64, type RangeAnswer } from "../support/api.ts";
import { type Cluster, logsOf } from "../support/cluster.ts";
import { pause } from "../support/deadline.ts";
import { expectHeld } from "../support/judge.ts";
import { leaderOf } from "../support/leader.ts";
import { startQuorate } from "../support/quorate-cluster.ts";
import { Workload } from "../support/workload.ts";

const PAUSE_MILLIS = 10_000;
const READS_AT_WAKING = 40;
let cluster: Cluster;

beforeEach(async () => {
  cluster = await startQuorate();
  onTestFailed(() => console.error(logsOf(cluster)));
});
afterEach(() => cluster.stop());

it("a leader that stood still for ten seconds gives no stale read when it wakes", async () => {
  const workload = new Workload(cluster, 11);
  await workload.progress(60, 15_000);
  const old = await leaderOf(cluster);
  const endpoint = cluster.endpoints[old] ?? "";
  await put(endpoint, "before");
  const begun = performance.now();
  cluster.members[old]?.process.signal("SIGSTOP");
  const others = [0, 1, 2].filter((i) => i !== old);
  const next = await leaderOf(cluster, others);
  await put(cluster.endpoints[next] ?? "", "after");
  await workload.progress(15, 15_000);
  // Reads wait in the sleeper's sockets: they are the first that it sees, before any message of its peers.
  const waiting = Array.from({ length: READS_AT_WAKING }, () => read(endpoint));
  await pause(PAUSE_MILLIS - (performance.now() - begun));
  cluster.members[old]?.process.signal("SIGCONT");
  const atOnce = Array.from({ length: READS_AT_WAKING }, () => read(endpoint));
  const values = await Promise.all([...waiting, ...atOnce]);
  expect(values.filter((value) => value !== "after" && value !== null)).toEqual([]);
  await workload.readAt(old, 99);
  await workload.progress(60, 15_000);
  expect(await read(endpoint)).toBe("after");
  await expectHeld(cluster, await workload.stop());
});

async function put(endpoint: string, value: string): Promise<void> {
  const body = { key: base64("mark"), value: base64(value) };
  expect(await call(endpoint, "/kv/put", body, 5000)).toMatchObject({ type: "ok" });
}

/** Null where there was no answer, which is allowed. */
async function read(endpoint: string): Promise<string | null> {
  const answer = await call<RangeAnswer>(endpoint, "/kv/range", { key: base64("mark") }, 20_000);
  return answer.type === "ok" ? fromBase64(answer.body.kvs?.[0]?.value ?? "") : null;
}
