import { ALL_RULES, type ZabRules } from "@quorate/kernel/zab";
import { type Rule, SCHEDULED } from "@quorate/sim";
import { describe, expect, it } from "vitest";
import {
  acknowledgedAndLost,
  broadcastTooEarly,
  cutTail,
  deliveredAlone,
  forgottenEpoch,
  promisedTwice,
  proposedMeanwhile,
  type Schedule,
} from "./schedules.ts";

const scheduled =
  (rule: Rule): Schedule =>
  (on) =>
    SCHEDULED[rule]?.violations(on) ?? [];

const SCHEDULES: Readonly<Record<keyof ZabRules, readonly [schedule: Schedule, finding: string]>> =
  {
    persistBeforeReply: [acknowledgedAndLost, "Leader Completeness"],
    persistAcceptedEpoch: [promisedTwice, "One Leader"],
    promiseEpochOnce: [scheduled("zabPromiseEpochOnce"), "One Leader"],
    persistCurrentEpoch: [forgottenEpoch, "Primary Integrity"],
    truncate: [cutTail, "State Machine Safety"],
    truncateFlushed: [scheduled("zabTruncateFlushed"), "Primary Integrity"],
    syncBeforeBroadcast: [broadcastTooEarly, "Leader Completeness"],
    laterProposalsToJoiner: [proposedMeanwhile, "Leader Completeness"],
    commitByMajority: [deliveredAlone, "Leader Completeness"],
    giveUpWhenFollowerAhead: [scheduled("zabGiveUpWhenFollowerAhead"), "Leader Completeness"],
    repairedByLaterEpoch: [scheduled("zabRepairedByLaterEpoch"), "State Machine Safety"],
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
