import { expect, it } from "vitest";
import { CacheLeases, DEFAULT_CACHE_SETTINGS } from "../../src/replica/cache-leases.ts";
import { encodeEnvelope } from "../../src/replica/envelope.ts";

const now = (ticks: number) => ({ ticks, wall: { earliest: ticks, latest: ticks } }) as never;
const state = (term: number, lastIndex: number) =>
  ({ term, log: { lastIndex, at: () => null } }) as never;
const K = { ranges: [{ from: "k", to: "k\0" }], follows: false };
const applier = (index: number, writes: typeof K = K) =>
  ({ leasedTicks: 2000, index, machine: { writes: () => writes } }) as never;
const put = encodeEnvelope({
  kind: 1,
  node: 1n,
  start: 1n,
  request: 7,
  deadlineTicks: 0,
  at: 0,
  session: null,
  body: new Uint8Array(0),
} as never);

it("a command that was refused and is let in again under its number keeps its key from being leased until the second entry is applied", () => {
  const caches = new CacheLeases(DEFAULT_CACHE_SETTINGS, () => {});
  caches.follow(now(0), true, state(1, 5), applier(5));
  // Inherited leases are over.
  expect(caches.grant(now(3000), "other", 1 as never, state(1, 10), applier(9))).toBe(2000);
  // The protocol refuses it (a transfer is under way), at a time when entry 10 is not applied.
  expect(caches.pass(now(3000), 7 as never, put, applier(9))).toBe(true);
  caches.proposed(10 as never);
  // It comes again, and is taken.
  expect(caches.pass(now(3020), 7 as never, put, applier(9))).toBe(true);
  caches.proposed(11 as never);
  caches.applied(10 as never);
  expect(caches.grant(now(3030), "k", 2 as never, state(1, 11), applier(10))).toBe(null);
});

it("an answer to a recall of an earlier term ends no lease of this one", () => {
  const caches = new CacheLeases(DEFAULT_CACHE_SETTINGS, () => {});
  caches.follow(now(0), true, state(1, 5), applier(5));
  const t1 = 3000;
  expect(caches.grant(now(t1), "k", 2 as never, state(1, 5), applier(5))).toBe(2000);
  expect(caches.pass(now(t1), 7 as never, put, applier(5))).toBe(false);
  const [recall] = caches.recalls(now(t1));
  expect(recall?.holder).toBe(2);
  caches.follow(now(t1 + 10), false, state(2, 5), applier(5));
  caches.follow(now(t1 + 20), true, state(3, 6), applier(6));
  const t3 = t1 + 5000;
  expect(caches.grant(now(t3), "k", 2 as never, state(3, 6), applier(6))).toBe(2000);
  caches.returned("k", 2 as never, recall?.recall ?? 0);
  expect(caches.pass(now(t3 + 1), 8 as never, put, applier(6)), "the lease stands").toBe(false);
});

it("what a command changes that commands before it decide may be any key, until those are applied: it waits for whatever an earlier leader has leased", () => {
  const caches = new CacheLeases(DEFAULT_CACHE_SETTINGS, () => {});
  const revoke = { ranges: [], follows: true };
  caches.follow(now(0), true, state(1, 5), applier(3));
  expect(caches.pass(now(100), 7 as never, put, applier(3, revoke))).toBe(false);
  expect(caches.freed(now(1900))).toEqual([]);
  expect(caches.freed(now(3000))).toEqual([7]);
});
