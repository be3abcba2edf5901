import { type Name, put, RaftCluster } from "@quorate/sim";
import { expect, it } from "vitest";

/**
 * Four voters; S1 adds S5 and reaches nobody else; S2 leads the next term and removes S1, reaching only S3; S1 comes
 * back. {S1, S4, S5} is a majority of five, {S2, S3} of three (Ongaro's note of 2015).
 */
function twoChanges(changeNeedsOwnTerm: boolean): RaftCluster {
  const rules = { changeNeedsOwnTerm };
  const c = new RaftCluster({ replicas: 5, voters: ["S1", "S2", "S3", "S4"], rules, seed: 7n });
  c.elect("S1").replicate("S1").replicate("S1");
  c.change("S1", { voters: ["S1", "S2", "S3", "S4", "S5"] }, 1);
  c.exchange("S1", ["S5"], () => true);
  c.crash("S1");
  c.elect("S2", { votes: ["S3", "S4"] });
  return c;
}

it("RF-7: a leader that has committed nothing in its term refuses to change the members", () => {
  const c = twoChanges(true);
  const removal = c.change("S2", { voters: ["S2", "S3", "S4"] }, 2);
  expect(c.net.outcomes.get(removal)).toMatchObject({ ok: false, code: "ChangeRefused" });

  c.replicate("S2", ["S3", "S4"]);
  const again = c.change("S2", { voters: ["S2", "S3", "S4"] }, 2);
  expect(c.net.outcomes.get(again)).toMatchObject({ ok: true });
  c.replicate("S2", ["S3"]);
  c.restart("S1");
  expect(() => c.elect("S1", { votes: ["S4", "S5"] })).toThrow("is not elected");
  expect(c.violations).toEqual([]);
});

it("RF-7 without the rule: two configurations commit to two disjoint majorities", () => {
  const c = twoChanges(false);
  c.change("S2", { voters: ["S2", "S3", "S4"] }, 2);
  c.replicate("S2", ["S3"]);
  expect(c.config("S2").voters).toHaveLength(3);
  expect(c.commitIndexOf("S2")).toBe(c.state("S2").log.lastIndex);

  c.restart("S1");
  c.elect("S1", { votes: ["S4", "S5"] });
  c.replicate("S1", ["S4", "S5"]);
  expect(c.config("S1").voters).toHaveLength(5);
  expect(c.violations.join("\n")).toContain("Leader Completeness");
  expect(c.violations.join("\n")).toContain("State Machine Safety");
});

const OLD: readonly Name[] = ["S1", "S2", "S3"];
const NEW: readonly Name[] = ["S3", "S4", "S5"];

/** S1 leads {S1, S2, S3} and is about to hand the group over to {S3, S4, S5}, which have caught up as learners. */
function beforeJointChange(jointNeedsBoth: boolean): RaftCluster {
  const c = new RaftCluster({ replicas: 5, voters: OLD, rules: { jointNeedsBoth }, seed: 8n });
  c.elect("S1").replicate("S1").replicate("S1");
  return c;
}

it("RF-8: a joint change ends in the new members' hands, and its leader retires", () => {
  const c = beforeJointChange(true);
  c.change("S1", { voters: NEW }, 1);
  c.net.deliver();
  c.net.run(3000);
  for (const name of NEW) expect(c.config(name)).toMatchObject({ outgoing: null, epoch: 1 });
  expect(NEW).toContain(c.leaders()[0]);
  expect(c.violations).toEqual([]);
});

it("RF-8: the leader crashes after any number of messages, and the group goes on in one configuration", () => {
  const endings = new Set<string>();
  for (let step = 0; step < 40; step++) {
    const c = beforeJointChange(true);
    c.change("S1", { voters: NEW }, 1);
    c.net.deliver(() => true, step);
    c.net.lose();
    c.crash("S1");
    c.net.run(5000);
    c.restart("S1");
    c.net.run(5000);
    const [leader] = c.leaders();
    expect(leader, `crash after ${step} messages`).toBeDefined();
    if (leader === undefined) continue;
    c.propose(leader, put("x", "after"));
    c.net.deliver();
    expect(c.commitIndexOf(leader)).toBe(c.state(leader).log.lastIndex);
    expect(c.config(leader).outgoing, "no group stays joint").toBeNull();
    expect(c.violations).toEqual([]);
    endings.add(c.config(leader).voters.join());
  }
  expect([...endings].sort(), "early crashes undo the change, later ones do not").toEqual([
    "1,2,3",
    "3,4,5",
  ]);
});

it("RF-8 without the rule: half of a joint configuration commits what the other half does not know", () => {
  const c = beforeJointChange(false);
  c.change("S1", { voters: NEW }, 1);
  c.exchange("S1", ["S4", "S5"], () => true);
  c.net.lose();
  expect(c.config("S1").outgoing, "committed by the new members alone").toBeNull();

  c.elect("S2", { votes: ["S3"] });
  expect(c.violations.join("\n")).toContain("Leader Completeness");
});
