import { setImmediate } from "node:timers/promises";
import { type Cache, connectCache, QuorateError } from "quorate";
import { afterEach, beforeEach, expect, it, onTestFailed } from "vitest";
import { base64, call } from "../support/api.ts";
import { type Cluster, logsOf } from "../support/cluster.ts";
import { eventually } from "../support/deadline.ts";
import { leaderOf } from "../support/leader.ts";
import { startQuorate } from "../support/quorate-cluster.ts";

const RECOVERY_MILLIS = 20_000;
/** Less than a lease: some writes are given up while they wait, and asked for again. */
const PUT_MILLIS = 1500;
const KEY = "counter";
/** Reads that asked nobody, between two writes: more than one value is read from the cache. */
const HITS_PER_WRITE = 20;

let cluster: Cluster;
let cache: Cache;
let counting: Counting | null = null;

beforeEach(async () => {
  cluster = await startQuorate();
  onTestFailed(() => console.error(logsOf(cluster)));
  cache = await connectCache({ endpoints: cluster.endpoints, timeoutMillis: RECOVERY_MILLIS });
});
afterEach(async () => {
  await counting?.stop();
  counting = null;
  cache.close();
  await cluster.stop();
});

/** From the number before to this one. What was given up and comes late changes nothing: its time has passed. */
function counted(next: number): object {
  const key = base64(KEY);
  const before =
    next === 1
      ? { key, target: "CREATE", result: "EQUAL", create_revision: "0" }
      : { key, target: "VALUE", result: "EQUAL", value: base64(String(next - 1)) };
  return { compare: [before], success: [{ request_put: { key, value: base64(String(next)) } }] };
}

/** Counts upwards in one key, each number until it is acknowledged, and reads it through the cache all the while. */
class Counting {
  acknowledged = 0;
  /** Answers older than what was acknowledged before the read began. */
  readonly stale: string[] = [];
  #stopped = false;
  readonly #running: Promise<unknown>;

  constructor() {
    this.#running = Promise.all([this.#write(), this.#read()]);
  }

  progress(writes: number): Promise<true> {
    const until = this.acknowledged + writes;
    return eventually(RECOVERY_MILLIS, `${writes} writes`, () =>
      Promise.resolve(this.acknowledged >= until ? true : null),
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #write(): Promise<void> {
    let next = 1;
    for (let attempt = 0; !this.#stopped; attempt++) {
      const endpoint = cluster.endpoints[attempt % cluster.endpoints.length] ?? "";
      const answer = await call(endpoint, "/kv/txn", counted(next), PUT_MILLIS);
      if (answer.type !== "ok") {
        await setImmediate();
        continue;
      }
      this.acknowledged = next++;
      const { hits, misses } = cache.counts;
      while (!this.#stopped && cache.counts.hits < hits + HITS_PER_WRITE) {
        // Nobody grants a lease while no member leads: then it goes on without.
        if (cache.counts.misses > misses + HITS_PER_WRITE) break;
        await setImmediate();
      }
    }
  }

  async #read(): Promise<void> {
    while (!this.#stopped) {
      const before = this.acknowledged;
      const kv = await cache.get(KEY);
      const seen = Number(kv?.text ?? 0);
      if (seen < before) this.stale.push(`${seen}, and ${before} was acknowledged`);
      await setImmediate();
    }
  }
}

it("kill -9 of the leader, twice: no cached answer is older than what was acknowledged before", async () => {
  const count = (counting = new Counting());
  for (let round = 0; round < 2; round++) {
    await count.progress(20);
    const leader = await leaderOf(cluster);
    await cluster.members[leader]?.process.end("SIGKILL");
    await count.progress(20);
    cluster.restart(leader);
    await cluster.ready();
  }
  await count.progress(20);
  await count.stop();
  expect(count.stale).toEqual([]);
  const { hits, recalls } = cache.counts;
  expect(hits).toBeGreaterThan(20 * HITS_PER_WRITE);
  expect(recalls).toBeGreaterThan(20);
});

it("a leader that is stopped and goes on: what it leased ends by the cache's clock, and it is asked no more", async () => {
  const count = (counting = new Counting());
  await count.progress(20);
  const leader = await leaderOf(cluster);
  cluster.members[leader]?.process.signal("SIGSTOP");
  await count.progress(10);
  cluster.members[leader]?.process.signal("SIGCONT");
  await count.progress(20);
  await count.stop();
  expect(count.stale).toEqual([]);
});

it("a cached read costs no message, a miss two, a write two for the cache", async () => {
  const put = (value: string): Promise<unknown> =>
    call(
      cluster.endpoints[0] ?? "",
      "/kv/put",
      { key: base64("k"), value: base64(value) },
      PUT_MILLIS,
    );
  await cache.get("k");
  await put("1");
  await cache.get("k");
  const before = cache.counts;
  for (let i = 0; i < 100; i++) expect((await cache.get("k"))?.text).toBe("1");
  expect(cache.counts).toEqual({ ...before, hits: before.hits + 100 });
  await put("2");
  expect(cache.counts.recalls).toBe(before.recalls + 1);
  expect((await cache.get("k"))?.text).toBe("2");
  expect(cache.counts.misses).toBe(before.misses + 1);
});

it("where no member leads its reads fail in time, and say so", async () => {
  const impatient = await connectCache({ endpoints: cluster.endpoints, timeoutMillis: 1000 });
  await Promise.all([0, 1, 2].map((i) => cluster.members[i]?.process.end("SIGKILL")));
  const failure = await impatient.get("k").catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(QuorateError);
  expect(failure).toMatchObject({ code: "Timeout", definite: true });
  impatient.close();
  await expect(impatient.get("k")).rejects.toMatchObject({ code: "Stopped" });
  await expect(connectCache({ endpoints: cluster.endpoints })).rejects.toMatchObject({
    code: "NoLeader",
  });
});
