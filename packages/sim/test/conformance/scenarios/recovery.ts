import type { InstallationStep, Name } from "@quorate/sim";
import { expect } from "vitest";
import type { Form } from "../forms.ts";
import { Group } from "../group.ts";
import { heals, holdsAcknowledged, type Scenario } from "../scenario.ts";

const FEW = ["a", "b", "c"] as const;
const MORE = ["d", "e", "f"] as const;

export const RECOVERY: readonly Scenario[] = [
  {
    title: "what was acknowledged outlives the loss of the leader",
    needs: ["outlivesLeader"],
    run: (form) => {
      const g = new Group(form);
      const leader = g.settled();
      g.write(leader, ...FEW);
      expect(g.acknowledged).toEqual(FEW);
      g.propose(leader, "under way");
      g.crash(leader).net.deliver();
      const next = g.lead();
      expect(next).not.toBe(leader);
      holdsAcknowledged(g, g.logOf(next));
      heals(g);
      holdsAcknowledged(g, g.machineOf(next));
    },
  },
  {
    title: "what was acknowledged outlives a loss of power everywhere",
    needs: [],
    run: (form) => {
      const g = new Group(form);
      const leader = g.settled();
      for (const key of FEW) g.write(leader, key);
      g.crash(...g.names).net.lose();
      g.restart(...g.names);
      heals(g);
      expect(g.machineOf(leader).slice(0, FEW.length)).toEqual(FEW);
      expect(g.acknowledged).toEqual([...FEW, "healed"]);
    },
  },
  {
    title: "a follower that was away catches up from the log, without a snapshot",
    needs: ["writesWithoutOne"],
    run: (form) => {
      const [g, away] = withoutOne(form);
      g.streams = false;
      g.restart(away).drive(3000);
      expect(g.net.transfers).toEqual([]);
      expect(g.machineOf(away)).toEqual([...FEW, ...MORE]);
      heals(g);
    },
  },
  ...(["Installing", "Durable", "Installed"] as const).map(snapshot),
  {
    title: "a tail that others have replaced is discarded",
    needs: [],
    run: (form) => {
      const g = new Group(form);
      const old = g.settled();
      g.write(old, ...FEW).drive(500);
      g.among(...g.others(old));
      g.write(old, "alone 1", "alone 2");
      expect(g.logOf(old)).toEqual([...FEW, "alone 1", "alone 2"]);
      g.drive(5000);
      const next = g.lead();
      expect(next).not.toBe(old);
      g.drive(500).heal().drive(3000);
      g.write(g.lead(), "instead").drive(500);
      expect(g.logOf(old)).not.toContain("alone 1");
      heals(g);
      expect(g.machineOf(old)).toEqual([...FEW, "instead", "healed"]);
    },
  },
  {
    title:
      "a damaged replica leads nothing before its peers have made it whole, and then counts again",
    needs: ["outlivesLeader"],
    run: (form) => {
      const g = new Group(form);
      const leader = g.settled();
      for (const key of FEW) g.write(leader, key);
      const [damaged, other] = g.others(leader);
      if (damaged === undefined || other === undefined) throw new RangeError("three replicas");
      g.crash(damaged).repair(damaged, Number.MAX_SAFE_INTEGER);
      expect(g.state(damaged).repairing).toBe(true);
      // Nobody but whoever may lack all, and one that may lack some, is there.
      g.crash(leader).net.lose();
      for (let spent = 0; spent < 5000; spent += 100) {
        g.drive(100);
        expect(g.leaders(), "it promises nothing").not.toContain(damaged);
        for (const name of g.leaders()) holdsAcknowledged(g, g.logOf(name));
      }
      heals(g);
      holdsAcknowledged(g, g.machineOf(damaged));
    },
  },
];

/** One that follows is down, and has missed what was written since. */
function withoutOne(form: Form): readonly [Group, away: Name] {
  const g = new Group(form);
  const leader = g.settled();
  g.write(leader, ...FEW).drive(500);
  const [away] = g.others(leader);
  if (away === undefined) throw new RangeError("somebody follows");
  g.crash(away).drive(3000);
  for (const key of MORE) g.write(g.lead(), key).drive(500);
  expect(g.acknowledged).toEqual([...FEW, ...MORE]);
  return [g, away];
}

function snapshot(upTo: InstallationStep): Scenario {
  return {
    title: `a follower whose entries are trimmed elsewhere is sent a snapshot, and survives a crash after ${upTo}`,
    needs: ["writesWithoutOne"],
    run: (form) => {
      const [g, away] = withoutOne(form);
      for (const name of g.others(away)) {
        const { lastApplied } = g.state(name);
        g.net.input(g.idOf(name), { type: "Compact", upTo: lastApplied });
        expect(g.logOf(name)).toEqual([]);
      }
      // What is on its way to who is down is lost with its link.
      g.net.lose(({ to }) => to === g.idOf(away));
      g.streams = false;
      g.restart(away);
      for (let spent = 0; spent < 5000 && g.net.transfers.length === 0; spent += 100) g.drive(100);
      g.stream(upTo).crash(away);
      g.streams = true;
      g.restart(away).drive(3000);
      expect(g.state(away).commitIndex).toBeGreaterThan(MORE.length);
      heals(g);
    },
  };
}
