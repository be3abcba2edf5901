import { expect, test } from "vitest";
import { EtcdKind, EtcdMachine } from "../../../src/machines/etcd/index.ts";
import { Driver, dumpOf, message, OPTIONS, putRequest } from "./api.ts";

const SMALL = 20_000;

test("a leader that is configured with another quota puts its own into the log, once", () => {
  const d = new Driver({ quotaBytes: SMALL });
  expect(d.machine.quotaBytes).toBe(SMALL);
  expect(d.machine.due(d.at)).toBeNull();
  expect(d.machine.dueAt()).toBeNull();
});

test("replicas that are configured differently refuse alike, by the quota of whoever leads", () => {
  const leader = new Driver({ quotaBytes: SMALL });
  const follower = new Driver({ quotaBytes: 2 ** 40 });
  const due = leader.machine.due(0) ?? new EtcdMachine({ ...OPTIONS, quotaBytes: SMALL }).due(0);
  if (due === null) return expect.unreachable();
  follower.run(due.kind, due.body);
  let refused = 0;
  for (let i = 0; i < 40; i++) {
    const body = putRequest({ key: `k${i}`, value: "x".repeat(1000) });
    const [here, there] = [leader, follower].map((d) => d.run(EtcdKind.put, body));
    expect(here).toEqual(there);
    if (here?.ok === false) refused++;
  }
  expect(refused).toBeGreaterThan(10);
  expect(follower.machine.hash()).toBe(leader.machine.hash());
  expect(follower.machine.dueAt(), "it would change that if it led").toBe(0);
});

test("the quota is part of the state: another hash, and a dump carries it", () => {
  const small = new Driver({ quotaBytes: SMALL }).machine;
  expect(small.hash()).not.toBe(new Driver().machine.hash());
  const loaded = new EtcdMachine(OPTIONS);
  loaded.load(dumpOf(small, 100));
  expect(loaded.loaded()).toBe(true);
  expect(loaded.quotaBytes).toBe(SMALL);
  expect(loaded.hash()).toBe(small.hash());
});

test("a write larger than the quota itself raises no alarm: nothing could end it", () => {
  const d = new Driver({ quotaBytes: SMALL });
  expect(typeof d.put({ key: "k", value: "x".repeat(SMALL) })).toBe("string");
  expect(d.machine.overQuota).toBe(false);
});

test("a quota that is no number changes nothing", () => {
  const d = new Driver({ quotaBytes: SMALL });
  expect(typeof d.answer(EtcdKind.setQuota, message())).toBe("string");
  expect(d.machine.quotaBytes).toBe(SMALL);
});

test("the alarm tells of a write that was refused, though a smaller one would fit, until there is room for it", () => {
  const d = new Driver({ quotaBytes: SMALL });
  const large = { key: "large", value: "x".repeat(9000) };
  expect(typeof d.put({ ...large, key: "first" })).not.toBe("string");
  expect(d.machine.overQuota).toBe(false);
  expect(typeof d.put({ ...large, value: "x".repeat(12_000) })).toBe("string");
  expect(d.machine.overQuota).toBe(true);
  expect(typeof d.put({ key: "small" }), "a small one fits").not.toBe("string");
  expect(d.machine.overQuota).toBe(true);
  d.delete({ key: "first" });
  d.compact(d.machine.revision);
  expect(d.machine.overQuota).toBe(false);
});
