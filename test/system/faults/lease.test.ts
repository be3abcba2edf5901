import { afterEach, beforeEach, expect, it, onTestFailed } from "vitest";
import { base64, call, type RangeAnswer } from "../support/api.ts";
import { type Cluster, logsOf } from "../support/cluster.ts";
import { eventually } from "../support/deadline.ts";
import { leaderOf } from "../support/leader.ts";
import { startQuorate } from "../support/quorate-cluster.ts";

const TTL_SECONDS = 3;
/** A new leader may add the time without one and half a second; the rest is for finding out, on a busy machine. */
const EXTENSION_MILLIS = 5000;
let cluster: Cluster;

beforeEach(async () => {
  cluster = await startQuorate();
  onTestFailed(() => console.error(logsOf(cluster)));
});
afterEach(() => cluster.stop());

it("a lease ends after its time and not before, though its leader was killed half-way", async () => {
  const leader = await leaderOf(cluster);
  const survivor = cluster.endpoints[(leader + 1) % 3] ?? "";
  const granted = performance.now();
  await grantWithKey(survivor, "9001", "leased");
  await cluster.members[leader]?.process.end("SIGKILL");
  await gone(survivor, "leased");
  const lived = performance.now() - granted;
  expect(lived).toBeGreaterThanOrEqual(TTL_SECONDS * 1000);
  expect(lived).toBeLessThan(TTL_SECONDS * 1000 + EXTENSION_MILLIS);
});

it("a lease that is renewed lives through the loss of its leader, and ends when nobody renews it", async () => {
  const leader = await leaderOf(cluster);
  const survivor = cluster.endpoints[(leader + 2) % 3] ?? "";
  await grantWithKey(survivor, "9002", "kept");
  await cluster.members[leader]?.process.end("SIGKILL");
  let renewed = performance.now();
  for (const until = renewed + 2 * TTL_SECONDS * 1000; performance.now() < until; ) {
    const begun = performance.now();
    const answer = await call<{ result: { TTL?: string } }>(
      survivor,
      "/lease/keepalive",
      { ID: "9002" },
      2000,
    );
    if (answer.type !== "ok") continue;
    expect(answer.body.result.TTL).toBe(String(TTL_SECONDS));
    renewed = begun;
  }
  expect(await count(survivor, "kept")).toBe(1);
  await gone(survivor, "kept");
  expect(performance.now() - renewed).toBeGreaterThanOrEqual(TTL_SECONDS * 1000);
});

async function grantWithKey(endpoint: string, ID: string, key: string): Promise<void> {
  const grant = await call(endpoint, "/lease/grant", { ID, TTL: String(TTL_SECONDS) }, 5000);
  expect(grant).toMatchObject({ type: "ok" });
  const put = await call(endpoint, "/kv/put", { key: base64(key), lease: ID }, 5000);
  expect(put).toMatchObject({ type: "ok" });
}

async function count(endpoint: string, key: string): Promise<number | null> {
  const answer = await call<RangeAnswer>(endpoint, "/kv/range", { key: base64(key) }, 2000);
  return answer.type === "ok" ? Number(answer.body.count ?? 0) : null;
}

const gone = (endpoint: string, key: string): Promise<true> =>
  eventually(TTL_SECONDS * 1000 + EXTENSION_MILLIS, `${key} is gone`, async () =>
    (await count(endpoint, key)) === 0 ? true : null,
  );
