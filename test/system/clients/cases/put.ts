import { raw } from "../../support/etcd-messages.ts";
import type { Case } from "../case.ts";

export const PUT_CASES: readonly Case[] = [
  {
    name: "put, get and delete with etcdctl",
    async run(on) {
      await on.ctl("put", "foo", "bar");
      await on.ctl("get", "foo");
      await on.ctl("get", "foo", "-w", "json");
      await on.ctl("get", "foo", "-w", "fields");
      await on.ctl("get", "foo", "--print-value-only");
      await on.ctl("put", "foo", "baz", "--prev-kv", "-w", "json");
      await on.ctl("del", "foo", "--prev-kv");
      await on.ctl("del", "foo");
      await on.ctl("get", "foo", "-w", "json");
      await on.ctl("put", "empty", "", "-w", "json");
      await on.ctl("get", "empty", "-w", "json");
      await on.ctl("put", "umlaut", "grüße 世界");
      await on.ctl("get", "umlaut", "-w", "json");
      await on.ctl("get", "umlaut", "--hex");
    },
  },
  {
    name: "put: versions and revisions of a key through its lives",
    async run(on) {
      await on.unary("KV/Put", { key: raw("k"), value: raw("1") });
      await on.unary("KV/Put", { key: raw("k"), value: raw("2"), prev_kv: true });
      await on.unary("KV/Put", { key: raw("k"), value: raw("2"), prev_kv: true });
      await on.unary("KV/Range", { key: raw("k") });
      await on.unary("KV/DeleteRange", { key: raw("k") });
      await on.unary("KV/Put", { key: raw("k"), value: raw("3"), prev_kv: true });
      await on.unary("KV/Range", { key: raw("k") });
    },
  },
  {
    name: "put: ignore_value and ignore_lease",
    async run(on) {
      await on.unary("Lease/LeaseGrant", { TTL: 600, ID: 71 });
      await on.unary("KV/Put", { key: raw("k"), ignore_value: true });
      await on.unary("KV/Put", { key: raw("k"), ignore_lease: true });
      await on.unary("KV/Put", { key: raw("k"), value: raw("v"), lease: 71 });
      await on.unary("KV/Put", { key: raw("k"), value: raw("w"), ignore_value: true });
      await on.unary("KV/Put", { key: raw("k"), lease: 71, ignore_lease: true });
      await on.unary("KV/Put", { key: raw("k"), value: raw("w"), ignore_lease: true });
      await on.unary("KV/Range", { key: raw("k") });
      await on.unary("KV/Put", { key: raw("k"), ignore_value: true, prev_kv: true });
      await on.unary("KV/Range", { key: raw("k") });
      await on.unary("KV/Put", { key: raw("k"), ignore_value: true, ignore_lease: true });
      await on.ctl("put", "k", "--ignore-value");
      await on.ctl("put", "nothing", "--ignore-value");
      await on.ctl("put", "k", "x", "--ignore-lease", "-w", "json");
    },
  },
  {
    name: "put: what is refused",
    async run(on) {
      await on.unary("KV/Put", {});
      await on.unary("KV/Put", { value: raw("v") });
      await on.unary("KV/Put", { key: raw("k"), value: raw("v"), lease: 4242 });
      await on.unary("KV/Put", { key: raw("k"), value: raw("v"), lease: -1 });
      await on.ctl("put", "k", "v", "--lease=1234");
      await on.ctl("put", "", "v");
      await on.ctl("put", "k");
      await on.unary("KV/Range", { key: raw("k") });
    },
  },
  {
    name: "put: keys and values of any bytes",
    async run(on) {
      for (const key of ["\0", "\0\0", "\xff", "\xff\xff", "a\0b", "/", "\x80"]) {
        await on.unary("KV/Put", { key: raw(key), value: raw(`${key}!`) });
      }
      await on.unary("KV/Range", { key: raw("\0"), range_end: raw("\0") });
      await on.unary("KV/Range", { key: raw("\xff"), range_end: raw("\0") });
      await on.unary("KV/Range", { key: raw("\0"), range_end: raw("\0\0") });
      await on.unary("KV/Put", { key: raw("long".repeat(1000)), value: raw("v".repeat(100_000)) });
      await on.unary("KV/Range", { key: raw("long".repeat(1000)), keys_only: true });
    },
  },
  {
    name: "delete: ranges, previous pairs, what is not there",
    async run(on) {
      for (const key of ["a", "a1", "a2", "b", "c"]) await on.ctl("put", key, `v-${key}`);
      await on.unary("KV/DeleteRange", { key: raw("zz") });
      await on.unary("KV/DeleteRange", {});
      await on.unary("KV/DeleteRange", { key: raw("c"), range_end: raw("a") });
      await on.unary("KV/DeleteRange", { key: raw("a"), range_end: raw("b"), prev_kv: true });
      await on.ctl("del", "b", "z", "--prev-kv", "-w", "json");
      await on.unary("KV/Range", { key: raw("\0"), range_end: raw("\0") });
      for (const key of ["p1", "p2", "q"]) await on.ctl("put", key, "v");
      await on.ctl("del", "p", "--prefix", "-w", "json");
      await on.ctl("del", "q", "--from-key", "-w", "json");
      await on.ctl("del", "", "--prefix", "-w", "json");
      await on.ctl("del", "", "--from-key");
    },
  },
];
