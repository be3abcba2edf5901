import { put, RaftCluster } from "@quorate/sim";
import { expect, it } from "vitest";

it("§7: a deposed leader that installs a later term's snapshot follows that term, and tells nobody what it holds to be committed", () => {
  const c = new RaftCluster({ replicas: 5, seed: 1n });
  c.elect("S2", { term: 1 });
  c.propose("S2", put("x", "old")).reaches("S4");
  c.elect("S5", { term: 2, votes: ["S1", "S3"] });
  c.propose("S5", put("x", "new")).reaches("S1", "S3");
  expect([c.commitIndexOf("S5"), c.termsOf("S2"), c.termsOf("S4")]).toEqual([2, [1, 1], [1, 1]]);

  // The snapshot comes before any message of its leader: a stream of its own, which no term stands on.
  const { self, log } = c.state("S2");
  const at = { index: log.lastIndex, epoch: 2 };
  c.net.input(self, { type: "Installing", at });
  c.net.input(self, { type: "Installed", at, config: c.config("S5") });
  expect(c.state("S2")).toMatchObject({ term: 2, role: { type: "Follower" }, commitIndex: 2 });

  c.net.pass(200).wake(self);
  c.net.deliver(({ to }) => to === c.state("S4").self);
  expect(c.commitIndexOf("S4")).toBe(0);
  expect(c.violations).toEqual([]);
});
