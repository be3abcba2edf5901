import { idOf, rebuiltByNewLeader } from "@quorate/sim";
import { expect, it } from "vitest";
import { hungLeader, lostVote, oldAppendAgain, voteLostInCrash } from "./schedules.ts";

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

it("RF-13: whoever leads meanwhile steps down for a replica that forgot its vote, and is elected by the others or not at all", () => {
  const c = lostVote(true);
  expect(c.state("S2").role.type, "the vote that S3 forgot is worth more than S2's term").toBe(
    "Follower",
  );
  c.stand("S2", ["S3"]);
  expect(c.leaders(), "S3 votes for nobody until its log is whole").not.toContain("S2");
  c.replicate("S1")
    .elect("S1", { votes: ["S2"] })
    .replicate("S1");
  expect(c.state("S3").repairing).toBe(false);
  expect(c.termsOf("S3")).toEqual(c.termsOf("S1"));
  expect(c.violations).toEqual([]);
});

it("RF-13: what a new leader knows to be committed does not make a rebuilt replica whole", () => {
  const c = rebuiltByNewLeader(true);
  expect(c.state("S3")).toMatchObject({ commitIndex: 2, repairing: true });
  for (let round = 0; round < 3; round++) c.replicate("S1", ["S3"]);
  expect(c.termsOf("S3")).toEqual(c.termsOf("S1"));
  expect(c.state("S3").repairing, "an entry of the leader's own term is committed").toBe(false);
});
