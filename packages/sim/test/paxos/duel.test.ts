import { duel, idOf, type Name, PaxosCluster, put } from "@quorate/sim";
import { expect, it } from "vitest";

const HOUR = 3_600_000;

it("DU-3: with a leader no ballot is used up in an hour", () => {
  const c = new PaxosCluster({ replicas: 3, settings: { heartbeatTicks: 400 }, seed: 1n });
  c.net.run(5000);
  const [leader] = c.leaders();
  const before = [c.sent("Prepare"), c.sent("PreVote"), c.state(leader as Name).term];
  c.net.run(HOUR);
  expect(c.leaders()).toEqual([leader]);
  expect([c.sent("Prepare"), c.sent("PreVote"), c.state(leader as Name).term]).toEqual(before);
});

/** S3 hears nobody for an hour, and comes back. Gives the leader's ballots before and after. */
function rejoin(preVote: boolean): {
  readonly c: PaxosCluster;
  readonly ballots: readonly number[];
} {
  const settings = { retransmitTicks: 500, heartbeatTicks: 400 };
  const c = new PaxosCluster({ replicas: 3, rules: { preVote }, settings, seed: 2n });
  c.elect("S1").reaches("S1", c.names, 2);
  c.net.run(1000);
  const before = c.state("S1").term;
  for (const other of ["S1", "S2"] as const) {
    c.net.cut(idOf(other), idOf("S3"));
    c.net.cut(idOf("S3"), idOf(other));
  }
  c.net.run(HOUR);
  c.net.heal().run(10_000);
  const [leader] = c.leaders();
  return { c, ballots: [before, leader === undefined ? -1 : c.state(leader).term] };
}

it("DU-4: a member that was cut off for an hour comes back without a change of leader", () => {
  const { c, ballots } = rejoin(true);
  expect(c.leaders()).toEqual(["S1"]);
  expect(ballots[1]).toBe(ballots[0]);
});

it("DU-4 without pre-vote: it comes back with a huge ballot, and rejects the leader by it", () => {
  const { c, ballots } = rejoin(false);
  expect(ballots[1]).toBeGreaterThan((ballots[0] ?? 0) + 64 * 1000);
  expect(c.violations).toEqual([]);
});

it("DU-4: an acceptor that hears its leader ignores a prepare, unless the leader asked for it", () => {
  const c = new PaxosCluster({ replicas: 3, rules: { preVote: false }, seed: 3n });
  c.elect("S1").reaches("S1");
  const { term } = c.state("S2");
  const prepare = { type: "Prepare", ballot: (term + 640) as never, fromSlot: 2 as never } as const;
  const from = idOf("S3");
  c.net.input(idOf("S2"), { type: "Receive", from, message: { ...prepare, takeOver: false } });
  expect(c.state("S2").term).toBe(term);
  c.net.input(idOf("S2"), { type: "Receive", from, message: { ...prepare, takeOver: true } });
  expect(c.state("S2").term).toBe(term + 640);
});

it("DU-2: with random, growing back-off a leader is established within 200 rounds, in each of 1000 seeds", () => {
  let most = 0;
  for (let seed = 1; seed <= 1000; seed++) most = Math.max(most, duel(seed, true, 400));
  expect(most).toBeLessThanOrEqual(200);
});

it("DU-2 without back-off: two proposers keep rejecting each other", () => {
  let endless = 0;
  for (let seed = 1; seed <= 100; seed++) if (duel(seed, false, 400) === 400) endless++;
  expect(endless).toBeGreaterThan(5);
});

it("DU-2: a rejection tells what was promised, so the loser jumps above it once", () => {
  const c = new PaxosCluster({ replicas: 3, seed: 4n });
  c.elect("S1").reaches("S1");
  c.net.cut(idOf("S2"), idOf("S1"));
  for (let i = 0; i < 5; i++) c.crash("S3").restart("S3").elect("S3", ["S2"]);
  c.net.heal();
  c.propose("S1", put("x", "a")).reaches("S1");
  expect(c.state("S1").highest).toBe(c.state("S3").term);
  c.elect("S1").reaches("S1");
  expect(Math.floor(c.state("S1").term / 64)).toBe(Math.floor(c.state("S3").highest / 64));
  expect(c.violations).toEqual([]);
});
