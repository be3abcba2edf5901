import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkDeleteRange,
  checkLeaseGrant,
  checkPut,
  checkRange,
  checkTxn,
  EtcdKind,
} from "../../../src/machines/etcd/index.ts";
import {
  Driver,
  message,
  type OpAsk,
  putRequest,
  rangeRequest,
  type TxnAsk,
  txnRequest,
} from "./api.ts";

const DUPLICATE = "etcdserver: duplicate key given in txn request";
const TOO_MANY = "etcdserver: too many operations in txn request";
const put = (key: string): OpAsk => ({ put: { key } });
const del = (key: string, end = ""): OpAsk => ({ delete: { key, end } });
const txn = (success: OpAsk[], failure: OpAsk[] = []): OpAsk => ({ txn: { success, failure } });
const puts = (n: number): OpAsk[] => Array.from({ length: n }, (_, i) => put(`k${i}`));

function verdict(ask: TxnAsk): string {
  const checked = checkTxn(txnRequest(ask), 128);
  if ("message" in checked) return checked.message;
  return checked.readOnly ? (checked.serializable ? "serializable" : "readOnly") : "write";
}

describe("static checks of a transaction (section 7)", () => {
  test.each<{ ask: TxnAsk; want: string; why: string }>([
    { ask: {}, want: "serializable", why: "nothing at all is a read" },
    { ask: { success: [{ range: { key: "a" } }] }, want: "readOnly", why: "ranges only" },
    {
      ask: { success: [{ range: { key: "a", serializable: true } }] },
      want: "serializable",
      why: "every range is",
    },
    {
      ask: {
        success: [{ range: { key: "a", serializable: true } }],
        failure: [{ range: { key: "a" } }],
      },
      want: "readOnly",
      why: "one range is not",
    },
    { ask: { success: [txn([{ range: { key: "a" } }])] }, want: "write", why: "nested is a write" },
    { ask: { success: puts(128) }, want: "write", why: "as many as may be" },
    { ask: { success: puts(129) }, want: TOO_MANY, why: "one more" },
    { ask: { success: [...puts(126), txn([put("x"), put("y")])] }, want: TOO_MANY, why: "127 + 2" },
    { ask: { success: [...puts(126), txn([put("x")])] }, want: "write", why: "127 + 1" },
    { ask: { success: [put("")] }, want: "etcdserver: key is not provided", why: "no key" },
    {
      ask: { success: [], failure: [txn([put("")])] },
      want: "etcdserver: key is not provided",
      why: "all levels",
    },
    {
      ask: { compare: [{ result: 0, target: 0, key: "" }] },
      want: "etcdserver: key is not provided",
      why: "nothing to compare",
    },
    { ask: { success: [{ none: true }] }, want: "etcdserver: key not found", why: "no operation" },
    {
      ask: { success: [{ range: { key: "a", order: 7 } }] },
      want: "etcdserver: invalid sort option",
      why: "no order",
    },
    { ask: { success: [put("a"), put("a")] }, want: DUPLICATE, why: "put twice" },
    {
      ask: { success: [put("a")], failure: [put("a")] },
      want: "write",
      why: "only one branch runs",
    },
    { ask: { success: [put("a"), del("a")] }, want: DUPLICATE, why: "put and deleted" },
    { ask: { success: [del("a"), put("a")] }, want: DUPLICATE, why: "in either order" },
    { ask: { success: [put("b"), del("a", "c")] }, want: DUPLICATE, why: "within a range" },
    { ask: { success: [put("c"), del("a", "c")] }, want: "write", why: "just beyond it" },
    { ask: { success: [put("z"), del("a", "\0")] }, want: DUPLICATE, why: "the range has no end" },
    {
      ask: { success: [del("a", "c"), del("b")] },
      want: "write",
      why: "deleting twice is no conflict",
    },
    { ask: { success: [put("a"), txn([put("a")])] }, want: DUPLICATE, why: "nested counts" },
    {
      ask: { success: [txn([put("a")], [put("a")])] },
      want: "write",
      why: "branches of one exclude each other",
    },
    {
      ask: { success: [txn([put("a")], [del("a")])] },
      want: "write",
      why: "put here, deleted there",
    },
    {
      ask: { success: [txn([put("a")]), txn([], [put("a")])] },
      want: DUPLICATE,
      why: "two nested may both",
    },
    {
      ask: { success: [txn([put("a")]), txn([del("a")])] },
      want: DUPLICATE,
      why: "put in one, deleted in the next",
    },
    {
      ask: { success: [txn([del("a", "c")]), put("b")] },
      want: DUPLICATE,
      why: "deleted deeper down",
    },
    {
      ask: { success: [{ put: { key: "a", ignoreValue: true, value: "x" } }] },
      want: "etcdserver: value is provided",
      why: "as for a put",
    },
  ])("$why: $want", ({ ask, want }) => {
    expect(verdict(ask)).toBe(want);
    const refused = new Driver().txn(ask);
    if (want.startsWith("etcdserver")) expect(refused).toBe(want);
  });

  test("nesting up to the bound is accepted, and no depth breaks the decoder", () => {
    const nest = (depth: number): TxnAsk => {
      let ask: TxnAsk = { success: [put("a")] };
      for (let i = 1; i < depth; i++) ask = { success: [{ txn: ask }] };
      return ask;
    };
    expect(verdict(nest(128))).toBe("write");
    expect(verdict(nest(129))).toBe(TOO_MANY);
    expect(verdict(nest(400))).toMatch(/nested too deep/);
  });
});

test("the other checks refuse what can be refused without the state", () => {
  expect(checkPut(putRequest({ key: "" }))?.message).toBe("etcdserver: key is not provided");
  expect(checkPut(putRequest({ key: "a" }))).toBeNull();
  expect(checkDeleteRange(message([1, ""]))?.status).toBe(3);
  expect(checkDeleteRange(message([1, "a"]))).toBeNull();
  expect(checkRange(rangeRequest({ key: "" }))?.status).toBe(3);
  expect(checkRange(rangeRequest({ key: "a" }))).toBeNull();
  expect(checkLeaseGrant(message([1, 10]))?.status).toBe(5);
  expect(checkLeaseGrant(message([1, 10], [2, 5]))).toBeNull();
  expect(checkLeaseGrant(message([1, 2n ** 62n], [2, 5]))?.status).toBe(11);
});

test("bytes that are no request are refused with status 13 and change nothing", () => {
  const d = new Driver();
  d.put({ key: "a" });
  const hash = d.machine.hash();
  for (const body of [
    [0x0a, 5, 1],
    [0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f],
    [0],
    [0x0b],
    [0xff, 0xff],
  ]) {
    expect(d.run(EtcdKind.put, Uint8Array.from(body))).toMatchObject({
      code: "Rejected",
      status: 13,
    });
  }
  expect(d.run(77, new Uint8Array(0))).toMatchObject({ code: "Rejected" });
  expect(d.run(EtcdKind.leasesExpired, new Uint8Array(9))).toMatchObject({ code: "Rejected" });
  expect(d.machine.hash()).toBe(hash);
});

test("unknown fields are skipped", () => {
  const body = message([1, "a"], [2, "v"], [99, "later"], [100, 7]);
  const d = new Driver();
  expect(d.answer(EtcdKind.put, body)).toMatchObject({ revision: 2 });
  expect(d.range({ key: "a" })).toMatchObject({ kvs: [{ value: "v" }] });
});

test("no bytes of any kind make apply, the checks or a read throw", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .array(
        fc.tuple(fc.integer({ min: 1, max: 9 }), fc.oneof(fc.nat(), fc.string({ maxLength: 4 }))),
      )
      .map((all) => message(...all)),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 10 }), bytes), { maxLength: 8 }),
      (commands) => {
        const d = new Driver();
        d.put({ key: "a", value: "1" });
        for (const [kind, body] of commands) {
          d.run(kind, body);
          for (const check of [checkPut, checkDeleteRange, checkRange, checkLeaseGrant])
            check(body);
          checkTxn(body, 128);
          d.machine.readTxn(body);
          const cursor = d.machine.openRange(body);
          if (!("code" in cursor)) while (cursor.next(100, { put: () => undefined }));
          d.machine.watches.watch((d.machine.watches.count + 1) as never, body);
          d.machine.load(body);
        }
        expect(d.machine.loaded()).toBe(false);
      },
    ),
    { seed: 71, numRuns: 2000 },
  );
});
