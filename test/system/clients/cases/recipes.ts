import type { Case } from "../case.ts";

/** What etcdctl builds from several calls of its own. */
export const RECIPE_CASES: readonly Case[] = [
  {
    name: "recipes: a command under a lock",
    async run(on) {
      await on.ctl("lock", "mine", "echo", "held");
      await on.ctl("lock", "mine", "--ttl=5", "echo", "again");
      await on.ctl("get", "mine", "--prefix", "-w", "json");
    },
  },
  {
    name: "recipes: members and endpoints as tables",
    async run(on) {
      await on.ctl("member", "list", "-w", "json");
      await on.ctlAt(on.cluster.endpoints, "endpoint", "health", "--cluster", "-w", "json");
      await on.ctl("check", "nonsense");
      await on.ctl("nonsense");
    },
  },
];
