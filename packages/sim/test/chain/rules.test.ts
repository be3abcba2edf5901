import { ALL_RULES, type ChainRules } from "@quorate/kernel/chain";
import { chainSchedules } from "@quorate/sim";
import { describe, expect, it } from "vitest";

const FINDINGS: Readonly<Record<keyof ChainRules, string>> = {
  persistBeforeForward: "Completeness",
  commitWhenDurable: "Completeness",
  refuseOldEpochs: "Agreement",
  refuseOldChains: "Completeness",
  actWithinTenure: "Stale",
  newEpochInNewLife: "Completeness",
  persistEpochFirst: "Completeness",
  announceFirst: "Completeness",
  shrinkFirst: "Completeness",
  waitOutLease: "Stale",
  readWithinLease: "Stale",
  wholeBeforeReads: "Stale",
  askWhenDirty: "Stale",
  truncateOnlyOnConflict: "Completeness",
  resignOnHungDisk: "Progress",
};

describe("every rule is needed: switched off, a schedule breaks what it keeps", () => {
  for (const rule of Object.keys(ALL_RULES) as (keyof ChainRules)[]) {
    it(`${rule}: ${FINDINGS[rule]}`, () => {
      expect(chainSchedules[rule](true)).toEqual([]);
      expect(chainSchedules[rule](false).join("\n")).toContain(FINDINGS[rule]);
    });
  }
});
