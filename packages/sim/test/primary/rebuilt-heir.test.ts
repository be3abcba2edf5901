import { idOf, primaryCluster } from "@quorate/sim";
import { expect, it } from "vitest";

const TENURE_MILLIS = 60_001;

it("a secondary that was rebuilt takes no office before it has again what it had acknowledged", () => {
  const c = primaryCluster({ replicas: 3, seed: 5n });
  c.appoint("S1");
  c.net.deliver();
  c.write("S1", "a");
  // On three disks, and acknowledged; nobody but the primary knows it yet.
  c.propose("S1", "b");
  c.net.deliver(({ message }) => message.type !== "Update" || message.entries.length > 0);
  expect(c.appliedBy("S1")).toEqual(["a", "b"]);
  c.crash("S1").net.lose().pass(TENURE_MILLIS);
  c.crash("S3").repair("S3", 100).among("S2", "S3");
  c.appoint("S2", { told: ["S2", "S3"] });
  c.beat("S2").install();
  expect(c.logOf("S3"), "the snapshot holds what S2 knew to be committed").toEqual([]);
  c.crash("S2").net.lose().pass(TENURE_MILLIS);

  expect(c.state("S3").repairing, "it says nothing of how far it is, and is not asked").toBe(true);
  c.appoint("S3", { told: ["S3"] });
  expect(c.acting()).toEqual([]);
  expect(c.wishes).toMatchObject([{ from: idOf("S3"), petition: { type: "resign", to: null } }]);
});

it("it is whole again with its primary's first entry", () => {
  const c = primaryCluster({ replicas: 3, seed: 5n });
  c.appoint("S1");
  c.net.deliver();
  c.write("S1", "a").write("S1", "b");
  c.crash("S3").repair("S3", 100);
  c.beat("S1").install().beat("S1");
  expect(c.state("S3").repairing).toBe(false);
  c.write("S1", "c");
  expect(c.appliedBy("S1")).toEqual(["a", "b", "c"]);
  c.crash("S3").restart("S3");
  expect(c.state("S3").repairing).toBe(false);
});
