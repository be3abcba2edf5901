import { ALL_CHAIN_RULES, type ChainRules } from "@quorate/kernel/chain";
import { describe, expect, it } from "vitest";
import {
  committedAndLost,
  cutOffTail,
  dirtyRead,
  forgottenEpoch,
  forgottenTail,
  forwardedAndLost,
  grantedUnheard,
  hungDisk,
  lateRepetition,
  oldChain,
  oldUpdate,
  paused,
  type Schedule,
  sameEpochAgain,
  tailAgain,
  withoutWord,
} from "./schedules.ts";

const SCHEDULES: Readonly<
  Record<keyof ChainRules, readonly [schedule: Schedule, finding: string]>
> = {
  persistBeforeForward: [forwardedAndLost, "Completeness"],
  commitWhenDurable: [committedAndLost, "Completeness"],
  refuseOldEpochs: [oldUpdate, "Agreement"],
  refuseOldChains: [oldChain, "Completeness"],
  actWithinTenure: [paused, "Stale"],
  newEpochInNewLife: [sameEpochAgain, "Completeness"],
  persistEpochFirst: [forgottenEpoch, "Completeness"],
  announceFirst: [grantedUnheard, "Completeness"],
  shrinkFirst: [withoutWord, "Completeness"],
  waitOutLease: [cutOffTail, "Stale"],
  readWithinLease: [forgottenTail, "Stale"],
  wholeBeforeReads: [tailAgain, "Stale"],
  askWhenDirty: [dirtyRead, "Stale"],
  truncateOnlyOnConflict: [lateRepetition, "Completeness"],
  resignOnHungDisk: [hungDisk, "Progress"],
};

describe("every rule is needed: switched off, a schedule breaks what it keeps", () => {
  for (const rule of Object.keys(ALL_CHAIN_RULES) as (keyof ChainRules)[]) {
    const [schedule, finding] = SCHEDULES[rule];
    it(`${rule}: ${finding}`, () => {
      expect(schedule(true)).toEqual([]);
      expect(schedule(false).join("\n")).toContain(finding);
    });
  }
});
