import { raw } from "../../support/etcd-messages.ts";
import type { Case } from "../case.ts";

const ALL = { key: raw("\0"), range_end: raw("\0") } as const;

export const COMPACTION_CASES: readonly Case[] = [
  {
    name: "compaction: what is below it is gone",
    async run(on) {
      for (const value of ["1", "2", "3"]) await on.ctl("put", "k", value);
      await on.ctl("put", "dead", "x");
      await on.ctl("del", "dead");
      await on.ctl("put", "l", "y");
      await on.ctl("compaction", String(on.rev(3)));
      for (let n = 1; n <= 6; n++) await on.unary("KV/Range", { ...ALL, revision: on.rev(n) });
      await on.ctl("get", "k", `--rev=${on.rev(2)}`);
      await on.ctl("compaction", String(on.rev(3)));
      await on.ctl("compaction", String(on.rev(2)));
      await on.ctl("compaction", String(on.rev(50)));
      await on.ctl("compaction", "nonsense");
      await on.unary("KV/Compact", { revision: on.rev(5), physical: true });
      await on.unary("KV/Range", { ...ALL, revision: on.rev(4) });
      await on.unary("KV/Range", { ...ALL, revision: on.rev(5) });
      await on.unary("KV/Compact", { revision: on.rev(6) });
      await on.unary("KV/Range", ALL);
      await on.unary("KV/Compact", { revision: 0 });
      await on.unary("KV/Compact", { revision: -1 });
      await on.unary("KV/Compact", {});
      await on.ctl("compaction", "--physical=true", String(on.rev(6)));
    },
  },
  {
    name: "compaction: transactions and serializable reads of the past",
    async run(on) {
      for (const value of ["1", "2", "3"]) await on.ctl("put", "k", value);
      await on.unary("KV/Compact", { revision: on.rev(2) });
      const old = { request_range: { key: raw("k"), revision: on.rev(1) } };
      await on.unary("KV/Txn", { success: [old] });
      await on.unary("KV/Range", { key: raw("k"), revision: on.rev(1), serializable: true });
      await on.unary("KV/Range", { key: raw("k"), revision: on.rev(1), count_only: true });
      await on.unary("KV/Range", { key: raw("none"), revision: on.rev(1) });
    },
  },
];
