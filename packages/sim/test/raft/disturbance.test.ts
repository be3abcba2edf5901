import { idOf, type Name, RaftCluster } from "@quorate/sim";
import { expect, it } from "vitest";

const HOUR = 3_600_000;

function cut(c: RaftCluster, from: Name, to: Name): void {
  c.net.cut(idOf(from), idOf(to));
}

/** S3 hears nobody for an hour, and comes back. Gives the terms before and after. */
function rejoin(preVote: boolean): { readonly c: RaftCluster; readonly terms: readonly number[] } {
  const settings = { retransmitTicks: 500, heartbeatTicks: 400 };
  const c = new RaftCluster({ replicas: 3, rules: { preVote }, settings, seed: 9n });
  c.elect("S1").replicate("S1");
  c.net.run(1000);
  const before = c.state("S1").term;
  for (const other of ["S1", "S2"] as const) {
    cut(c, other, "S3");
    cut(c, "S3", other);
  }
  c.net.run(HOUR);
  c.net.heal().run(3000);
  const [leader] = c.leaders();
  return { c, terms: [before, leader === undefined ? -1 : c.state(leader).term] };
}

it("RF-9: a member that was cut off for an hour rejoins without an election", () => {
  const { c, terms } = rejoin(true);
  expect(c.leaders()).toEqual(["S1"]);
  expect(terms[1]).toBe(terms[0]);
  expect(c.state("S3").term).toBe(terms[0]);
});

it("RF-9 without pre-vote: its thousands of terms depose the leader", () => {
  const { terms } = rejoin(false);
  expect(terms[1]).toBeGreaterThan((terms[0] ?? 0) + 1000);
});

it("RF-10: a leader that hears its followers and is not heard by them is replaced", () => {
  const c = new RaftCluster({ replicas: 3, settings: { retransmitTicks: 500 }, seed: 10n });
  c.elect("S1").replicate("S1");
  cut(c, "S1", "S2");
  cut(c, "S1", "S3");
  c.net.run(3000);
  expect(c.leaders()).toHaveLength(1);
  expect(c.leaders()).not.toContain("S1");
  expect(c.violations).toEqual([]);
});

it("RF-10: a leader that does not hear its followers steps down, though they hear it", () => {
  const c = new RaftCluster({ replicas: 3, settings: { retransmitTicks: 500 }, seed: 10n });
  c.elect("S1").replicate("S1");
  cut(c, "S2", "S1");
  cut(c, "S3", "S1");
  c.net.run(5000);
  expect(c.leaders()).not.toContain("S1");
  expect(c.leaders()).toHaveLength(1);
});

it("RF-10: one follower that does not hear the leader disturbs nobody", () => {
  const c = new RaftCluster({ replicas: 3, settings: { retransmitTicks: 500 }, seed: 10n });
  c.elect("S1").replicate("S1");
  const { term } = c.state("S1");
  cut(c, "S1", "S2");
  c.net.run(20_000);
  expect(c.leaders()).toEqual(["S1"]);
  expect(c.state("S1").term).toBe(term);
});
