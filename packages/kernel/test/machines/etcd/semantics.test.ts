import { describe, expect, test } from "vitest";
import { bodyOf, EtcdKind, EtcdMachine, revisionOf } from "../../../src/machines/etcd/index.ts";
import {
  Driver,
  fields,
  message,
  OPTIONS,
  putRequest,
  rangeRequest,
  txnAnswer,
  txnRequest,
} from "./api.ts";

const COMPACTED = "etcdserver: mvcc: required revision has been compacted";
const FUTURE = "etcdserver: mvcc: required revision is a future revision";
const NO_SPACE = "etcdserver: mvcc: database space exceeded";
const LEASE_NOT_FOUND = "etcdserver: requested lease not found";
const ALL = { key: "\0", end: "\0" };

function withKeys(...keys: string[]): Driver {
  const d = new Driver();
  for (const key of keys) d.put({ key, value: `v${key}` });
  return d;
}

describe("revisions (section 4)", () => {
  test("an empty store is at revision 1 and the first write makes it 2", () => {
    const d = new Driver();
    expect(d.machine.revision).toBe(1);
    expect(d.put({ key: "a" })).toEqual({ revision: 2, prev: null });
  });

  test("what changes nothing leaves the revision; an identical put raises it", () => {
    const d = withKeys("a");
    expect(d.delete({ key: "b" })).toEqual({ revision: 2, deleted: 0, prevs: [] });
    expect(d.txn({ success: [{ range: ALL }] })).toMatchObject({ revision: 2 });
    expect(d.put({ key: "a", value: "va" })).toMatchObject({ revision: 3 });
  });

  test("a transaction of many writes raises the revision by one", () => {
    const d = new Driver();
    d.txn({ success: [{ put: { key: "a" } }, { put: { key: "b" } }, { put: { key: "c" } }] });
    expect(d.range(ALL)).toMatchObject({ kvs: [{ mod: 2 }, { mod: 2 }, { mod: 2 }] });
  });

  test("version and create_revision begin anew with each incarnation", () => {
    const d = withKeys("a", "a");
    expect(d.range({ key: "a" })).toMatchObject({ kvs: [{ create: 2, mod: 3, version: 2 }] });
    d.delete({ key: "a" });
    d.put({ key: "a" });
    expect(d.range({ key: "a" })).toMatchObject({ kvs: [{ create: 5, mod: 5, version: 1 }] });
    expect(d.range({ key: "a", revision: 4 })).toMatchObject({ kvs: [], count: 0 });
    expect(d.range({ key: "a", revision: 3 })).toMatchObject({ kvs: [{ version: 2 }] });
  });
});

describe("ranges (section 5)", () => {
  const keys = (d: Driver, ask: Parameters<Driver["range"]>[0]): unknown => {
    const answer = d.range(ask);
    return typeof answer === "string" ? answer : answer.kvs.map((kv) => kv.key).join(" ");
  };

  test.each([
    { ask: { key: "b" }, want: "b", why: "no end: that key" },
    { ask: { key: "b", end: "d" }, want: "b c", why: "the end is not in it" },
    { ask: { key: "c", end: "\0" }, want: "c d", why: "a zero byte is no end" },
    { ask: ALL, want: "a b c d", why: "from the zero byte on is everything" },
    { ask: { key: "c", end: "b" }, want: "", why: "an end below is empty" },
    { ask: { key: "c", end: "c" }, want: "", why: "and so is one that is equal" },
    { ask: { key: "" }, want: "etcdserver: key is not provided", why: "a key is needed" },
    { ask: { ...ALL, order: 3 }, want: "etcdserver: invalid sort option", why: "no such order" },
    { ask: { ...ALL, target: 5 }, want: "etcdserver: invalid sort option", why: "no such target" },
    { ask: { ...ALL, limit: -1 }, want: "a b c d", why: "a negative limit is none" },
    { ask: { ...ALL, revision: -3 }, want: "a b c d", why: "a negative revision is the newest" },
  ])("$ask: $why", ({ ask, want }) => {
    expect(keys(withKeys("a", "b", "c", "d"), ask)).toBe(want);
  });

  test("count ignores limit and filters, more is about what passed the filters", () => {
    const d = withKeys("a", "b", "c", "d");
    expect(d.range({ ...ALL, limit: 2 })).toMatchObject({ count: 4, more: true });
    expect(d.range({ ...ALL, limit: 2, minMod: 4 })).toMatchObject({ count: 4, more: false });
    expect(d.range({ ...ALL, limit: 4 })).toMatchObject({ count: 4, more: false });
    expect(d.range({ ...ALL, limit: 1, countOnly: true })).toEqual({
      kvs: [],
      count: 4,
      more: false,
    });
  });

  test("a target other than the key without an order sorts the first limit + 1 keys only", () => {
    const d = withKeys("b", "c", "a");
    // Versions a, b, c = 1; then b has 2. Of the first two keys a comes first, whatever c is.
    d.put({ key: "a" });
    expect(keys(d, { ...ALL, target: 1, limit: 1 })).toBe("b");
    expect(keys(d, { ...ALL, target: 3, order: 2, limit: 1 })).toBe("a");
    expect(keys(d, { ...ALL, target: 2, order: 1, limit: 1 })).toBe("b");
    expect(keys(d, { ...ALL, target: 4, order: 2 })).toBe("c b a");
  });

  test("keys_only leaves out the value and keeps the lease", () => {
    const d = new Driver();
    d.grant(7, 10);
    d.put({ key: "a", value: "long", lease: 7 });
    expect(d.range({ key: "a", keysOnly: true })).toMatchObject({ kvs: [{ value: "", lease: 7 }] });
  });

  test("a long range is given out in slices, and writes in between do not show in it", () => {
    const d = new Driver();
    for (let i = 0; i < 500; i++)
      d.put({ key: `k${String(i).padStart(3, "0")}`, value: "x".repeat(50) });
    const cursor = d.machine.openRange(rangeRequest(ALL));
    if ("code" in cursor) return expect.unreachable();
    let found = 0;
    const sink = { put: (part: Uint8Array) => void (found += fields(part).length) };
    for (let more = true; more; ) {
      more = cursor.next(1000, sink);
      d.delete({ key: `k${String(499 - (found % 250)).padStart(3, "0")}` });
      d.put({ key: `k${found}a` });
    }
    expect(found).toBe(500);
    expect([cursor.count, cursor.more, cursor.revision]).toEqual([500, false, 501]);
  });

  test("pages of an earlier revision count what lived then, also after many writes", () => {
    const d = new Driver();
    for (let i = 0; i < 30; i++) d.put({ key: `k${i}` });
    d.delete({ key: "k3" });
    const revision = d.machine.revision;
    for (let i = 0; i < 5000; i++) d.put({ key: `k${i % 40}` });
    d.delete({ key: "k4" });
    const page = d.range({ ...ALL, revision, limit: 10 });
    expect(page).toMatchObject({ count: 29, more: true });
    expect(d.range({ ...ALL, revision: d.machine.revision - 1, limit: 1 })).toMatchObject({
      count: 40,
    });
  });
});

describe("put and delete (section 6)", () => {
  test.each([
    { ask: { key: "" }, want: "etcdserver: key is not provided" },
    { ask: { key: "a", ignoreValue: true, value: "x" }, want: "etcdserver: value is provided" },
    { ask: { key: "a", ignoreLease: true, lease: 7 }, want: "etcdserver: lease is provided" },
    { ask: { key: "no", ignoreValue: true }, want: "etcdserver: key not found" },
    { ask: { key: "no", ignoreLease: true }, want: "etcdserver: key not found" },
    { ask: { key: "a", lease: 9 }, want: LEASE_NOT_FOUND },
    { ask: { key: "no", lease: 9, ignoreValue: true }, want: LEASE_NOT_FOUND },
  ])("$ask is refused: $want", ({ ask, want }) => {
    const d = withKeys("a");
    expect(d.put(ask)).toBe(want);
    expect(d.machine.revision).toBe(2);
  });

  test("a put without a lease detaches the key, with ignore_lease it does not", () => {
    const d = new Driver();
    d.grant(7, 10);
    d.put({ key: "a", value: "1", lease: 7 });
    d.put({ key: "a", value: "2", ignoreLease: true });
    expect(d.timeToLive(7)).toMatchObject({ keys: ["a"] });
    d.put({ key: "a", ignoreValue: true });
    expect(d.timeToLive(7)).toMatchObject({ keys: [] });
    expect(d.range({ key: "a" })).toMatchObject({ kvs: [{ value: "2", lease: 0 }] });
  });

  test("a delete of a range is one revision and gives back the keys in order", () => {
    const d = withKeys("b", "a", "c");
    expect(d.delete({ key: "a", end: "c", prevKv: true })).toMatchObject({
      revision: 5,
      deleted: 2,
      prevs: [{ key: "a" }, { key: "b" }],
    });
  });

  test("a lease id beyond 2^53 comes back exactly", () => {
    const d = new Driver();
    const id = 2n ** 63n - 25n;
    d.grant(id, 60);
    d.put({ key: "a", lease: id });
    expect(d.machine.leases()).toEqual([id]);
    d.pass(60_000);
    expect(d.range({ key: "a" })).toMatchObject({ kvs: [] });
  });
});

describe("transactions (section 7)", () => {
  test.each([
    {
      compare: { result: 0, target: 3, key: "no", operand: "" },
      want: false,
      why: "a missing key has no value",
    },
    {
      compare: { result: 3, target: 3, key: "no", operand: "x" },
      want: false,
      why: "not even a different one",
    },
    {
      compare: { result: 0, target: 0, key: "no", operand: 0 },
      want: true,
      why: "its version is 0",
    },
    {
      compare: { result: 2, target: 1, key: "no", operand: 1 },
      want: true,
      why: "its creation is 0",
    },
    {
      compare: { result: 0, target: 3, key: "a", operand: "va" },
      want: true,
      why: "values are equal",
    },
    {
      compare: { result: 1, target: 3, key: "a", operand: "v" },
      want: true,
      why: "a longer value is greater",
    },
    {
      compare: { result: 0, target: 0, key: "a", operand: 5, operandField: 5 },
      want: false,
      why: "an operand of another target is 0",
    },
    {
      compare: { result: 0, target: 0, key: "a", end: "z", operand: 1 },
      want: true,
      why: "every key in the range has it",
    },
    {
      compare: { result: 2, target: 2, key: "a", end: "z", operand: 3 },
      want: false,
      why: "b has not",
    },
    {
      compare: { result: 0, target: 4, key: "a", operand: 0 },
      want: true,
      why: "no lease is lease 0",
    },
    {
      compare: { result: 0, target: 3, key: "x", end: "z", operand: "" },
      want: false,
      why: "an empty range has no value",
    },
  ])("$compare is $want: $why", ({ compare, want }) => {
    const d = withKeys("a", "b");
    expect(d.txn({ compare: [compare] })).toMatchObject({ succeeded: want, revision: 3 });
  });

  test("comparisons of nested transactions see the state before the outermost", () => {
    const d = withKeys("a");
    const nested = {
      compare: [{ result: 0, target: 0, key: "a", operand: 1 }],
      success: [{ put: { key: "then" } }],
      failure: [{ put: { key: "else" } }],
    };
    d.txn({ success: [{ put: { key: "a" } }, { txn: nested }] });
    expect(d.range({ key: "then" })).toMatchObject({ count: 1 });
    expect(d.range({ key: "else" })).toMatchObject({ count: 0 });
  });

  test("a range sees the writes before it, unless it names the revision before", () => {
    const d = withKeys("a");
    const answer = d.txn({
      success: [
        { range: ALL },
        { put: { key: "b" } },
        { range: ALL },
        { range: { ...ALL, revision: 2 } },
      ],
    });
    expect(answer).toMatchObject({
      revision: 3,
      responses: [
        { revision: 2, range: { count: 1 } },
        { revision: 3 },
        { revision: 3, range: { count: 2 } },
        { revision: 3, range: { count: 1 } },
      ],
    });
  });

  test.each([
    { op: { range: { ...ALL, revision: 9 } }, want: FUTURE },
    { op: { range: { ...ALL, revision: 1 } }, want: COMPACTED },
    { op: { put: { key: "x", lease: 5 } }, want: LEASE_NOT_FOUND },
    { op: { put: { key: "x", ignoreValue: true } }, want: "etcdserver: key not found" },
  ])("$op fails the whole transaction without effects: $want", ({ op, want }) => {
    const d = withKeys("a");
    d.compact(2);
    const hash = d.machine.hash();
    expect(d.txn({ success: [{ put: { key: "b" } }, { txn: { success: [op] } }] })).toBe(want);
    expect(d.machine.hash()).toBe(hash);
    expect(d.txn({ success: [], failure: [op] })).toMatchObject({ succeeded: true });
  });

  test("a transaction of ranges is answered without the log, and only such a one", () => {
    const d = withKeys("a");
    const read = d.machine.readTxn(txnRequest({ success: [{ range: ALL }] }));
    if ("code" in read) return expect.unreachable();
    expect([read.revision, txnAnswer(read.body)]).toMatchObject([
      2,
      { succeeded: true, responses: [{ range: { count: 1 } }] },
    ]);
    expect(d.machine.readTxn(txnRequest({ success: [{ put: { key: "b" } }] }))).toMatchObject({
      code: "Rejected",
    });
    expect(d.machine.readTxn(txnRequest({ success: [{ range: { key: "" } }] }))).toMatchObject({
      status: 3,
    });
    expect(
      d.machine.readTxn(txnRequest({ success: [{ range: { ...ALL, revision: 9 } }] })),
    ).toMatchObject({ message: FUTURE });
  });
});

describe("compaction (section 8)", () => {
  test.each([
    { at: 3, want: { revision: 4 } },
    { at: 4, want: { revision: 4 } },
    { at: 5, want: FUTURE },
    { at: 0, want: { revision: 4 } },
    { at: -1, want: COMPACTED },
  ])("of a store at revision 4 at $at: $want", ({ at, want }) => {
    expect(withKeys("a", "b", "c").compact(at)).toEqual(want);
  });

  test("revision 0 is accepted once", () => {
    const d = withKeys("a");
    expect([d.compact(0), d.compact(0)]).toEqual([{ revision: 2 }, COMPACTED]);
  });

  test("reads at the compact revision succeed, below it they fail, and nothing changes when it is tidied", () => {
    const d = withKeys("a", "a", "b");
    d.delete({ key: "b" });
    d.put({ key: "a", value: "new" });
    d.compact(4);
    const read = (): unknown[] => [3, 4, 5, 6].map((revision) => d.range({ ...ALL, revision }));
    const before = read();
    expect(before[0]).toBe(COMPACTED);
    expect(before[1]).toMatchObject({ count: 2 });
    while (d.machine.tidy(1));
    expect(read()).toEqual(before);
    expect(d.compact(4)).toBe(COMPACTED);
  });

  test("a deletion that is swept leaves the history of the key's next life readable", () => {
    const d = withKeys("a");
    d.delete({ key: "a" });
    d.put({ key: "a", value: "second life" });
    d.delete({ key: "a" });
    d.compact(4);
    while (d.machine.tidy(100));
    expect(d.range({ key: "a", revision: 4 })).toMatchObject({ kvs: [{ value: "second life" }] });
    expect(d.range({ key: "a" })).toMatchObject({ count: 0 });
  });

  test("what compaction frees counts at once, and memory follows when it is tidied", () => {
    const d = new Driver();
    for (let i = 0; i < 2000; i++) d.put({ key: `k${i % 10}`, value: "x".repeat(1000) });
    const { bytesInUse, bytesAllocated } = d.machine;
    d.compact(d.machine.revision);
    expect(d.machine.bytesInUse).toBeLessThan(bytesInUse / 100);
    expect(d.machine.bytesAllocated).toBe(bytesAllocated);
    while (d.machine.tidy(10));
    expect(d.machine.bytesAllocated).toBeLessThan(60_000);
  });
});

test("keys that were deleted cost nothing once their deletion is compacted and tidied", () => {
  const d = new Driver();
  for (let i = 0; i < 3000; i++) d.put({ key: `key${i}`, value: "x".repeat(100) });
  d.delete(ALL);
  d.put({ key: "last" });
  d.compact(d.machine.revision);
  while (d.machine.tidy(100));
  expect(d.machine.bytesAllocated).toBeLessThan(60_000);
  expect(d.machine.bytesInUse).toBeLessThan(200);
  expect(d.range(ALL)).toMatchObject({ count: 1 });
});

describe("leases (section 10)", () => {
  test.each([
    { ttl: 10, want: 10, why: "as asked" },
    { ttl: 1, want: 2, why: "the least there is" },
    { ttl: 0, want: 2, why: "the least there is" },
    { ttl: -5, want: 2, why: "the least there is" },
    { ttl: 9_000_000_000, want: 9_000_000_000, why: "the most there is" },
  ])("of $ttl s is granted for $want s: $why", ({ ttl, want }) => {
    const d = new Driver();
    expect(d.grant(7, ttl)).toEqual({ id: 7, ttl: want, granted: 0, keys: [] });
    expect(d.machine.revision).toBe(1);
  });

  test("too long, known already, without an id, or one too many: refused", () => {
    const d = new Driver({ leasesMax: 2 });
    expect(d.grant(7, 9_000_000_001)).toBe("etcdserver: too large lease TTL");
    d.grant(7, 5);
    expect(d.grant(7, 5)).toBe("etcdserver: lease already exists");
    expect(d.grant(0, 5)).toBe(LEASE_NOT_FOUND);
    d.grant(8, 5);
    expect(d.grant(9, 5)).toBe("etcdserver: too many requests");
  });

  test("revoking deletes the keys in one revision, sorted, and none for a lease without keys", () => {
    const d = new Driver();
    d.grant(7, 5);
    d.grant(8, 5);
    for (const key of ["b", "a"]) d.put({ key, lease: 7 });
    expect(d.revoke(7)).toEqual({ revision: 4 });
    expect(d.revoke(8)).toEqual({ revision: 4 });
    expect(d.revoke(7)).toBe(LEASE_NOT_FOUND);
    expect(d.range(ALL)).toMatchObject({ count: 0 });
  });

  test("an unknown lease is TTL 0 to a renewal and TTL -1 to a question, and no error", () => {
    const d = new Driver();
    expect(d.keepAlive(7)).toEqual({ id: 7, ttl: 0, granted: 0, keys: [] });
    expect(d.timeToLive(7)).toEqual({ id: 7, ttl: -1, granted: 0, keys: [] });
  });

  test("time left is given in whole seconds, rounded down", () => {
    const d = new Driver();
    d.grant(7, 5);
    d.at = 1001;
    expect(d.timeToLive(7)).toMatchObject({ ttl: 3, granted: 5 });
  });

  test("a lease whose deadline passed lives until a command ends it; a renewal that comes first saves it", () => {
    const d = new Driver();
    d.grant(7, 5);
    d.at = 5000;
    const due = d.machine.due(d.at);
    if (due === null) return expect.unreachable();
    expect(due.kind).toBe(EtcdKind.leasesExpired);
    expect(d.keepAlive(7)).toMatchObject({ ttl: 5 });
    d.run(due.kind, due.body);
    expect(d.machine.leaseCount).toBe(1);
    expect(d.machine.dueAt()).toBe(10_000);
    expect(d.machine.due(9999)).toBeNull();
  });

  test("expiry ends leases by deadline, one revision each, five hundred in one command", () => {
    const d = new Driver();
    for (let id = 1; id <= 700; id++) {
      d.grant(id, 5);
      d.put({ key: `k${id}`, lease: id });
    }
    const { revision } = d.machine;
    d.at = 6000;
    const due = d.machine.due(d.at);
    expect(due?.body.length).toBe(4000);
    if (due !== null) d.run(due.kind, due.body);
    expect([d.machine.leaseCount, d.machine.revision]).toEqual([200, revision + 500]);
    d.pass(0);
    expect([d.machine.leaseCount, d.machine.keyCount, d.machine.dueAt()]).toEqual([0, 0, null]);
  });
});

describe("the space quota (section 12)", () => {
  test("refuses puts, transactions that put and grants; deletes and compaction make room and end it", () => {
    const d = new Driver({ quotaBytes: 20_000 });
    let n = 0;
    while (d.put({ key: `k${n}`, value: "x".repeat(500) }) !== NO_SPACE) n++;
    while (typeof d.put({ key: "s" }) !== "string");
    expect(n).toBeGreaterThan(10);
    expect(d.machine.overQuota).toBe(true);
    expect(d.txn({ success: [], failure: [{ txn: { success: [{ put: { key: "a" } }] } }] })).toBe(
      NO_SPACE,
    );
    expect(d.txn({ success: [{ range: ALL }] })).toMatchObject({ succeeded: true });
    while (typeof d.grant(n++, 5) !== "string");
    expect(d.grant(n, 5)).toBe(NO_SPACE);
    expect(d.delete(ALL)).toMatchObject({ revision: d.machine.revision });
    expect(d.compact(d.machine.revision)).toEqual({ revision: d.machine.revision });
    expect(d.machine.overQuota).toBe(false);
    expect(d.put({ key: "a" })).toMatchObject({ prev: null });
  });
});

describe("results", () => {
  test("a value is the revision and the response's fields; a refusal has gRPC code and text", () => {
    const d = new Driver();
    const outcome = d.run(EtcdKind.put, putRequest({ key: "a" }));
    if (!outcome.ok) return expect.unreachable();
    expect([revisionOf(outcome.value), bodyOf(outcome.value).length]).toEqual([2, 0]);
    expect(d.run(EtcdKind.compact, message([1, 9]))).toEqual({
      ok: false,
      code: "Rejected",
      definite: true,
      status: 11,
      message: FUTURE,
    });
  });

  test("commands of other nodes have the same effect and no result", () => {
    const m = new EtcdMachine(OPTIONS);
    const d = new Driver();
    const nested = { success: [{ delete: { key: "b", end: "c" } }, { range: ALL }] };
    const commands = [
      { kind: EtcdKind.put, body: putRequest({ key: "a", value: "1" }) },
      { kind: EtcdKind.put, body: putRequest({ key: "b", prevKv: true }) },
      {
        kind: EtcdKind.txn,
        body: txnRequest({ success: [{ put: { key: "c" } }, { txn: nested }] }),
      },
      { kind: EtcdKind.deleteRange, body: message([1, "a"], [3, 1]) },
      { kind: EtcdKind.leaseGrant, body: message([1, 5], [2, 7]) },
    ];
    for (const { kind, body } of commands) {
      d.run(kind, body);
      m.apply([{ index: 1 as never, at: 0, kind, body, origin: null }], {
        result: () => expect.unreachable(),
      });
    }
    expect(m.hash()).toBe(d.machine.hash());
    expect(m.revision).toBe(5);
  });
});
