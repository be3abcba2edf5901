import { expect, it } from "vitest";
import { RandomSchedule } from "./random-runs.ts";

const SEEDS = 60;
const STEPS = 2000;

for (const amnesia of [false, true]) {
  it(`agreement and progress: ${SEEDS} random schedules${amnesia ? ", with disks that lose records" : ""}`, () => {
    let commits = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const run = new RandomSchedule({ seed, steps: STEPS, amnesia }).run();
      expect(run.healed(), `seed ${seed}`).toEqual([]);
      commits += run.cluster.state("S1").commitIndex;
    }
    expect(commits, "schedules in which nothing is delivered prove nothing").toBeGreaterThan(1000);
  });
}

it.each(["commitByMajority", "truncate", "syncBeforeBroadcast", "persistAcceptedEpoch"] as const)(
  "the same schedules find that %s is switched off",
  (rule) => {
    for (let seed = 1; seed <= 4 * SEEDS; seed++) {
      const rules = { [rule]: false };
      const { cluster } = new RandomSchedule({ seed, steps: STEPS, amnesia: false, rules }).run();
      if (cluster.violations.length > 0) return;
    }
    expect.unreachable("no schedule finds it");
  },
);
