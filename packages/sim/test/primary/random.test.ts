import { expect, it } from "vitest";
import { randomSchedule } from "./random.ts";

const SEEDS = 80;
const STEPS = 2000;
const PULLED = { acks: 0, shrinkTicks: null, inSyncMin: 1, pullTicks: 150 } as const;

it.each([
  ["synchronous", {}],
  [
    "semi-synchronous, where enough are asked before anybody is appointed",
    { acks: 1, inSyncMin: 1 },
  ],
  [
    "a majority, of which one is asked before anybody is appointed",
    { acks: "majority", shrinkTicks: null, inSyncMin: 1 },
  ],
  ["asynchronous and pulled, where all are asked before anybody is appointed", PULLED],
  ["write-all", { shrinkTicks: null, inSyncMin: 1, reads: "any" }],
] as const)(
  `%s: in ${SEEDS} random schedules nothing acknowledged is lost, nobody reads less than was acknowledged, and all goes on`,
  (_, settings) => {
    let commits = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const run = randomSchedule({ seed, steps: STEPS, settings }).run();
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
  "newEpochInNewLife",
  "persistEpochFirst",
  "readsAfterOwnEpoch",
] as const)("the same schedules find that %s is switched off", (rule) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const rules = { [rule]: false };
    const settings = { inSyncMin: 1 };
    const { broken } = randomSchedule({ seed, steps: STEPS, rules, settings }).run();
    if (broken.length > 0) return;
  }
  expect.unreachable("no schedule finds it");
});

it("a rarer schedule finds that growFirst is switched off", () => {
  const rules = { growFirst: false };
  const { broken } = randomSchedule({ seed: 1217, steps: 300, rules }).run();
  expect(broken[0]).toContain("takes office without what is at 3");
  expect(randomSchedule({ seed: 1217, steps: 300 }).run().broken).toEqual([]);
});
