import { expect } from "vitest";
import { heals, type Scenario } from "../scenario.ts";
import { Schedule } from "../schedule.ts";

const SEEDS = [1n, 2n] as const;
const ACTS = 300;

export const FAULTS: readonly Scenario[] = [
  {
    title:
      "messages are lost, come twice and overtake each other: all agree at every index, and in the end hold the same",
    needs: [],
    run: (form) => {
      for (const seed of SEEDS) {
        const { group } = new Schedule(form, "network", seed).run(ACTS);
        heals(group);
        expect(group.acknowledged.length).toBeGreaterThan(1);
      }
    },
  },
  {
    title: "replicas crash and disks hang, too: nothing that was acknowledged is lost",
    needs: ["agreesUnderCrashes"],
    run: (form) => {
      for (const seed of SEEDS) {
        const { group } = new Schedule(form, "crashes", seed).run(ACTS);
        heals(group);
        for (const name of group.names)
          expect(group.machineOf(name)).toEqual(expect.arrayContaining([...group.acknowledged]));
      }
    },
  },
  {
    title:
      "a step changes nothing of what it is given, but for storage that the seam lets it use again",
    needs: [],
    run: (form) => {
      // Whoever writes to what is frozen throws.
      const { group } = new Schedule(form, "crashes", 5n, true).run(ACTS);
      expect(group.audit.trace.length).toBeGreaterThan(ACTS / 4);
    },
  },
  {
    title: "the same inputs have the same outputs, byte for byte",
    needs: [],
    run: (form) => {
      const traces = SEEDS.map(() => new Schedule(form, "crashes", 7n).run(ACTS).group.audit.trace);
      expect(traces[0]?.length).toBeGreaterThan(ACTS / 4);
      expect(traces[0]).toEqual(traces[1]);
    },
  },
];
