import { raw } from "../../support/etcd-messages.ts";
import type { Case } from "../case.ts";

export const WATCH_CASES: readonly Case[] = [
  {
    name: "watch: one key, from now",
    async run(on) {
      const watch = on.stream("Watch/Watch");
      watch.send({ create_request: { key: raw("k") } });
      await watch.take();
      await on.ctl("put", "k", "1");
      await watch.take();
      await on.ctl("put", "other", "1");
      await on.ctl("put", "k", "2");
      await watch.take();
      await on.ctl("del", "k");
      await watch.take();
      watch.send({ cancel_request: { watch_id: 0 } });
      await watch.take();
      await on.ctl("put", "k", "3");
      watch.send({ create_request: { key: raw("k") } });
      await watch.take();
      watch.end();
      await on.ctl("put", "k", "4");
      await watch.take();
    },
  },
  {
    name: "watch: a prefix with previous pairs",
    async run(on) {
      await on.ctl("put", "p1", "old");
      const watch = on.stream("Watch/Watch");
      watch.send({ create_request: { key: raw("p"), range_end: raw("q"), prev_kv: true } });
      await watch.take();
      for (const args of [
        ["put", "p1", "new"],
        ["put", "p2", "x"],
        ["del", "p1"],
        ["del", "p", "--prefix"],
      ]) {
        await on.ctl(...args);
        await watch.take();
      }
    },
  },
  {
    name: "watch: a transaction is one response",
    async run(on) {
      const watch = on.stream("Watch/Watch");
      watch.send({ create_request: { key: raw("\0"), range_end: raw("\0"), prev_kv: true } });
      await watch.take();
      const put = (key: string): object => ({ request_put: { key: raw(key), value: raw("v") } });
      await on.unary("KV/Txn", { success: [put("z"), put("a"), put("m")] });
      await watch.take();
      await on.unary("KV/Txn", {
        success: [{ request_delete_range: { key: raw("a"), range_end: raw("n") } }, put("b2")],
      });
      await on.unary("KV/Txn", {
        success: [{ request_delete_range: { key: raw("a"), range_end: raw("b") } }, put("c2")],
      });
      await watch.take();
    },
  },
  {
    name: "watch: from a revision of the past, and of the future",
    async run(on) {
      for (const value of ["1", "2", "3"]) await on.ctl("put", "k", value);
      await on.ctl("del", "k");
      const past = on.stream("Watch/Watch");
      past.send({ create_request: { key: raw("k"), start_revision: on.rev(2), prev_kv: true } });
      await past.take();
      await past.takeEvents(3);
      await on.ctl("put", "k", "live");
      await past.takeEvents(1);
      const future = on.stream("Watch/Watch");
      future.send({ create_request: { key: raw("k"), start_revision: on.rev(7) } });
      await future.take();
      await on.ctl("put", "k", "at 6");
      await on.ctl("put", "k", "at 7");
      await future.takeEvents(1);
      const now = on.stream("Watch/Watch");
      now.send({ create_request: { key: raw("k"), start_revision: on.rev(7) } });
      await now.take();
      await now.takeEvents(1);
    },
  },
  {
    name: "watch: filters",
    async run(on) {
      const create = (filters: readonly string[]): ReturnType<typeof on.stream> =>
        on.stream("Watch/Watch").send({ create_request: { key: raw("k"), filters } });
      const [noPut, noDelete, neither] = [
        create(["NOPUT"]),
        create(["NODELETE"]),
        create(["NOPUT", "NODELETE"]),
      ];
      for (const watch of [noPut, noDelete, neither]) await watch.take();
      await on.ctl("put", "k", "1");
      await on.ctl("del", "k");
      await on.ctl("put", "k", "2");
      await noPut.takeEvents(1);
      await noDelete.takeEvents(2);
      neither.send({ cancel_request: { watch_id: 0 } });
      await neither.take();
    },
  },
  {
    name: "watch: many watchers of one stream, and their ids",
    async run(on) {
      const watch = on.stream("Watch/Watch");
      watch.send({ create_request: { key: raw("a") } });
      await watch.take();
      watch.send({ create_request: { key: raw("b") } });
      await watch.take();
      watch.send({ create_request: { key: raw("c"), watch_id: 7 } });
      await watch.take();
      watch.send({ create_request: { key: raw("d"), watch_id: 7 } });
      await watch.take();
      watch.send({ create_request: { key: raw("d"), watch_id: 2 } });
      await watch.take();
      watch.send({ create_request: { key: raw("e") } });
      await watch.take();
      watch.send({ create_request: { key: raw("f"), watch_id: -5 } });
      await watch.take();
      watch.send({ cancel_request: { watch_id: 7 } });
      await watch.take();
      watch.send({ cancel_request: { watch_id: 7 } }).send({ cancel_request: { watch_id: 99 } });
      watch.send({ create_request: { key: raw("c"), watch_id: 7 } });
      await watch.take();
      await on.ctl("put", "b", "1");
      await watch.take();
      await on.ctl("put", "c", "1");
      await watch.take();
    },
  },
  {
    name: "watch: what cannot be watched",
    async run(on) {
      const watch = on.stream("Watch/Watch");
      watch.send({ create_request: { key: raw("b"), range_end: raw("a") } });
      await watch.take();
      watch.send({ create_request: { key: raw("b"), range_end: raw("b") } });
      await watch.take();
      watch.send({ create_request: { key: raw("ok") } });
      await watch.take();
      await on.ctl("put", "ok", "1");
      await watch.take();
    },
  },
  {
    name: "watch: an empty key, and everything",
    async run(on) {
      const empty = on.stream("Watch/Watch").send({ create_request: {} });
      await empty.take();
      const all = on.stream("Watch/Watch");
      all.send({ create_request: { range_end: raw("\0") } });
      await all.take();
      const from = on.stream("Watch/Watch");
      from.send({ create_request: { key: raw("m"), range_end: raw("\0") } });
      await from.take();
      await on.unary("KV/Put", { key: raw("\0"), value: raw("zero") });
      await empty.take();
      await all.take();
      await on.ctl("put", "x", "1");
      await all.take();
      await from.take();
    },
  },
  {
    name: "watch: from below a compaction",
    async run(on) {
      for (const value of ["1", "2", "3", "4"]) await on.ctl("put", "k", value);
      await on.unary("KV/Compact", { revision: on.rev(3), physical: true });
      const watch = on.stream("Watch/Watch");
      watch.send({ create_request: { key: raw("k"), start_revision: on.rev(2) } });
      await watch.take();
      await watch.take();
      watch.send({ create_request: { key: raw("k"), start_revision: on.rev(3) } });
      await watch.take();
      await watch.takeEvents(2);
      await on.ctl("watch", "k", `--rev=${on.rev(1)}`);
    },
  },
  {
    name: "watch: a negative revision",
    async run(on) {
      const watch = on.stream("Watch/Watch");
      watch.send({ create_request: { key: raw("k"), start_revision: -1 } });
      await watch.take();
    },
  },
  {
    name: "watch: progress on request",
    async run(on) {
      const watch = on.stream("Watch/Watch");
      watch.send({ create_request: { key: raw("k") } });
      await watch.take();
      await on.ctl("put", "other", "1");
      watch.send({ progress_request: {} });
      await watch.take();
      await on.ctl("put", "k", "1");
      await watch.take();
      watch.send({ progress_request: {} });
      await watch.take();
    },
  },
  {
    name: "watch: large events in fragments",
    async run(on) {
      const value = "v".repeat(700_000);
      const watch = on.stream("Watch/Watch");
      watch.send({ create_request: { key: raw("big"), range_end: raw("bih"), fragment: true } });
      await watch.take();
      const put = (key: string): object => ({ request_put: { key: raw(key), value: raw(value) } });
      await on.unary("KV/Txn", { success: [put("big1"), put("big2")] });
      await watch.takeEvents(2);
      const lease = await on.unary("Lease/LeaseGrant", { TTL: 600, ID: 61 });
      for (const key of ["big1", "big2", "big3", "big4"]) {
        await on.unary("KV/Put", { key: raw(key), value: raw(value), lease: lease?.["ID"] });
        await watch.takeEvents(1);
      }
      const again = on.stream("Watch/Watch");
      again.send({
        create_request: {
          key: raw("big"),
          range_end: raw("bih"),
          fragment: true,
          start_revision: on.rev(1),
          prev_kv: true,
        },
      });
      await again.take();
      await again.takeEvents(6);
    },
  },
  {
    name: "watch: etcdctl is told",
    async run(on) {
      await on.ctl("put", "k", "1");
      await on.ctl("put", "k", "2");
      const granted = await on.unary("Lease/LeaseGrant", { TTL: 600, ID: 81 });
      await on.unary("KV/Put", { key: raw("k"), value: raw("3"), lease: granted?.["ID"] });
      const watch = on.stream("Watch/Watch");
      watch.send({ create_request: { key: raw("k"), start_revision: on.rev(1), prev_kv: true } });
      await watch.take();
      await watch.takeEvents(3);
    },
  },
];
