import { expect, it } from "vitest";
import { randomSchedule } from "./random.ts";

const SEEDS = 80;
const STEPS = 2000;

it.each(["tail", "any"] as const)(
  `reads at ${"%s"}: in ${SEEDS} random schedules nothing committed is lost, nobody reads less than was acknowledged, and all goes on`,
  (reads) => {
    let commits = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const run = randomSchedule({ seed, steps: STEPS, settings: { reads } }).run();
      expect(run.healed(), `seed ${seed}`).toEqual([]);
      commits += run.cluster.state("S1").commitIndex;
    }
    expect(commits, "schedules in which nothing is committed prove nothing").toBeGreaterThan(1000);
  },
);
