import fc from "fast-check";
import { expect, test } from "vitest";
import type { RequestId, WatchSink } from "../../../src/core/index.ts";
import {
  type DeleteAsk,
  Driver,
  events,
  message,
  type OpAsk,
  type PutAsk,
  type RangeAsk,
  type TxnAsk,
  type WatchEvent,
} from "./api.ts";
import { Model } from "./model.ts";

const KEYS = ["a", "a\0", "ab", "b", "c", "d\xff", "\xff\xff"] as const;
const LEASES = [1, 2, 3] as const;
const DUPLICATE = "etcdserver: duplicate key given in txn request";

const key = fc.constantFrom(...KEYS);
const end = fc.constantFrom("", "", "b", "c", "\0");
const value = fc.string({ maxLength: 4, unit: "grapheme-ascii" });
const bound = fc.constantFrom(0, 0, 0, 2, 4, 6, 8, 12);
const range: fc.Arbitrary<RangeAsk> = fc.record({
  key,
  end,
  limit: fc.constantFrom(0, 0, 1, 2, 3),
  revision: fc.constantFrom(0, 0, 0, 1, 3, 5, 9, 14, 20),
  order: fc.constantFrom(0, 1, 2),
  target: fc.constantFrom(0, 1, 2, 3, 4),
  keysOnly: fc.boolean(),
  countOnly: fc.constantFrom(false, false, true),
  minMod: bound,
  maxMod: bound,
  minCreate: bound,
  maxCreate: bound,
});
const put = fc.record({
  key,
  value,
  lease: fc.constantFrom(0, 0, 0, ...LEASES),
  prevKv: fc.boolean(),
});
const ignoring = fc.oneof(
  fc.record({ key, ignoreValue: fc.constant(true), lease: fc.constantFrom(0, 1) }),
  fc.record({ key, value, ignoreLease: fc.constant(true) }),
);
const remove = fc.record({ key, end, prevKv: fc.boolean() });
const compare = fc
  .record({
    result: fc.constantFrom(0, 1, 2, 3),
    target: fc.constantFrom(0, 1, 2, 3, 4),
    key,
    end,
    small: fc.nat(5),
    value,
  })
  .map((c) => ({ ...c, operand: c.target === 3 ? c.value : c.small }));
const { txn } = fc.letrec<{ txn: TxnAsk; op: OpAsk }>((tie) => ({
  op: fc.oneof(
    { maxDepth: 2 },
    range.map((r) => ({ range: r })),
    fc.oneof(put, ignoring).map((p) => ({ put: p })),
    remove.map((d) => ({ delete: d })),
    fc.record({ txn: tie("txn") }),
  ),
  txn: fc.record({
    compare: fc.array(compare, { maxLength: 2 }),
    success: fc.array(tie("op"), { maxLength: 3 }),
    failure: fc.array(tie("op"), { maxLength: 2 }),
  }),
}));

type Step =
  | { readonly put: PutAsk }
  | { readonly ignoring: PutAsk }
  | { readonly delete: DeleteAsk }
  | { readonly txn: TxnAsk }
  | { readonly range: RangeAsk }
  | { readonly compactBack: number }
  | { readonly grant: { readonly id: number; readonly ttl: number } }
  | { readonly revoke: number }
  | { readonly keepAlive: number }
  | { readonly pass: number }
  | { readonly tidy: number }
  | { readonly fork: true }
  | { readonly reload: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: put.map((p) => ({ put: p })) },
  { weight: 1, arbitrary: ignoring.map((p) => ({ ignoring: p })) },
  { weight: 2, arbitrary: remove.map((d) => ({ delete: d })) },
  { weight: 4, arbitrary: txn.map((t) => ({ txn: t })) },
  { weight: 3, arbitrary: range.map((r) => ({ range: r })) },
  { weight: 1, arbitrary: fc.integer({ min: -1, max: 8 }).map((compactBack) => ({ compactBack })) },
  {
    weight: 2,
    arbitrary: fc
      .record({ id: fc.constantFrom(...LEASES), ttl: fc.integer({ min: 0, max: 6 }) })
      .map((grant) => ({ grant })),
  },
  { weight: 1, arbitrary: fc.constantFrom(...LEASES).map((revoke) => ({ revoke })) },
  { weight: 1, arbitrary: fc.constantFrom(...LEASES).map((keepAlive) => ({ keepAlive })) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 4000 }).map((pass) => ({ pass })) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 20 }).map((tidy) => ({ tidy })) },
  { weight: 1, arbitrary: fc.constant({ fork: true as const }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 200 }).map((reload) => ({ reload })) },
);

/** Runs one step on both and compares what they say. */
function check(driver: Driver, model: Model, s: Step): void {
  if ("put" in s || "ignoring" in s) {
    const ask = "put" in s ? s.put : s.ignoring;
    const answer = model.put(ask);
    const revision = model.commit();
    expect(driver.put(ask)).toEqual(typeof answer === "string" ? answer : { revision, ...answer });
  } else if ("delete" in s) {
    const answer = model.delete(s.delete);
    expect(driver.delete(s.delete)).toEqual({ revision: model.commit(), ...answer });
  } else if ("txn" in s) {
    const got = driver.txn(s.txn);
    // The static check has tests of its own; here it only must have no effect.
    if (got === DUPLICATE) return;
    const answer = model.txn(s.txn);
    const revision = model.commit();
    expect(got).toEqual(typeof answer === "string" ? answer : { revision, ...answer });
  } else if ("range" in s) {
    expect(driver.range(s.range, 30)).toEqual(model.range(s.range));
  } else if ("compactBack" in s) {
    const at = model.revision - s.compactBack;
    expect(driver.compact(at)).toEqual(model.compact(at) ?? { revision: model.revision });
  } else if ("grant" in s) {
    const { id, ttl } = s.grant;
    const granted = Math.max(ttl, 2);
    const isKnown = model.leases.has(id);
    const answer = { id, ttl: granted, granted: 0, keys: [] };
    expect(driver.grant(id, ttl)).toEqual(isKnown ? "etcdserver: lease already exists" : answer);
    if (!isKnown) model.leases.set(id, { ttl: granted, deadline: driver.at + granted * 1000 });
  } else if ("revoke" in s) {
    const refused = model.revoke(s.revoke);
    expect(driver.revoke(s.revoke)).toEqual(refused ?? { revision: model.revision });
  } else if ("keepAlive" in s) {
    const lease = model.leases.get(s.keepAlive);
    const answer = { id: s.keepAlive, ttl: lease?.ttl ?? 0, granted: 0, keys: [] };
    expect(driver.keepAlive(s.keepAlive)).toEqual(answer);
    if (lease !== undefined) lease.deadline = driver.at + lease.ttl * 1000;
  } else if ("pass" in s) {
    driver.pass(s.pass);
    const due = [...model.leases].filter(([, { deadline }]) => deadline <= driver.at);
    due.sort(([a, x], [b, y]) => x.deadline - y.deadline || a - b);
    for (const [id] of due) model.revoke(id);
  } else if ("tidy" in s) {
    const hash = driver.machine.hash();
    driver.machine.tidy(s.tidy);
    expect(driver.machine.hash()).toBe(hash);
  } else if ("reload" in s) {
    const { bytesInUse } = driver.machine;
    const hash = driver.machine.hash();
    expect(driver.reload(s.reload)).toBe(true);
    expect(driver.machine.hash()).toBe(hash);
    expect(driver.machine.bytesInUse).toBe(bytesInUse);
  }
}

/** Everything that can be read: every revision, every lease. */
function compareAll(driver: Driver, model: Model): void {
  const everything = { key: "\0", end: "\0" };
  expect(driver.machine.revision).toBe(model.revision);
  expect(driver.machine.compactRevision).toBe(model.compacted);
  expect(driver.machine.bytesInUse).toBe(model.bytesInUse);
  for (let revision = 1; revision <= model.revision + 1; revision++) {
    const ask = { ...everything, revision };
    expect(driver.range(ask, 50)).toEqual(model.range(ask));
  }
  for (const id of LEASES) {
    const lease = model.leases.get(id);
    const left = lease === undefined ? -1 : Math.floor((lease.deadline - driver.at) / 1000);
    const keys = model.keysOf(id).map((kv) => kv.key);
    expect(driver.timeToLive(id)).toEqual({ id, ttl: left, granted: lease?.ttl ?? 0, keys });
  }
  const byExpiry = [...model.leases].sort(([a, x], [b, y]) => x.deadline - y.deadline || a - b);
  expect(driver.machine.leases().map(Number)).toEqual(byExpiry.map(([id]) => id));
}

test("every answer is that of the plain model, through compaction, tidying, forks and reloads", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
      const driver = new Driver();
      const model = new Model();
      const forks: {
        readonly hash: bigint;
        readonly fork: ReturnType<Driver["machine"]["fork"]>;
      }[] = [];
      for (const s of steps) {
        check(driver, model, s);
        if ("fork" in s) forks.push({ hash: driver.machine.hash(), fork: driver.machine.fork() });
      }
      compareAll(driver, model);
      for (const { hash, fork } of forks) {
        expect(fork.hash).toBe(hash);
        let verdict = fork.audit(0n, 2);
        while ("next" in verdict) verdict = fork.audit(verdict.next, 2);
        expect(verdict.equal).toBe(true);
      }
    }),
    { seed: 1, numRuns: 1500 },
  );
});

test("a watch of everything replays the model's history from the compact revision on", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 50 }), (steps) => {
      const driver = new Driver();
      const model = new Model();
      for (const s of steps) check(driver, model, s);
      const seen: WatchEvent[] = [];
      const sink: WatchSink = {
        events: (_ids, _revision, part) => seen.push(...events(part)),
        compacted: () => expect.unreachable(),
      };
      const from = Math.max(model.compacted, 1);
      const request = message([1, "\0"], [2, "\0"], [3, from], [6, 1]);
      expect(driver.machine.watches.watch(1 as RequestId, request)).toEqual({
        revision: model.revision,
      });
      while (driver.machine.watches.pump(7, sink));
      const wanted = model.history
        .filter(({ revision }) => revision >= from)
        .map(({ type, kv, prev, revision }) => ({
          type,
          kv,
          prev: revision > model.compacted ? prev : null,
        }));
      expect(seen).toEqual(wanted);
    }),
    { seed: 2, numRuns: 500 },
  );
});
