import { idOf, primaryCluster } from "@quorate/sim";
import { expect, it } from "vitest";

it("who is heard and far behind takes nobody's place: the last that has all stays in step until another has caught up", () => {
  const c = primaryCluster({ replicas: 3, seed: 5n });
  c.appoint("S1");
  c.net.deliver();
  c.among("S1", "S2").write("S1", "a");
  c.net.run(1600);
  c.decide().write("S1", "b");
  expect(c.inSync).toEqual(["S1", "S2"]);
  expect(c.appliedBy("S1")).toEqual(["a", "b"]);

  c.crash("S2").among("S1", "S3").propose("S1", "c");
  for (let i = 0; i < 14; i++) {
    // Signs of life arrive at S3, and nothing of the log.
    c.net.deliver(({ message }) => message.type !== "Update" || message.entries.length === 0);
    c.net.lose().pass(100).wake(idOf("S1"));
  }
  expect(c.wishes, "S1 alone would have what was acknowledged").toEqual([]);

  c.net.run(1000);
  expect(c.wishes.at(-1)?.petition).toEqual({ type: "inSync", inSync: [idOf("S1"), idOf("S3")] });
  c.decide();
  c.net.deliver();
  expect(c.appliedBy("S1")).toEqual(["a", "b", "c"]);
});
