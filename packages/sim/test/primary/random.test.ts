import { expect, it } from "vitest";
import { RandomSchedule } from "./random.ts";

const SEEDS = 80;
const STEPS = 2000;

it.each([
  ["synchronous", {}],
  [
    "semi-synchronous, where enough are asked before anybody is appointed",
    { acks: 1, inSyncMin: 1 },
  ],
  ["write-all", { shrinkTicks: null, inSyncMin: 1, reads: "any" }],
] as const)(
  `%s: in ${SEEDS} random schedules nothing acknowledged is lost, nobody reads less than was acknowledged, and all goes on`,
  (_, settings) => {
    let commits = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const run = new RandomSchedule({ seed, steps: STEPS, settings }).run();
      expect(run.healed(), `seed ${seed}`).toEqual([]);
      commits += run.cluster.state("S1").commitIndex;
    }
    expect(commits, "schedules in which nothing is committed prove nothing").toBeGreaterThan(1000);
  },
);

it.each([
  "persistBeforeAck",
  "countSelfWhenDurable",
  "shrinkFirst",
  "growFirst",
  "newEpochInNewLife",
  "persistEpochFirst",
  "readsAfterOwnEpoch",
] as const)("the same schedules find that %s is switched off", (rule) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { broken } = new RandomSchedule({ seed, steps: STEPS, rules: { [rule]: false } }).run();
    if (broken.length > 0) return;
  }
  expect.unreachable("no schedule finds it");
});
