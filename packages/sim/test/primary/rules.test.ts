import { ALL_RULES, type PrimaryRules } from "@quorate/kernel/primary";
import { SCHEDULED } from "@quorate/sim";
import { describe, expect, it } from "vitest";
import {
  acknowledgedAndLost,
  countedAndLost,
  grantedUnheard,
  hungDisk,
  lateRepetition,
  oldUpdate,
  paused,
  readFromTail,
  readTooEarly,
  type Schedule,
  sameEpochAgain,
  withoutWord,
} from "./schedules.ts";

const scheduled =
  (rule: keyof typeof SCHEDULED): Schedule =>
  (on) =>
    SCHEDULED[rule]?.violations(on) ?? [];

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
  persistEpochFirst: [scheduled("primaryPersistEpochFirst"), "Agreement"],
  joinBeforeReads: [readFromTail, "Stale"],
  truncateOnlyOnConflict: [lateRepetition, "Completeness"],
  resignOnHungDisk: [hungDisk, "Progress"],
  waitOutLease: [scheduled("primaryWaitOutLease"), "Stale"],
  readWithinLease: [scheduled("primaryReadWithinLease"), "Stale"],
  commitOwnEpochFirst: [scheduled("primaryCommitOwnEpochFirst"), "Completeness"],
  wholeBeforeOffice: [scheduled("primaryWholeBeforeOffice"), "Completeness"],
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
