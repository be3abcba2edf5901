import { raw } from "../../support/etcd-messages.ts";
import type { Case } from "../case.ts";
import type { Subject } from "../subject.ts";

const ALL = { key: raw("\0"), range_end: raw("\0") } as const;

export const RANGE_CASES: readonly Case[] = [
  {
    name: "range: prefix, from key, limits and counts with etcdctl",
    async run(on) {
      await fill(on);
      await on.ctl("get", "k", "--prefix", "-w", "json");
      await on.ctl("get", "k", "--prefix", "--keys-only");
      await on.ctl("get", "k", "--prefix", "--count-only", "-w", "json");
      await on.ctl("get", "k", "--prefix", "--limit=2", "-w", "json");
      await on.ctl("get", "k3", "--from-key", "-w", "json");
      await on.ctl("get", "k2", "k4", "-w", "json");
      await on.ctl("get", "k4", "k2", "-w", "json");
      await on.ctl("get", "", "--prefix", "--limit=1", "-w", "json");
      await on.ctl("get", "", "--from-key", "--keys-only");
      await on.ctl("get", "");
      await on.ctl("get", "k1", "--consistency=s", "-w", "json");
      await on.ctl("get", "k1", `--rev=${on.rev(1)}`, "-w", "json");
      await on.ctl("get", "k1", `--rev=${on.rev(1000)}`);
      await on.ctl("get", "k", "--prefix", "--sort-by=SIZE");
      await on.ctl("get", "k", "--prefix", "--order=UP");
    },
  },
  ...["KEY", "VERSION", "CREATE", "MOD", "VALUE"].map(
    (target): Case => ({
      name: `range: sorted by ${target}`,
      async run(on) {
        await fill(on);
        for (const order of ["NONE", "ASCEND", "DESCEND"]) {
          const sort = { ...ALL, sort_target: target, sort_order: order };
          await on.unary("KV/Range", sort);
          await on.unary("KV/Range", { ...sort, keys_only: true });
          if (order === "NONE" && target !== "KEY") continue;
          await on.unary("KV/Range", { ...sort, limit: 2 });
          await on.unary("KV/Range", { ...sort, limit: 2, min_mod_revision: on.rev(3) });
        }
        await on.ctl("get", "k", "--prefix", `--sort-by=${target}`, "--order=DESCEND");
      },
    }),
  ),
  {
    name: "range: a sort target with no order, and a limit",
    async run(on) {
      await fill(on);
      for (const target of ["VERSION", "CREATE", "MOD", "VALUE"]) {
        await on.unary("KV/Range", { ...ALL, sort_target: target, limit: 2 });
      }
    },
  },
  {
    name: "range: limits and counts",
    async run(on) {
      await fill(on);
      for (const limit of [0, 1, 4, 5, 6, 1000, -1]) await on.unary("KV/Range", { ...ALL, limit });
      for (const limit of [0, 2]) await on.unary("KV/Range", { ...ALL, limit, count_only: true });
      await on.unary("KV/Range", { ...ALL, count_only: true, keys_only: true });
      await on.unary("KV/Range", { key: raw("k1"), count_only: true });
      await on.unary("KV/Range", { key: raw("none"), count_only: true });
      await on.unary("KV/Range", { key: raw("none") });
      await on.unary("KV/Range", { key: raw("k1"), range_end: raw("k1") });
      await on.unary("KV/Range", { ...ALL, serializable: true });
    },
  },
  {
    name: "range: bounds on revisions",
    async run(on) {
      await fill(on);
      for (const n of [1, 3, 6, 7, 100]) {
        await on.unary("KV/Range", { ...ALL, min_mod_revision: on.rev(n) });
        await on.unary("KV/Range", { ...ALL, max_mod_revision: on.rev(n), limit: 2 });
        await on.unary("KV/Range", { ...ALL, min_create_revision: on.rev(n) });
        await on.unary("KV/Range", { ...ALL, max_create_revision: on.rev(n) });
      }
      await on.unary("KV/Range", {
        ...ALL,
        min_mod_revision: on.rev(2),
        max_mod_revision: on.rev(6),
        min_create_revision: on.rev(3),
        limit: 1,
      });
      await on.unary("KV/Range", { ...ALL, min_mod_revision: on.rev(4), count_only: true });
      await on.unary("KV/Range", { ...ALL, max_mod_revision: -5 });
    },
  },
  {
    name: "range: the past and the future",
    async run(on) {
      await fill(on);
      await on.unary("KV/DeleteRange", { key: raw("k3") });
      await on.unary("KV/Put", { key: raw("k3"), value: raw("again") });
      for (let n = 1; n <= 9; n++) await on.unary("KV/Range", { ...ALL, revision: on.rev(n) });
      await on.unary("KV/Range", { key: raw("k3"), revision: on.rev(8) });
      await on.unary("KV/Range", { ...ALL, revision: on.rev(9), count_only: true });
      await on.unary("KV/Range", { ...ALL, revision: on.rev(10) });
      await on.unary("KV/Range", { ...ALL, revision: "9223372036854775807" });
      await on.unary("KV/Range", { ...ALL, revision: -1 });
      await on.unary("KV/Range", { ...ALL, revision: on.rev(3), limit: 1, serializable: true });
      await on.unary("KV/Range", {
        ...ALL,
        revision: on.rev(7),
        sort_target: "MOD",
        sort_order: "DESCEND",
      });
    },
  },
  {
    name: "range: what is refused",
    async run(on) {
      await on.unary("KV/Range", {});
      await on.unary("KV/Range", { range_end: raw("b") });
      await on.unary("KV/Range", { ...ALL, sort_order: 3 });
    },
  },
  {
    name: "range: pages by key and revision",
    async run(on) {
      for (let i = 10; i < 30; i++)
        await on.unary("KV/Put", { key: raw(`p${i}`), value: raw(`${i}`) });
      let key = "p";
      for (let page = 0; page < 4; page++) {
        const answer = await on.unary("KV/Range", {
          key: raw(key),
          range_end: raw("q"),
          limit: 6,
          revision: on.rev(20),
        });
        const kvs = (answer?.["kvs"] ?? []) as readonly { readonly key: string }[];
        key = `${kvs.at(-1)?.key ?? ""}\0`;
        await on.unary("KV/Put", { key: raw(`p${page}`), value: raw("later") });
      }
    },
  },
];

/** Five keys, of which k2 and k4 were written again: all orders differ. */
async function fill(on: Subject): Promise<void> {
  const pairs = ["k1=m", "k3=z", "k2=b", "k5=a", "k4=y", "k2=x", "k4=c", "k4=n"];
  for (const pair of pairs) {
    const [key = "", value = ""] = pair.split("=");
    await on.unary("KV/Put", { key: raw(key), value: raw(value) });
  }
}
