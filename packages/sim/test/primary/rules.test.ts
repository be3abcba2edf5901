import { ALL_RULES, type PrimaryRules } from "@quorate/kernel/primary";
import { describe, expect, it } from "vitest";
import {
  acknowledgedAndLost,
  countedAndLost,
  forgottenEpoch,
  grantedUnheard,
  hungDisk,
  lateRepetition,
  oldUpdate,
  paused,
  readAfterLease,
  readFromTail,
  readTooEarly,
  type Schedule,
  sameEpochAgain,
  whileLeased,
  withoutWord,
} from "./schedules.ts";

const SCHEDULES: Readonly<
  Record<keyof PrimaryRules, readonly [schedule: Schedule, finding: string]>
> = {
  persistBeforeAck: [acknowledgedAndLost, "Completeness"],
  countSelfWhenDurable: [countedAndLost, "Completeness"],
  refuseOldEpochs: [oldUpdate, "Completeness"],
  actWithinTenure: [paused, "Stale"],
  shrinkFirst: [withoutWord, "Completeness"],
  growFirst: [grantedUnheard, "Completeness"],
  newEpochInNewLife: [sameEpochAgain, "Agreement"],
  persistEpochFirst: [forgottenEpoch, "Agreement"],
  joinBeforeReads: [readFromTail, "Stale"],
  truncateOnlyOnConflict: [lateRepetition, "Completeness"],
  resignOnHungDisk: [hungDisk, "Progress"],
  waitOutLease: [whileLeased, "Stale"],
  readWithinLease: [readAfterLease, "Stale"],
  readsAfterOwnEpoch: [readTooEarly, "Stale"],
};

describe("every rule is needed: switched off, a schedule breaks what it keeps", () => {
  for (const rule of Object.keys(ALL_RULES) as (keyof PrimaryRules)[]) {
    const [schedule, finding] = SCHEDULES[rule];
    it(`${rule}: ${finding}`, () => {
      expect(schedule(true)).toEqual([]);
      expect(schedule(false).join("\n")).toContain(finding);
    });
  }
});
