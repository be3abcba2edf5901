import { expect, it } from "vitest";
import { RandomSchedule } from "./random-runs.ts";

const SEEDS = 60;
const STEPS = 1500;

for (const amnesia of [false, true]) {
  it(`agreement and progress: ${SEEDS} random schedules${amnesia ? ", with disks that lose records" : ""}`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const run = new RandomSchedule({ seed, steps: STEPS, amnesia }).run();
      expect(run.healed(), `seed ${seed}`).toEqual([]);
    }
  });
}
