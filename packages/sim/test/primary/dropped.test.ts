import { logIndex } from "@quorate/kernel/core";
import { idOf, primaryCluster } from "@quorate/sim";
import { expect, it } from "vitest";

it("an old primary whose log begins where that of the next has not come yet is replaced, and not waited for", () => {
  const settings = { acks: 0, shrinkTicks: null, inSyncMin: 1 } as const;
  const c = primaryCluster({ replicas: 3, seed: 5n, settings });
  c.appoint("S1");
  c.net.deliver();
  c.write("S1", "a");
  c.among("S1");
  for (let i = 0; i < 20; i++) c.write("S1", `lost ${i}`);
  // Only the tail of a log stays in memory.
  c.net.input(idOf("S1"), { type: "Compact", upTo: logIndex(17) });
  c.net.pass(60_001);
  c.among("S2", "S3");
  c.appoint("S2", { unclean: true, told: ["S2", "S3"] });
  c.net.deliver();
  c.write("S2", "b").net.heal();
  c.tell();
  c.net.run(600);
  c.beat("S2").install();
  expect(c.lost).toEqual([{ at: idOf("S1"), from: 18, to: 22 }]);
  c.beat("S2").write("S2", "c");
  expect(c.appliedBy("S1").slice(-1)).toEqual(["c"]);
  c.beat("S2").decide();
  c.beat("S2").decide();
  expect(c.inSync).toContain("S1");
});
