import { expect, it } from "vitest";
import { run } from "../run.ts";

it("sim --models holds one run against every model, and is no failure where only what was not promised breaks", async () => {
  const args = ["sim", "--models", "--seed", "2", "--profile", "etcd-local-reads", "--nodes", "3"];
  const { exit, out } = await run([...args, "--faults", "node", "--clients", "1"]);
  expect(exit).toBe(0);
  expect(out).toMatch(/^linearizable +(held$|broken +not linearizable: client )/m);
  expect(out).toMatch(/^linearizable-writes +held$/m);
  expect(out).toMatch(/^durability +held$/m);
});

it("sim --profile takes the names of the registered profiles, and tells them", async () => {
  const { exit, err } = await run(["sim", "--seed", "1", "--profile", "spanner"]);
  expect(exit).toBe(2);
  expect(err).toContain("etcd, etcd-lease-reads, etcd-local-reads");
});
