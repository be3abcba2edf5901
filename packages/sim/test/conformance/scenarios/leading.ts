import { nodeId } from "@quorate/kernel/core";
import { expect } from "vitest";
import { Group } from "../group.ts";
import type { Promised } from "../promises.ts";
import { heals, holdsAcknowledged, type Scenario } from "../scenario.ts";

export const LEADING: readonly Scenario[] = [
  {
    title: "whoever does not lead refuses a write for certain, and names who does",
    needs: [],
    run: (form) => {
      const g = new Group(form);
      const leader = g.settled();
      g.drive(500);
      for (const name of g.others(leader)) {
        const before = g.state(name).log.lastIndex;
        const [id] = g.propose(name, `at ${name}`);
        const leaderHint = g.idOf(leader);
        expect(g.failureOf(id)).toMatchObject({ code: "NotLeader", definite: true, leaderHint });
        expect(g.state(name).log.lastIndex).toBe(before);
      }
      g.drive(500);
      expect(g.machineOf(leader)).toEqual([]);
    },
  },
  {
    title: "what a deposed leader still has on its way is refused",
    needs: ["outlivesLeader"],
    run: (form) => {
      const g = new Group(form);
      const old = g.settled();
      g.write(old, "a").drive(500);
      g.propose(old, "late 1", "late 2");
      const late = g.net.flights.filter(({ from }) => from === g.idOf(old));
      expect(late.length).toBeGreaterThan(0);
      g.crash(old).net.lose();
      const next = g.lead();
      g.drive(3000);
      if (form.name !== "waro") g.write(next, "b").drive(500);
      const logs = g.others(old).map((name) => g.logOf(name));
      for (const flight of late) g.net.arrive(flight);
      g.drive(500);
      expect(g.others(old).map((name) => g.logOf(name))).toEqual(logs);
      expect(g.lead()).toBe(next);
      heals(g);
      holdsAcknowledged(g, g.machineOf(old));
    },
  },
  {
    title: "the lead is handed over to whom it is told, and nothing is lost",
    needs: [],
    run: (form) => {
      const g = new Group(form);
      const leader = g.settled();
      const to = g.others(leader).at(-1);
      if (to === undefined) throw new RangeError("somebody follows");
      g.drive(500).write(leader, "a");
      const input = { type: "TransferLeadership", id: g.nextId(), to: g.idOf(to) } as const;
      g.net.input(g.idOf(leader), input);
      g.drive(3000);
      expect(g.failureOf(input.id)).toBe(null);
      expect(g.leaders()).toEqual([to]);
      g.write(to, "b").drive(500);
      for (const name of g.names) expect(g.machineOf(name)).toEqual(["a", "b"]);
      expect(g.broken).toEqual([]);
    },
  },
  {
    title: "the lead is not handed over to a stranger, nor by who does not have it",
    needs: [],
    run: (form) => {
      const g = new Group(form);
      const leader = g.settled();
      const [other] = g.others(leader);
      if (other === undefined) throw new RangeError("somebody follows");
      for (const [at, code] of [
        [leader, "BadTransferee"],
        [other, "NotLeader"],
      ] as const) {
        const id = g.nextId();
        g.net.input(g.idOf(at), { type: "TransferLeadership", id, to: nodeId(99n) });
        expect(g.failureOf(id)).toMatchObject({ code, definite: true });
      }
      g.drive(2000);
      expect(g.leaders()).toEqual([leader]);
    },
  },
  yielding("to an heir", true, []),
  yielding("to nobody", false, ["standsBack"]),
  {
    title: "at most one acts at a time, whoever is cut off",
    needs: [],
    run: (form) => {
      const g = new Group(form);
      const old = g.settled();
      g.among(...g.others(old));
      const led = new Set<number>();
      for (let spent = 0; spent < 6000; spent += 100) {
        g.drive(100);
        const terms = g.leaders().map((name) => g.state(name).term);
        expect(new Set(terms).size, "two lead one term").toBe(terms.length);
        if (form.office !== null) expect(g.leaders().length).toBeLessThanOrEqual(1);
        for (const term of terms) led.add(term);
      }
      expect(led.size).toBeGreaterThan(1);
      heals(g);
    },
  },
];

function yielding(to: string, heir: boolean, needs: readonly Promised[]): Scenario {
  return {
    title: `a leader that yields ${to} is followed by another, and nothing is lost`,
    needs,
    run: (form) => {
      const g = new Group(form);
      const leader = g.settled();
      g.drive(500).write(leader, "a").drive(500);
      g.net.input(g.idOf(leader), { type: "Yield", heir });
      for (let spent = 0; spent < 10_000 && g.leaders().includes(leader); spent += 100)
        g.drive(100);
      expect(g.lead()).not.toBe(leader);
      heals(g);
      expect(g.machineOf(leader)).toEqual(["a", "healed"]);
    },
  };
}
