import { ZabCluster } from "@quorate/sim";
import { expect, it } from "vitest";

it("a group elects, discovers, synchronises and broadcasts", () => {
  const c = new ZabCluster({ replicas: 3, seed: 1n });
  c.settle(1000);
  expect(c.leaders()).toEqual(["S3"]);
  c.write("S3", "a", "b");
  for (const name of c.names) expect(c.deliveredBy(name)).toEqual(["a", "b"]);
  c.crash("S3").settle();
  expect(c.leaders()).toEqual(["S2"]);
  c.write("S2", "c");
  c.restart("S3").settle();
  expect(c.deliveredBy("S3").slice(-3)).toEqual(["a", "b", "c"]);
  expect(c.violations).toEqual([]);
});
