import { idOf, ZabCluster } from "@quorate/sim";
import { describe, expect, it } from "vitest";
import { begun } from "./schedules.ts";

/** Nothing rides on anything: one proposal per message, one message under way. */
const EXPLICIT = { batchEntriesMax: 1, inflightMessagesMax: 1 } as const;

const PER_PROPOSAL = ["Proposal", "Acknowledgement", "Commit", "CommitReceived"] as const;

function countsOf(c: ZabCluster, operations: number): readonly number[] {
  const before = new Map(c.net.sent);
  for (let i = 0; i < operations; i++) c.write("S1", `k${i}`);
  const counts = PER_PROPOSAL.map((type) => c.sent(type) - (before.get(type) ?? 0));
  const all = [...c.net.sent.values()].reduce((sum, n) => sum + n, 0);
  const allBefore = [...before.values()].reduce((sum, n) => sum + n, 0);
  expect(all - allBefore, "and nothing else is sent").toBe(counts.reduce((sum, n) => sum + n, 0));
  return counts;
}

describe("what a proposal costs", () => {
  for (const n of [2, 4]) {
    const followers = Array.from({ length: n }, (_, i) => `S${i + 2}` as const);

    it(`ZB-1: in explicit mode a command costs exactly 3n messages, here n = ${n}; pings are counted apart`, () => {
      const c = new ZabCluster({ replicas: n + 1, settings: EXPLICIT, seed: 1n });
      c.believe("S1", followers).net.deliver();
      expect(countsOf(c, 10)).toEqual([10 * n, 10 * n, 10 * n, 0]);
      for (const name of c.names) expect(c.deliveredBy(name)).toHaveLength(10);
    });

    it(`ZB-1: where commits are acknowledged too it costs 4n, here n = ${n}`, () => {
      const settings = { ...EXPLICIT, acknowledgeCommits: true };
      const c = new ZabCluster({ replicas: n + 1, settings, seed: 1n });
      c.believe("S1", followers).net.deliver();
      expect(countsOf(c, 10)).toEqual([10 * n, 10 * n, 10 * n, 10 * n]);
    });
  }

  it("with batches a hundred commands of a turn cost no more messages than one", () => {
    const c = begun();
    const before = PER_PROPOSAL.map((type) => c.sent(type));
    c.write("S3", ...Array.from({ length: 100 }, (_, i) => `k${i}`));
    expect(PER_PROPOSAL.map((type, i) => c.sent(type) - (before[i] ?? 0))).toEqual([2, 2, 2, 0]);
    expect(c.deliveredBy("S1")).toHaveLength(101);
  });
});

it("ZB-6: a leader's proposals are delivered in the order proposed, across a change of leaders (primary order)", () => {
  const c = begun();
  // b and c reach S2 alone; d nobody. S3 dies, S2 leads with what it has, and goes on.
  c.among("S2", "S3").propose("S3", "b", "c");
  c.deliver("Proposal");
  c.net.lose();
  c.proposeAlone("S3", "d").crash("S3");
  c.elect("S2", ["S1", "S2"]).write("S2", "e", "f");
  c.restart("S3").heal().settle();
  c.write(c.leaders()[0] ?? "S2", "g");
  for (const name of ["S1", "S2"] as const)
    expect(c.deliveredBy(name)).toEqual(["a", "b", "c", "e", "f", "g"]);
  expect(c.commandsOf("S3")).toEqual(["a", "b", "c", "e", "f", "g"]);
  expect(c.violations).toEqual([]);
});

describe("ZB-7: two leaders for a moment", () => {
  /** S3 is cut off and does not know it; S2 leads the others. */
  function twoLeaders(strictReads = false): ZabCluster {
    const c = new ZabCluster({ replicas: 3, seed: 1n, settings: { strictReads } });
    c.elect("S3").write("S3", "a");
    c.among("S1", "S2").believe("S2", ["S1"]);
    c.net.deliver();
    expect(c.leaders()).toEqual(["S2", "S3"]);
    return c;
  }

  it("the old one cannot commit, and what it proposed is cut when it is back", () => {
    const c = twoLeaders();
    c.write("S3", "x").write("S2", "b");
    expect(c.deliveredBy("S3")).toEqual(["a"]);
    expect(c.deliveredBy("S2")).toEqual(["a", "b"]);
    c.heal().settle();
    expect(c.leaders()).toEqual(["S2"]);
    expect(c.commandsOf("S3")).toEqual(["a", "b"]);
    expect(c.violations).toEqual([]);
  });

  it("its local read and its sync are stale; a write before the read is not answered, so the read is not either", () => {
    const c = twoLeaders();
    c.write("S2", "b");
    const committed = c.state("S2").commitIndex;
    expect(c.read("S3", "local")).toBeLessThan(committed);
    expect(c.read("S3", "readIndex")).toBeLessThan(committed);
    c.write("S3", "x");
    expect(c.deliveredBy("S3")).not.toContain("x");
  });

  it("with strict reads it answers nobody, while the new one does after one round", () => {
    const c = twoLeaders(true);
    c.write("S2", "b");
    expect(c.read("S3", "readIndex")).toBeNull();
    expect(c.read("S2", "readIndex")).toBe(c.state("S2").commitIndex);
    expect(c.read("S1", "readIndex")).toBe(c.state("S2").commitIndex);
  });
});

describe("ZB-8: the counter of a zxid comes to its end", () => {
  it("the leader begins another epoch without an election, and nothing is lost or reordered", () => {
    const c = new ZabCluster({ replicas: 3, seed: 1n, settings: { counterMax: 4 } });
    c.elect("S3");
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
    for (const key of keys) c.write("S3", key);
    expect(c.leaders()).toEqual(["S3"]);
    expect(c.state("S3").acceptedEpoch).toBe(6);
    for (const name of c.names) expect(c.deliveredBy(name)).toEqual(keys);
    expect(c.violations).toEqual([]);
  });

  it("commands for which there is no counter left are refused for certain", () => {
    const c = new ZabCluster({ replicas: 3, seed: 1n, settings: { counterMax: 2 } });
    c.elect("S3");
    const ids = c.propose("S3", "a", "b", "c");
    expect(ids.map((id) => c.outcomeOf(id)?.ok ?? null)).toEqual([null, null, false]);
    expect(ids.map((id) => c.outcomeOf(id))[2]).toMatchObject({
      code: "Overloaded",
      definite: true,
    });
    c.settle(500).write("S3", "d");
    expect(c.deliveredBy("S1")).toEqual(["a", "b", "d"]);
  });
});

describe("bounds of a leader", () => {
  it("takes no more than it may have uncommitted, and commands at followers are refused for certain", () => {
    const settings = { uncommittedEntriesMax: 2 };
    const c = new ZabCluster({ replicas: 3, seed: 1n, settings });
    c.elect("S3").among("S3");
    const outcomes = c.propose("S3", "a", "b", "c").map((id) => c.outcomeOf(id));
    expect(outcomes.slice(0, 2)).toEqual([null, null]);
    expect(outcomes[2]).toMatchObject({ code: "Overloaded", definite: true });
    const [refused] = c.propose("S1", "d").map((id) => c.outcomeOf(id));
    expect(refused).toMatchObject({ code: "NotLeader", definite: true, leaderHint: idOf("S3") });
  });

  it("lost proposals and commits are sent again", () => {
    const c = begun();
    c.proposeAlone("S3", "b").settle(2000);
    expect(c.leaders()).toEqual(["S3"]);
    for (const name of c.names) expect(c.deliveredBy(name)).toEqual(["a", "b"]);
    c.propose("S3", "c");
    c.deliver("Proposal", "Acknowledgement");
    c.net.lose();
    c.settle(200);
    for (const name of c.names) expect(c.deliveredBy(name)).toEqual(["a", "b", "c"]);
  });

  it("a commit that overtakes its proposal is remembered", () => {
    const c = begun();
    c.propose("S3", "b");
    const late = c.captured("S1", "Proposal");
    c.net.lose((flight) => flight === late);
    c.net.deliver();
    expect(c.deliveredBy("S1")).toEqual(["a"]);
    c.net.arrive(late);
    expect(c.deliveredBy("S1")).toEqual(["a", "b"]);
  });
});
