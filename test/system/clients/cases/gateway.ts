import type { Case } from "../case.ts";

const b64 = (text: string): string => Buffer.from(text, "latin1").toString("base64");
const MAX = "9223372036854775807";

export const GATEWAY_CASES: readonly Case[] = [
  {
    name: "json: keys and values",
    async run(on) {
      await on.json("/v3/kv/put", { key: b64("k"), value: b64("v"), prev_kv: true });
      await on.json("/v3/kv/put", { key: b64("k"), value: b64("w"), prevKv: true });
      await on.json("/v3/kv/range", { key: b64("k") });
      await on.json("/v3/kv/range", {
        key: b64("k"),
        rangeEnd: b64("l"),
        limit: "1",
        keysOnly: true,
      });
      await on.json("/v3/kv/range", { key: b64("\0"), range_end: b64("\0"), count_only: true });
      await on.json("/v3/kv/range", { key: b64("none") });
      await on.json("/v3/kv/deleterange", { key: b64("k"), prev_kv: true });
      await on.json("/v3/kv/deleterange", { key: b64("k") });
      await on.json("/v3beta/kv/range", { key: b64("k") });
      await on.json("/v3/kv/put", { key: b64("\xff\xfe"), value: b64("\0\x01\xff") });
      await on.json("/v3/kv/range", { key: b64("\xff\xfe") });
    },
  },
  {
    name: "json: enums by name and number, sorts",
    async run(on) {
      for (const key of ["b", "a", "c"])
        await on.json("/v3/kv/put", { key: b64(key), value: b64(key) });
      const all = { key: b64("\0"), range_end: b64("\0") };
      await on.json("/v3/kv/range", { ...all, sort_order: "DESCEND", sort_target: "CREATE" });
      await on.json("/v3/kv/range", { ...all, sort_order: 2, sort_target: 2 });
      await on.json("/v3/kv/range", { ...all, sort_order: "SIDEWAYS" });
      await on.json("/v3/kv/range", { ...all, sort_order: 77 });
    },
  },
  {
    name: "json: transactions",
    async run(on) {
      const compare = [{ result: "EQUAL", target: "CREATE", key: b64("k"), create_revision: "0" }];
      const success = [{ request_put: { key: b64("k"), value: b64("1") } }];
      const failure = [{ request_range: { key: b64("k") } }];
      await on.json("/v3/kv/txn", { compare, success, failure });
      await on.json("/v3/kv/txn", { compare, success, failure });
      await on.json("/v3/kv/txn", {
        compare,
        success,
        failure: [{ requestDeleteRange: { key: b64("k") } }],
      });
      await on.json("/v3/kv/txn", {});
      await on.json("/v3/kv/txn", {
        success: [
          { request_txn: { success: [{ request_put: { key: b64("n"), value: b64("n") } }] } },
        ],
      });
      await on.json("/v3/kv/txn", { success: [{}] });
    },
  },
  {
    name: "json: 64-bit integers, quoted or not, at their ends",
    async run(on) {
      await on.json("/v3/lease/grant", { TTL: "600", ID: MAX });
      await on.json("/v3/kv/put", { key: b64("k"), value: b64("v"), lease: MAX });
      await on.json("/v3/kv/range", { key: b64("k") });
      await on.json("/v3/kv/put", `{"key":"${b64("l")}","lease":${MAX}}`);
      await on.json("/v3/lease/timetolive", { ID: MAX, keys: true });
      await on.json("/v3/kv/lease/timetolive", { ID: MAX });
      await on.json("/v3/kv/range", `{"key":"${b64("k")}","revision":"-9223372036854775808"}`);
      await on.json("/v3/kv/range", `{"key":"${b64("k")}","revision":9223372036854775808}`);
      await on.json("/v3/kv/range", `{"key":"${b64("k")}","revision":"nine"}`);
      await on.json("/v3/kv/range", `{"key":"${b64("k")}","revision":1.5}`);
      await on.json("/v3/kv/range", `{"key":"${b64("k")}","revision":1e3}`);
      await on.json("/v3/lease/revoke", { ID: MAX });
      await on.json("/v3/kv/lease/revoke", { ID: MAX });
      await on.json("/v3/lease/grant", { TTL: 600, ID: 17 });
      await on.json("/v3/lease/leases", {});
      await on.json("/v3/kv/lease/leases", {});
      await on.json("/v3/lease/keepalive", { ID: 17 });
      await on.json("/v3/lease/keepalive", { ID: 18 });
    },
  },
  {
    name: "json: errors with their codes and bodies",
    async run(on) {
      await on.json("/v3/kv/put", {});
      await on.json("/v3/kv/range", { key: b64("k"), revision: 100_000 });
      await on.json("/v3/kv/compaction", { revision: 1_000_000 });
      await on.json("/v3/lease/revoke", { ID: 12_345 });
      await on.json("/v3/cluster/member/remove", { ID: 12_345 });
      await on.json("/v3/maintenance/transfer-leadership", { targetID: 1 });
      await on.json("/v3/auth/authenticate", { name: "a", password: "b" });
    },
  },
  {
    name: "json: bodies that are no requests",
    async run(on) {
      await on.json("/v3/kv/range", "");
      await on.json("/v3/kv/range", "{");
      await on.json("/v3/kv/range", "[]");
      await on.json("/v3/kv/range", "null");
      await on.json("/v3/kv/range", '"text"');
      await on.json("/v3/kv/range", "{}{}");
      await on.json("/v3/kv/range", '{"key":"***"}');
      await on.json("/v3/kv/range", '{"key":5}');
      await on.json("/v3/kv/range", '{"nonsense":5,"key":"aw=="}');
      await on.json("/v3/kv/range", '{"key":"aw==","serializable":"yes"}');
      await on.json("/v3/kv/range", '{"key":null}');
      await on.json("/v3/kv/range", '{"key":"aw"}');
      await on.json("/v3/kv/range", '{"key":"-_8="}');
    },
  },
  {
    name: "json: paths and methods that are not there",
    async run(on) {
      await on.http("GET", "/v3/kv/range");
      await on.http("PUT", "/v3/kv/put");
      await on.json("/v3/kv/nothing", {});
      await on.json("/v4/kv/range", {});
      await on.http("GET", "/");
      await on.http("GET", "/nothing");
      await on.http("DELETE", "/v3/kv/range");
    },
  },
];
