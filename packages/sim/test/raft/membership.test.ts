import { idOf, put, twoChanges } from "@quorate/sim";
import { expect, it } from "vitest";
import { beforeJointChange, NEW } from "./schedules.ts";

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

/**
 * Found by the crash after nine messages above: the entry that ends the joint state reached only S2, which it leaves
 * out. Nobody else has as long a log, so if S2 did not stand, nobody could be elected ever again (dissertation §4.2.2).
 */
it("RF-8: a member that the newest configuration leaves out stands until that is committed", () => {
  const c = beforeJointChange(true);
  c.change("S1", { voters: NEW }, 1);
  c.net.deliver(({ message }) => message.type === "AppendEntries");
  c.net.deliver(({ message }) => message.type === "AppendEntriesReply");
  c.net.deliver(({ to }) => to === idOf("S2"));
  c.net.lose();
  c.crash("S1");
  expect(c.config("S2")).toMatchObject({ epoch: 1, outgoing: null });
  expect(c.config("S3").outgoing).not.toBeNull();

  expect(() => c.elect("S3", { votes: ["S2", "S4", "S5"] })).toThrow("is not elected");
  c.elect("S2", { votes: ["S3", "S4", "S5"] });
  c.replicate("S2", NEW);
  c.net.run(3000);
  expect(NEW).toContain(c.leaders()[0]);
  expect(c.violations).toEqual([]);
});
