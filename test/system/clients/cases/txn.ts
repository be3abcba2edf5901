import { type Plain, raw } from "../../support/etcd-messages.ts";
import type { Case } from "../case.ts";

const put = (key: string, value: string, more: Plain = {}): Plain => ({
  request_put: { key: raw(key), value: raw(value), ...more },
});
const get = (key: string, more: Plain = {}): Plain => ({
  request_range: { key: raw(key), ...more },
});
const del = (key: string, end = ""): Plain => ({
  request_delete_range: { key: raw(key), range_end: raw(end), prev_kv: true },
});
const nested = (txn: Plain): Plain => ({ request_txn: txn });
const equal = (key: string, value: string): Plain => ({
  key: raw(key),
  target: "VALUE",
  value: raw(value),
});

const OPERATORS = ["EQUAL", "NOT_EQUAL", "GREATER", "LESS"] as const;

export const TXN_CASES: readonly Case[] = [
  {
    name: "txn: with etcdctl",
    async run(on) {
      await on.ctl("put", "k", "1");
      await on.ctlReading('value("k") = "1"\n\nput k 2\nget k\n\nget k\n\n', "txn");
      await on.ctlReading('value("k") = "1"\n\nput k 3\n\nget k\ndel k\n\n', "txn", "-w", "json");
      await on.ctlReading('mod("k") = "0"\n\nput k 3\n\n\n\n', "txn", "-w", "json");
      await on.ctlReading('nonsense("k") = "0"\n\nput k 3\n\n\n\n', "txn");
    },
  },
  ...(["VERSION", "CREATE", "MOD", "LEASE", "VALUE"] as const).map(
    (target): Case => ({
      name: `txn: compares ${target} by every operator`,
      async run(on) {
        await on.unary("Lease/LeaseGrant", { TTL: 600, ID: 5 });
        await on.unary("KV/Put", { key: raw("k"), value: raw("m"), lease: 5 });
        await on.unary("KV/Put", { key: raw("k"), value: raw("m"), lease: 5 });
        for (const result of OPERATORS) {
          for (const operand of operandsOf(target, on.rev(1))) {
            for (const key of ["k", "missing"]) {
              const compare = [{ key: raw(key), target, result, ...operand }];
              await on.unary("KV/Txn", { compare });
            }
          }
        }
      },
    }),
  ),
  {
    name: "txn: compares over ranges",
    async run(on) {
      for (const key of ["r1", "r2", "r3"]) await on.ctl("put", key, "same");
      await on.ctl("put", "r2", "same");
      const range = { key: raw("r"), range_end: raw("s") };
      const compares: readonly Plain[] = [
        { ...range, target: "VALUE", value: raw("same") },
        { ...range, target: "VALUE", result: "NOT_EQUAL", value: raw("other") },
        { ...range, target: "VERSION", version: 1 },
        { ...range, target: "VERSION", result: "GREATER", version: 0 },
        { ...range, target: "MOD", result: "LESS", mod_revision: on.rev(4) },
        { key: raw("x"), range_end: raw("y"), target: "VALUE", value: raw("") },
        { key: raw("x"), range_end: raw("y"), target: "VERSION", version: 0 },
        { key: raw("x"), range_end: raw("y"), target: "CREATE", result: "GREATER" },
        { key: raw("\0"), range_end: raw("\0"), target: "VERSION", result: "LESS", version: 3 },
        { key: raw("s"), range_end: raw("r"), target: "VERSION", version: 0 },
      ];
      for (const compare of compares) await on.unary("KV/Txn", { compare: [compare] });
      await on.unary("KV/Txn", { compare: compares });
    },
  },
  {
    name: "txn: operand of another target, unknown enums",
    async run(on) {
      await on.ctl("put", "k", "v");
      const compares: readonly Plain[] = [
        { key: raw("k"), target: "VERSION", mod_revision: 1 },
        { key: raw("k"), target: "VALUE", version: 1 },
        { key: raw("k"), target: "VERSION", value: raw("v") },
        { key: raw("k"), target: "CREATE" },
      ];
      for (const compare of compares) await on.unary("KV/Txn", { compare: [compare] });
    },
  },
  {
    name: "txn: operations see those before them",
    async run(on) {
      await on.ctl("put", "k", "0");
      const all = { range_end: raw("\0") };
      await on.unary("KV/Txn", {
        success: [
          get("\0", all),
          put("k", "1", { prev_kv: true }),
          get("k"),
          put("l", "2"),
          get("\0", all),
        ],
      });
      await on.unary("KV/Txn", { success: [del("k"), get("\0", all), del("k"), del("none")] });
      await on.unary("KV/Txn", { success: [] });
      await on.unary("KV/Txn", { success: [del("none")] });
      await on.unary("KV/Txn", { success: [get("l"), get("l", { revision: on.rev(1) })] });
      await on.unary("KV/Txn", { success: [put("m", "x"), get("l", { revision: on.rev(2) })] });
      await on.unary("KV/Txn", { success: [get("l", { serializable: true })] });
      await on.unary("KV/Txn", { failure: [put("m", "never")] });
      await on.unary("KV/Txn", {
        compare: [equal("l", "x")],
        success: [put("m", "never")],
        failure: [
          put("m", "else", { prev_kv: true }),
          del("l", "m"),
          get("m", { count_only: true }),
        ],
      });
    },
  },
  {
    name: "txn: nested",
    async run(on) {
      await on.ctl("put", "k", "0");
      await on.unary("KV/Txn", {
        success: [
          put("k", "1"),
          nested({
            compare: [equal("k", "0")],
            success: [put("inner", "saw the old"), get("k")],
            failure: [put("inner", "saw the new")],
          }),
          get("inner"),
        ],
      });
      await on.unary("KV/Txn", {
        compare: [equal("none", "")],
        failure: [
          nested({ success: [nested({ success: [put("deep", "1"), get("deep")] })] }),
          nested({ compare: [equal("k", "1")], failure: [put("deep2", "no")] }),
        ],
      });
      await on.unary("KV/Txn", { success: [nested({})] });
      await on.unary("KV/Txn", { success: [nested({ success: [get("k")] })] });
      await on.unary("KV/Range", { key: raw("\0"), range_end: raw("\0") });
    },
  },
  {
    name: "txn: keys given twice",
    async run(on) {
      await on.ctl("put", "k", "0");
      const branches: readonly (readonly Plain[])[] = [
        [put("k", "1"), put("k", "2")],
        [put("k", "1"), del("k")],
        [del("k"), put("k", "1")],
        [put("k", "1"), del("a", "z")],
        [del("a", "k"), put("k", "1")],
        [del("k"), del("k")],
        [del("a", "z"), del("k")],
        [put("k", "1"), nested({ success: [put("k", "2")] })],
        [put("k", "1"), nested({ failure: [put("k", "2")] })],
        [nested({ success: [put("k", "1")], failure: [put("k", "2")] })],
        [nested({ success: [put("k", "1")] }), nested({ success: [put("k", "2")] })],
        [nested({ success: [del("k")] }), put("k", "2")],
        [nested({ success: [del("k")], failure: [put("k", "2")] })],
      ];
      for (const success of branches) await on.unary("KV/Txn", { success });
      for (const failure of branches.slice(0, 3)) {
        await on.unary("KV/Txn", { success: [get("k")], failure });
      }
      await on.unary("KV/Txn", { success: [put("k", "1")], failure: [put("k", "2")] });
      await on.unary("KV/Range", { key: raw("k") });
    },
  },
  {
    name: "txn: a key put, and deleted with all behind it",
    async run(on) {
      await on.unary("KV/Txn", { success: [put("k", "1"), del("k", "\0")] });
    },
  },
  {
    name: "txn: a key put in one nested transaction, deleted in the next",
    async run(on) {
      const success = [nested({ success: [put("k", "1")] }), nested({ failure: [del("k")] })];
      await on.unary("KV/Txn", { success });
    },
  },
  {
    name: "txn: too many operations",
    async run(on) {
      const gets = (count: number): readonly Plain[] =>
        Array.from({ length: count }, () => get("k"));
      const puts = (count: number): readonly Plain[] =>
        Array.from({ length: count }, (_, i) => put(`p${i}`, "v"));
      await on.unary("KV/Txn", { success: gets(128) });
      await on.unary("KV/Txn", { success: gets(129) });
      await on.unary("KV/Txn", { success: puts(128) });
      await on.unary("KV/Txn", { failure: puts(129) });
      await on.unary("KV/Txn", { success: puts(100), failure: puts(128) });
      await on.unary("KV/Txn", { compare: Array.from({ length: 128 }, () => equal("k", "v")) });
      await on.unary("KV/Txn", { compare: Array.from({ length: 129 }, () => equal("k", "v")) });
      await on.unary("KV/Txn", { success: [nested({ success: gets(127) })] });
      await on.unary("KV/Txn", { success: [nested({ success: gets(128) })] });
      await on.unary("KV/Txn", { success: [...gets(64), nested({ success: gets(64) })] });
    },
  },
  {
    name: "txn: what fails as a whole, and leaves nothing behind",
    async run(on) {
      await on.ctl("put", "k", "0");
      const refused: readonly Plain[] = [
        { success: [{}] },
        { failure: [{}] },
        { compare: [{ target: "VERSION" }] },
        { success: [{ request_put: {} }] },
        { success: [{ request_range: {} }] },
        { success: [{ request_delete_range: {} }] },
        { success: [nested({ success: [{ request_put: {} }] })] },
        { success: [put("a", "1", { ignore_value: true })] },
        { success: [put("a", "1", { ignore_lease: true, lease: 1 })] },
      ];
      for (const txn of refused) await on.unary("KV/Txn", txn);
      await on.unary("KV/Txn", { success: [get("k", { revision: on.rev(100) })] });
      await on.unary("KV/Range", { key: raw("\0"), range_end: raw("\0") });
    },
  },
  {
    name: "txn: a lease that is not there",
    async run(on) {
      await on.unary("KV/Txn", {
        compare: [equal("k", "none")],
        success: [put("a", "1", { lease: 999 })],
        failure: [put("b", "2")],
      });
      await on.unary("KV/Range", { key: raw("\0"), range_end: raw("\0") });
    },
  },
];

function operandsOf(target: string, revision: number): readonly Plain[] {
  switch (target) {
    case "VERSION":
      return [0, 1, 2, 3].map((version) => ({ version }));
    case "CREATE":
      return [0, revision - 1, revision, revision + 1].map((n) => ({ create_revision: n }));
    case "MOD":
      return [0, revision, revision + 1, revision + 2].map((n) => ({ mod_revision: n }));
    case "LEASE":
      return [0, 4, 5, 6].map((lease) => ({ lease }));
    default:
      return ["", "a", "m", "mm", "z"].map((value) => ({ value: raw(value) }));
  }
}
