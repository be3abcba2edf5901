import { idOf, put, RaftCluster } from "@quorate/sim";
import { expect, it } from "vitest";

/** S3 votes for S1, loses power before its disk has synced, and is asked by S2 for a vote in the same term. */
function voteLostInCrash(persistBeforeReply: boolean): RaftCluster {
  const c = new RaftCluster({
    replicas: 3,
    rules: { persistBeforeReply, preVote: false },
    seed: 3n,
  });
  c.net.holdSync(idOf("S3"));
  c.stand("S1", ["S3"]);
  c.crash("S3").restart("S3");
  c.stand("S2", ["S3"]);
  return c;
}

it("RF-3: a vote that a crash takes back was never sent", () => {
  const c = voteLostInCrash(true);
  expect(c.leaders()).toEqual(["S2"]);
  expect(c.violations).toEqual([]);
});

it("RF-3 with the flush removed: the checker finds two leaders in one term", () => {
  const c = voteLostInCrash(false);
  expect(c.leaders()).toEqual(["S1", "S2"]);
  expect(c.violations.join("\n")).toContain("Election Safety");
});

/** S2 acknowledged two entries; then an append that held only the first comes once more. */
function oldAppendAgain(truncateOnlyOnConflict: boolean): RaftCluster {
  const c = new RaftCluster({ replicas: 3, rules: { truncateOnlyOnConflict }, seed: 4n });
  c.elect("S1").replicate("S1");
  c.propose("S1", put("x", "a"));
  const old = c.captured("S2", "AppendEntries");
  c.net.deliver();
  c.propose("S1", put("x", "b")).reaches("S2");
  c.net.arrive(old).lose();
  return c;
}

it("RF-4: an old, shorter append that arrives again cuts nothing", () => {
  const c = oldAppendAgain(true);
  const last = c.state("S1").log.lastIndex;
  expect(c.commitIndexOf("S1")).toBe(last);
  expect(c.state("S2").log.lastIndex).toBe(last);

  c.crash("S1");
  c.elect("S2", { votes: ["S3"] });
  expect(c.violations).toEqual([]);
});

it("RF-4 without the rule: the cut takes a committed entry away from the next leader", () => {
  const c = oldAppendAgain(false);
  expect(c.state("S2").log.lastIndex).toBeLessThan(c.commitIndexOf("S1"));

  c.crash("S1");
  c.elect("S2", { votes: ["S3"] });
  expect(c.violations.join("\n")).toContain("Leader Completeness");
});

/** The leader's own disk hangs: the entry is on one follower's disk, and in the leader's memory. */
function hungLeader(countSelfWhenDurable: boolean): RaftCluster {
  const c = new RaftCluster({ replicas: 3, rules: { countSelfWhenDurable }, seed: 5n });
  c.elect("S1").replicate("S1");
  c.net.holdSync(idOf("S1"));
  c.propose("S1", put("x", "a")).reaches("S2");
  return c;
}

it("a leader counts itself only for what its own disk holds", () => {
  const c = hungLeader(true);
  expect(c.commitIndexOf("S1"), "S2's disk is one of three").toBeLessThan(
    c.state("S1").log.lastIndex,
  );
  c.net.sync(idOf("S1"));
  expect(c.commitIndexOf("S1")).toBe(c.state("S1").log.lastIndex);
});

it("a leader that counts its memory loses a committed entry with its power", () => {
  const c = hungLeader(false);
  expect(c.commitIndexOf("S1")).toBe(c.state("S1").log.lastIndex);
  c.crash("S1").restart("S1");
  c.elect("S3", { votes: ["S1"] });
  expect(c.violations.join("\n")).toContain("Leader Completeness");
});
