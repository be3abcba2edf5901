import { judge, mutantOf, RULES, type Rule, SCHEDULED } from "@quorate/sim";
import { describe, expect, it } from "vitest";

/** One run for each rule: its seed, and how the finding begins. `quorate sim --mutants` finds others. */
const MUTANTS: readonly (readonly [rule: Rule, seed: bigint, finding: string])[] = [
  ["persistBeforeReply", 32n, "Leader Completeness"],
  ["voteOncePerTerm", 1n, "Election Safety"],
  ["upToDateLog", 1n, "Leader Completeness"],
  ["commitOnlyOwnTerm", 2n, "Leader Completeness"],
  ["noopOnElection", 1n, "no read succeeded"],
  ["truncateOnlyOnConflict", 3n, "Committed Entries Stay"],
  ["termCheck", 7n, "Committed Entries Stay"],
  ["confirmReads", 3n, "is not linearizable"],
  ["jointNeedsBoth", 56n, "Leader Completeness"],
  ["repairPastLostVotes", 6n, "fell from"],
  ["countSelfWhenDurable", 7n, "Leader Completeness"],
  ["leaseWithinBound", 2n, "is not linearizable"],
  ["preVote", 1n, "and deposed"],
  ["checkQuorum", 1n, "nothing was written"],
  ["stepDownOnHungDisk", 1n, "still leads"],
  ["atMostOnce", 3n, "writes applied to k0"],
  ["sessionsInSnapshots", 1n, "is not linearizable"],
  ["replayBeforeServing", 2n, "showed revision"],
  ["logTimeGoesOn", 51n, "its key is still there"],
  ["logTimeByTerm", 176n, "ms ended"],
  ["rebuildDamaged", 1n, "fell from"],
  ["rebornAreSilent", 6n, "fell from"],
  ["quarantineDeviating", 6n, "serves a keepsake"],
  ["watchFromStart", 2n, "was never told of revision"],
  ["renewalWins", 2n, "ms ended"],
  ["compactionTellsWatchers", 9n, "was never told of revision"],
  ["paxosPersistBeforeReply", 54n, "State Machine Safety"],
  ["paxosPromiseHolds", 39n, "State Machine Safety"],
  ["paxosAdoptHighest", 54n, "State Machine Safety"],
  ["paxosLearnByBallot", 6n, "State Machine Safety"],
  ["paxosCountSelfWhenDurable", 5n, "State Machine Safety"],
  ["paxosConfirmReads", 2n, "is not linearizable"],
  ["paxosLeaseWithinBound", 6n, "is not linearizable"],
  ["paxosRepairPastLostPromises", 1n, "fell from"],
  ["paxosLeaderStickiness", 15n, "and deposed"],
  ["paxosPreVote", 1n, "and deposed"],
  ["paxosCheckQuorum", 1n, "nothing was written"],
  ["paxosStepDownOnHungDisk", 1n, "still leads"],
  ["zabPersistBeforeReply", 5n, "Leader Completeness"],
  ["zabPersistAcceptedEpoch", 1n, "fell from"],
  ["zabPersistCurrentEpoch", 1n, "fell from"],
  ["zabTruncate", 1n, "State Machine Safety"],
  ["zabSyncBeforeBroadcast", 1n, "Primary Integrity"],
  ["zabLaterProposalsToJoiner", 13n, "Leader Completeness"],
  ["zabCommitByMajority", 2n, "Leader Completeness"],
  ["primaryCountSelfWhenDurable", 83n, "State Machine Safety"],
  ["primaryActWithinTenure", 21n, "is not linearizable"],
  ["primaryShrinkFirst", 26n, "State Machine Safety"],
  ["primaryNewEpochInNewLife", 7n, "State Machine Safety"],
  ["primaryResignOnHungDisk", 2n, "still leads"],
  ["primaryReadsAfterOwnEpoch", 1n, "is not linearizable"],
  ["chainPersistBeforeForward", 1n, "State Machine Safety"],
  ["chainRefuseOldEpochs", 3n, "Update Propagation"],
  ["chainShrinkFirst", 6n, "Update Propagation"],
  ["chainReadWithinLease", 14n, "is not linearizable"],
  ["chainWholeBeforeReads", 19n, "is not linearizable"],
  ["chainAskWhenDirty", 1n, "is not linearizable"],
  ["chainTruncateOnlyOnConflict", 4n, "Update Propagation"],
  ["chainResignOnHungDisk", 1n, "still leads"],
  ["officeTenureWithinBound", 11n, "is not linearizable"],
  ["officeAskEnough", 126n, "is not linearizable"],
  ["cacheCountFromSending", 7n, "is not linearizable"],
  ["cacheDriftMargin", 14n, "is not linearizable"],
  ["cacheRememberRevoked", 3n, "is not linearizable"],
  ["cacheWaitAfterRestart", 3n, "is not linearizable"],
  ["cacheBoundDuringWrite", 1n, "is not linearizable"],
  ["cacheWritesWait", 2n, "is not linearizable"],
];

describe("without the rule a promise breaks, and in the very same run it holds with it", () => {
  for (const [rule, seed, finding] of MUTANTS) {
    it(rule, () => {
      const verdict = judge(mutantOf(rule, seed));
      expect(verdict).toEqual({ type: "Caught", finding: expect.stringContaining(finding) });
    });
  }
});

describe("where no seed was found, a schedule of the protocol alone shows it", () => {
  for (const [rule, { violations }] of Object.entries(SCHEDULED)) {
    it(rule, () => {
      expect(violations(true)).toEqual([]);
      expect(violations(false)).not.toEqual([]);
    });
  }
});

it("every rule has its run, or its schedule", () => {
  const shown: string[] = [...MUTANTS.map(([rule]) => rule), ...Object.keys(SCHEDULED)];
  expect(shown.sort()).toEqual([...RULES].sort());
});
