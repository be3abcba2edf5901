import type { ReadLevel } from "@quorate/kernel/core";
import { expect } from "vitest";
import { Group } from "../group.ts";
import { heals, type Scenario } from "../scenario.ts";

const LEVELS: readonly ReadLevel[] = ["readIndex", "lease"];

export const READS: readonly Scenario[] = [
  {
    title: "a local reader looks at once, at what is applied there, whoever is cut off",
    needs: [],
    run: (form) => {
      const g = new Group(form);
      const leader = g.settled();
      g.write(leader, "a").drive(500);
      for (const name of g.names) {
        g.among(...g.others(name));
        const { lastApplied } = g.state(name);
        expect(g.read(name, "local")).toBe(lastApplied);
      }
    },
  },
  {
    title: "in calm a reader at any member looks, and misses nothing",
    needs: [],
    run: (form) => {
      const g = new Group(form);
      const leader = g.settled();
      for (const key of ["a", "b"]) {
        g.write(leader, key);
        const { commitIndex } = g.state(leader);
        for (const name of g.names)
          for (const level of LEVELS) {
            const id = g.ask(name, level);
            g.drive(500);
            expect(g.net.readable.get(id)).toBeGreaterThanOrEqual(commitIndex);
          }
      }
      expect(g.broken).toEqual([]);
    },
  },
  {
    title:
      "a reader at a leader that is cut off misses nothing that its successor has acknowledged",
    needs: ["missesNothing"],
    run: (form) => {
      const g = new Group(form);
      const old = g.settled();
      g.write(old, "a").drive(500);
      g.among(...g.others(old));
      for (let spent = 0; spent < 6000; spent += 50) {
        g.drive(50, 50);
        const next = g.leaders().find((name) => name !== old);
        if (next !== undefined && spent % 200 === 0) g.write(next, `at ${spent}`);
        // Whether it may look at less than was acknowledged is held against every reader.
        for (const name of g.names) for (const level of LEVELS) g.read(name, level);
      }
      expect(g.leaders().some((name) => name !== old)).toBe(true);
      if (form.name !== "waro") expect(g.acknowledged.length).toBeGreaterThan(1);
      heals(g);
    },
  },
  {
    title: "from its first moment a new leader lets nobody look at less than was acknowledged",
    needs: ["missesNothing"],
    run: (form) => {
      const g = new Group(form);
      const old = g.settled();
      g.write(old, "a", "b");
      // The others hold it, and may not know that it is committed.
      g.crash(old).net.lose();
      for (let left = 1000, spent = 0; left > 0 && spent < 8000; spent += 20) {
        g.drive(20, 20);
        if (g.leaders().length > 0) left -= 20;
        for (const name of g.others(old)) for (const level of LEVELS) g.ask(name, level);
      }
      expect(g.leaders()).toHaveLength(1);
      heals(g);
    },
  },
  {
    title: "a reader who can reach nobody is refused in the end, for certain",
    needs: ["readersWait", "missesNothing"],
    run: (form) => {
      const g = new Group(form);
      const leader = g.settled();
      g.write(leader, "a").drive(500);
      const [alone] = g.others(leader);
      if (alone === undefined) throw new RangeError("somebody follows");
      g.among(...g.others(alone)).drive(3000);
      const id = g.ask(alone, "readIndex");
      g.drive(12_000);
      expect(g.net.readable.has(id)).toBe(false);
      expect(g.failureOf(id)).toMatchObject({ code: "NoLeader", definite: true });
      heals(g);
    },
  },
];
