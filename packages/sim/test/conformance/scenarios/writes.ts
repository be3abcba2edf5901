import { expect } from "vitest";
import type { Form } from "../forms.ts";
import { Group } from "../group.ts";
import { heals, type Scenario } from "../scenario.ts";

const KEYS = ["a", "b", "c"] as const;

export const WRITES: readonly Scenario[] = [
  {
    title:
      "a write is acknowledged when it is on as many disks as promised, whosever the last is, and no sooner",
    needs: [],
    run: (form) => {
      // Where one disk is enough it is the leader's.
      const alone = form.disks(5, 5) === 1;
      for (let last = 0; last < (alone ? 1 : 5); last++) waitsForDisk(form, last);
    },
  },
  {
    title: "what is proposed in one turn is committed in its order, everywhere",
    needs: [],
    run: (form) => {
      const g = new Group(form);
      const leader = g.settled();
      g.write(leader, ...KEYS)
        .write(leader, "d")
        .drive(500);
      for (const name of g.names) expect(g.machineOf(name)).toEqual([...KEYS, "d"]);
      expect(g.broken).toEqual([]);
    },
  },
  {
    title: "in calm a write costs at most four messages for each other replica",
    needs: [],
    run: (form) => {
      const g = new Group(form);
      const leader = g.settled();
      g.write(leader, "warm").drive(1000);
      const before = g.audit.messages.length;
      for (const key of KEYS) g.write(leader, key);
      const others = g.names.length - 1;
      expect(g.acknowledged).toEqual(["warm", ...KEYS]);
      expect(g.audit.messages.length - before).toBeLessThanOrEqual(4 * others * KEYS.length);
    },
  },
  {
    title: "at rest it says at most four messages a heartbeat for each other replica",
    needs: [],
    run: (form) => {
      const g = new Group(form);
      g.settled();
      g.drive(1000);
      const before = g.audit.messages.length;
      g.drive(1000);
      const heartbeats = 10;
      const others = g.names.length - 1;
      expect(g.audit.messages.length - before).toBeLessThanOrEqual(4 * others * heartbeats);
    },
  },
  {
    title: "an idle group sleeps: it wants no alarm and sends nothing, until somebody writes",
    needs: ["sleeps"],
    run: (form) => {
      const g = new Group(form);
      const leader = g.settled();
      g.drive(5000);
      const before = g.audit.messages.length;
      g.drive(10_000);
      expect(g.audit.messages.length).toBe(before);
      for (const name of g.names) expect(g.net.wakeAt(g.idOf(name))).toBe(null);
      g.write(leader, "awake");
      expect(g.acknowledged).toEqual(["awake"]);
    },
  },
  {
    title: "a leader whose disk hangs acknowledges nothing by itself, and gives way",
    needs: ["writesWithoutOne", "outlivesLeader"],
    run: (form) => {
      const g = new Group(form);
      const leader = g.settled();
      g.write(leader, "before");
      g.net.holdSync(g.idOf(leader));
      g.propose(leader, "hung");
      g.drive(4000);
      const next = g.lead();
      expect(next).not.toBe(leader);
      g.write(next, "after").drive(3000);
      expect(g.acknowledged).toContain("after");
      heals(g);
    },
  },
];

/** All disks hang but one less than needed, the leader's among those that do not, unless it is the last (0); then the last one writes. */
function waitsForDisk(form: Form, lastAt: number): void {
  const g = new Group(form, { replicas: 5 });
  const leader = g.settled();
  const members = [leader, ...g.others(leader)];
  const last = members[lastAt] ?? leader;
  const others = members.filter((name) => name !== last);
  for (const name of others.slice(form.disks(5, 5) - 1)) g.net.holdSync(g.idOf(name));
  g.net.holdSync(g.idOf(last));
  g.write(leader, "a");
  expect(g.logOf(leader)).toEqual(["a"]);
  expect(g.acknowledged, `${last}'s disk is missing`).toEqual([]);
  g.net.sync(g.idOf(last));
  g.net.deliver();
  expect(g.acknowledged).toEqual(["a"]);
  expect(g.broken).toEqual([]);
}
