import { ALL_RULES, type ZabRules } from "@quorate/kernel/zab";
import { describe, expect, it } from "vitest";
import {
  acknowledgedAndLost,
  askedByTwo,
  broadcastTooEarly,
  cutLost,
  cutTail,
  deliveredAlone,
  forgottenEpoch,
  promisedTwice,
  proposedMeanwhile,
  rebuiltByOld,
  type Schedule,
  wrongLeader,
} from "./schedules.ts";

const SCHEDULES: Readonly<Record<keyof ZabRules, readonly [schedule: Schedule, finding: string]>> =
  {
    persistBeforeReply: [acknowledgedAndLost, "Leader Completeness"],
    persistAcceptedEpoch: [promisedTwice, "One Leader"],
    promiseEpochOnce: [askedByTwo, "One Leader"],
    persistCurrentEpoch: [forgottenEpoch, "Primary Integrity"],
    truncate: [cutTail, "State Machine Safety"],
    truncateFlushed: [cutLost, "Primary Integrity"],
    syncBeforeBroadcast: [broadcastTooEarly, "Leader Completeness"],
    laterProposalsToJoiner: [proposedMeanwhile, "Leader Completeness"],
    commitByMajority: [deliveredAlone, "Leader Completeness"],
    giveUpWhenFollowerAhead: [wrongLeader, "Leader Completeness"],
    repairedByLaterEpoch: [rebuiltByOld, "State Machine Safety"],
  };

describe("every rule is needed: switched off, a schedule breaks what it keeps", () => {
  for (const rule of Object.keys(ALL_RULES) as (keyof ZabRules)[]) {
    const [schedule, finding] = SCHEDULES[rule];
    it(`${rule}: ${finding}`, () => {
      expect(schedule(true)).toEqual([]);
      expect(schedule(false).join("\n")).toContain(finding);
    });
  }
});
