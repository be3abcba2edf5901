import { raw } from "../../support/etcd-messages.ts";
import type { Case } from "../case.ts";

export const LEASE_CASES: readonly Case[] = [
  {
    name: "lease: with etcdctl",
    async run(on) {
      const granted = await on.ctl("lease", "grant", "600");
      const id = /lease ([\da-f]+)/.exec(granted)?.[1] ?? "";
      await on.ctl("put", "a", "1", `--lease=${id}`);
      await on.ctl("put", "b", "2", `--lease=${id}`, "-w", "json");
      await on.ctl("get", "a", "-w", "json");
      await on.ctl("lease", "timetolive", id);
      await on.ctl("lease", "timetolive", id, "--keys");
      await on.ctl("lease", "list");
      await on.ctl("lease", "keep-alive", "--once", id);
      await on.ctl("lease", "revoke", id);
      await on.ctl("lease", "revoke", id);
      await on.ctl("get", "a", "-w", "json");
      await on.ctl("lease", "timetolive", id);
      await on.ctl("lease", "keep-alive", "--once", id);
      await on.ctl("lease", "list");
      await on.ctl("lease", "grant", "nonsense");
    },
  },
  {
    name: "lease: granted with every kind of id and time",
    async run(on) {
      await on.unary("Lease/LeaseGrant", { TTL: 600, ID: 7 });
      await on.unary("Lease/LeaseGrant", { TTL: 600, ID: 7 });
      await on.unary("Lease/LeaseGrant", { TTL: 0, ID: 8 });
      await on.unary("Lease/LeaseGrant", { TTL: -1, ID: 9 });
      await on.unary("Lease/LeaseGrant", { TTL: 1, ID: 10 });
      await on.unary("Lease/LeaseGrant", { TTL: 9_000_000_000, ID: 11 });
      await on.unary("Lease/LeaseGrant", { TTL: 9_000_000_001, ID: 12 });
      await on.unary("Lease/LeaseGrant", { TTL: "9223372036854775807", ID: 13 });
      await on.unary("Lease/LeaseGrant", { TTL: 600, ID: "9223372036854775807" });
      await on.unary("Lease/LeaseGrant", { TTL: 600, ID: -3 });
      await on.unary("Lease/LeaseTimeToLive", { ID: 7 });
      await on.unary("Lease/LeaseTimeToLive", { ID: 12 });
      await on.unary("Lease/LeaseRevoke", { ID: -3 });
      await on.unary("Lease/LeaseRevoke", { ID: 0 });
      await on.unary("KV/Put", { key: raw("k"), value: raw("v"), lease: "9223372036854775807" });
      await on.unary("KV/Range", { key: raw("k") });
      await on.unary("Lease/LeaseRevoke", { ID: "9223372036854775807" });
      await on.unary("KV/Range", { key: raw("k") });
    },
  },
  {
    name: "lease: keys attached, moved and detached",
    async run(on) {
      for (const ID of [21, 22]) await on.unary("Lease/LeaseGrant", { TTL: 600, ID });
      for (const key of ["c", "a", "b"]) {
        await on.unary("KV/Put", { key: raw(key), value: raw("v"), lease: 21 });
      }
      await on.unary("Lease/LeaseTimeToLive", { ID: 21, keys: true });
      await on.unary("KV/Put", { key: raw("a"), value: raw("v"), lease: 22 });
      await on.unary("KV/Put", { key: raw("b"), value: raw("v") });
      await on.unary("Lease/LeaseTimeToLive", { ID: 22, keys: true });
      await on.unary("KV/DeleteRange", { key: raw("c") });
      await on.unary("KV/Put", { key: raw("d"), value: raw("v"), lease: 21 });
      await on.unary("Lease/LeaseTimeToLive", { ID: 21, keys: true });
      await on.unary("Lease/LeaseRevoke", { ID: 21 });
      await on.unary("KV/Range", { key: raw("\0"), range_end: raw("\0") });
      await on.unary("Lease/LeaseRevoke", { ID: 22 });
      await on.unary("KV/Range", { key: raw("\0"), range_end: raw("\0") });
      await on.unary("Lease/LeaseLeases", {});
    },
  },
  {
    name: "lease: a revoke is one revision, keys in order",
    async run(on) {
      await on.unary("Lease/LeaseGrant", { TTL: 600, ID: 31 });
      for (const key of ["z", "m", "a"]) {
        await on.unary("KV/Put", { key: raw(key), value: raw("v"), lease: 31 });
      }
      const watch = on.stream("Watch/Watch");
      watch.send({ create_request: { key: raw("\0"), range_end: raw("\0"), prev_kv: true } });
      await watch.take();
      await on.unary("Lease/LeaseRevoke", { ID: 31 });
      await watch.take();
      await on.unary("Lease/LeaseGrant", { TTL: 600, ID: 32 });
      await on.unary("Lease/LeaseRevoke", { ID: 32 });
      await on.unary("KV/Range", { key: raw("a") });
    },
  },
  {
    name: "lease: the keep-alive stream",
    async run(on) {
      await on.unary("Lease/LeaseGrant", { TTL: 600, ID: 41 });
      const stream = on.stream("Lease/LeaseKeepAlive");
      stream.send({ ID: 41 });
      await stream.take();
      stream.send({ ID: 999 });
      await stream.take();
      stream.send({ ID: 0 });
      await stream.take();
      stream.send({ ID: 41 }).send({ ID: 999 }).send({ ID: 41 });
      await stream.take();
      await stream.take();
      await stream.take();
      stream.end();
      await stream.take();
      await stream.takeStatus();
      const once = on.stream("Lease/LeaseKeepAlive").send({ ID: 41 }).end();
      await once.take();
      await once.takeStatus();
    },
  },
  {
    name: "lease: an expiry deletes its keys",
    async run(on) {
      await on.unary("Lease/LeaseGrant", { TTL: 2, ID: 51 });
      await on.unary("KV/Put", { key: raw("short"), value: raw("v"), lease: 51 });
      const watch = on.stream("Watch/Watch");
      watch.send({ create_request: { key: raw("short"), prev_kv: true } });
      await watch.take();
      await watch.take();
      await on.unary("Lease/LeaseTimeToLive", { ID: 51 });
      await on.unary("Lease/LeaseRevoke", { ID: 51 });
    },
  },
];
