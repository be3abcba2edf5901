import { configOf } from "@quorate/kernel/core";
import { expect } from "vitest";
import { Group } from "../group.ts";
import { heals, type Scenario } from "../scenario.ts";

export const MEMBERS: readonly Scenario[] = [
  {
    title: "a voter becomes a learner, and a voter again; all know, and writes go on",
    needs: ["changesMembers"],
    run: (form) => {
      const g = new Group(form, { replicas: 5, bounds: { writesMax: 64, readsMax: 64 } });
      const leader = g.settled();
      g.write(leader, "a").drive(500);
      const [one] = g.others(leader);
      if (one === undefined) throw new RangeError("somebody follows");
      for (const [epoch, learners] of [
        [1, [one]],
        [2, []],
      ] as const) {
        const id = g.nextId();
        const voters = g.others(...learners).map((name) => g.idOf(name));
        const change = { voters, learners: learners.map((name) => g.idOf(name)) };
        g.net.input(g.idOf(leader), { type: "ChangeMembers", id, change, epoch });
        g.drive(3000);
        expect(g.failureOf(id)).toBe(null);
        for (const name of g.names)
          expect(configOf(g.state(name))).toMatchObject({ ...change, outgoing: null });
        g.write(g.lead(), `after ${epoch}`).drive(500);
      }
      expect(g.acknowledged).toEqual(["a", "after 1", "after 2"]);
      heals(g);
    },
  },
  {
    title: "a change of members is refused for certain, with a reason, and nothing is appended",
    needs: ["refusesChanges"],
    run: (form) => {
      const g = new Group(form);
      const leader = g.settled();
      const before = g.state(leader).log.lastIndex;
      const id = g.nextId();
      const voters = g.names.slice(1).map((name) => g.idOf(name));
      const change = { voters, learners: [] };
      g.net.input(g.idOf(leader), { type: "ChangeMembers", id, change, epoch: 1 });
      const failure = g.failureOf(id);
      expect(failure).toMatchObject({ code: "ChangeRefused", definite: true });
      if (failure?.code === "ChangeRefused") expect(failure.message.length).toBeGreaterThan(20);
      g.drive(500);
      expect(g.state(leader).log.lastIndex).toBe(before);
      expect(configOf(g.state(leader)).voters).toEqual(g.names.map((name) => g.idOf(name)));
    },
  },
];
