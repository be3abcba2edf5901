import type { ProfileName } from "@quorate/kernel/replica";
import type { FaultType } from "../faults/index.ts";
import type { DiskFaults } from "../world/disk.ts";
import type { NetworkFaults } from "../world/network.ts";
import type { WorkPlan } from "./draw.ts";
import type { Habits, ProductPlan, RunPlan } from "./plan.ts";
import type { Rule } from "./rules.ts";

/** For some parts of a plan, the values that are drawn from instead of the usual ones. */
export type Choices<T> = { readonly [K in keyof T]?: readonly T[K][] };

/**
 * What the seeds draw when they look for the loss of one rule: the faults, settings and clients under which it matters,
 * and nothing of the order in which they come. With the rule on the same runs must hold all promises.
 */
export interface Aim {
  readonly shape?: Choices<Pick<RunPlan, "nodes" | "millis">>;
  /** Whose protocol it is a rule of, where that is not everybody's. */
  readonly keyspace?: ProfileName;
  readonly reads?: RunPlan["reads"];
  /** Each as likely as it is often named. */
  readonly faults?: readonly FaultType[];
  /** Every run draws from all of these faults, not from a few of them. */
  readonly all?: boolean;
  /** Between two faults, on average. */
  readonly gapMillis?: readonly number[];
  readonly network?: Choices<NetworkFaults>;
  readonly disk?: Choices<DiskFaults>;
  readonly product?: Choices<ProductPlan>;
  readonly work?: Choices<WorkPlan>;
  readonly habits?: Choices<Habits>;
}

/** Leaders lose their lead, over and over, in every way. */
const DEPOSED: readonly FaultType[] = ["crash", "pauseLeader", "isolateLeader", "partition"];
/** Copies are lost, and the leader that is to restore them. */
const LOST: readonly FaultType[] = ["loseJournal", "badSectors", "rotBit", "spoilHeader", "crash"];
/** Every entry travels alone, and slowly: a log is often complete in part. */
const PIECEMEAL = { batchEntriesMax: [1], inflightMessagesMax: [1, 4], tailEntriesMax: [10_000] };
const BUSY = { clients: [4, 6], operations: [200] };

const CHUBBY = { keyspace: "chubby" } as const;
const ZOOKEEPER = { keyspace: "zookeeper" } as const;
const SYNCHRONOUS = { keyspace: "primary-sync" } as const;
const CHAIN = { keyspace: "chain" } as const;
const CRAQ = { keyspace: "craq" } as const;

export const AIMS: Readonly<Record<Rule, Aim>> = {
  persistBeforeReply: {
    shape: { nodes: [3] },
    faults: ["crash", "crashAll", "crashLoop", "isolateLeader"],
    all: true,
    disk: { syncMicrosMax: [20_000], tornPerMille: [0] },
  },
  voteOncePerTerm: {
    shape: { nodes: [5] },
    faults: ["pauseLeader", "isolateLeader", "deposeAgain"],
    all: true,
    network: { delayMicrosMax: [40_000] },
    product: { jitter: [false] },
  },
  upToDateLog: { faults: DEPOSED, all: true },
  commitOnlyOwnTerm: {
    shape: { nodes: [5], millis: [15_000] },
    faults: ["deposeAgain"],
    network: { delayMicrosMax: [40_000] },
    product: PIECEMEAL,
    work: { clients: [4] },
  },
  noopOnElection: {
    faults: ["crashAll", "crash", "isolateLeader"],
    all: true,
    work: { operations: [10], toTheEnd: [true], leases: [0] },
  },
  truncateOnlyOnConflict: {
    faults: DEPOSED,
    network: { mode: ["bare"], duplicatePerMille: [200], delayMicrosMax: [40_000] },
    work: BUSY,
  },
  termCheck: {
    faults: ["clog", "slowLink", "isolateLeader", "crash"],
    all: true,
    network: { mode: ["bare"], delayMicrosMax: [40_000] },
    work: BUSY,
  },
  confirmReads: {
    faults: ["isolateLeader", "pauseLeader", "bridge"],
    all: true,
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
  /** Not for seeds to find: see `SCHEDULED`. */
  changeNeedsOwnTerm: {},
  jointNeedsBoth: {
    shape: { nodes: [3] },
    faults: ["replaceAgain", "splitChange"],
    all: true,
    gapMillis: [2000],
    work: { clients: [2], toTheEnd: [true] },
  },
  repairPastLostVotes: {
    shape: { nodes: [3] },
    faults: [...LOST, "isolateLeader"],
    all: true,
  },
  repairedByOwnTerm: {
    shape: { nodes: [3] },
    faults: ["farAway", "crash", "loseLeader", "loseJournal", "isolateRebuilder"],
    all: true,
    gapMillis: [2000],
    network: { delayMicrosMax: [40_000] },
    product: { ...PIECEMEAL, inflightMessagesMax: [1] },
    work: { ...BUSY, toTheEnd: [true] },
    habits: { thinkMillisMax: [20] },
  },
  countSelfWhenDurable: {
    shape: { nodes: [3] },
    faults: ["slowDisk", "hangDisk", "cutPair", "crash"],
    all: true,
    gapMillis: [300],
    work: BUSY,
  },
  leaseWithinBound: {
    reads: "lease",
    faults: ["isolateLeader", "pauseLeader", "drift"],
    all: true,
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
  preVote: { shape: { nodes: [3, 5], millis: [4000] }, work: { trials: [["absence"]] } },
  checkQuorum: { shape: { nodes: [3, 5], millis: [4000] }, work: { trials: [["deafness"]] } },
  stepDownOnHungDisk: {
    shape: { nodes: [3, 5], millis: [4000] },
    work: { trials: [["hungDisk"]] },
  },
  atMostOnce: {
    faults: DEPOSED,
    all: true,
    habits: { sessionPerMille: [1000], keys: [2], patienceMillis: [1500] },
  },
  sessionsInSnapshots: {
    faults: ["crash", "crashAll", "isolateLeader"],
    all: true,
    product: { tailEntriesMax: [5], checkpointBytes: [500] },
    habits: { sessionPerMille: [1000], patienceMillis: [1500] },
  },
  replayBeforeServing: {
    faults: ["crash", "crashAll"],
    all: true,
    product: { checkpointBytes: [1 << 26], applyEntriesMax: [1, 16] },
    work: { localReaders: [true] },
  },
  logTimeGoesOn: {
    faults: DEPOSED,
    gapMillis: [8000],
    work: { leases: [4], toTheEnd: [true] },
  },
  logTimeByTerm: {
    shape: { nodes: [3] },
    faults: ["isolateLeader", "moveLeader", "moveLeader"],
    all: true,
    product: { jitter: [false] },
    gapMillis: [400, 1000],
    work: { leases: [12], toTheEnd: [true] },
  },
  rebuildDamaged: {
    shape: { nodes: [3] },
    faults: [...LOST, "isolateLeader"],
    all: true,
  },
  rebornAreSilent: {
    shape: { nodes: [3] },
    faults: ["loseJournal", "badSectors", "crash", "isolateLeader"],
    all: true,
  },
  quarantineDeviating: {
    shape: { nodes: [3, 5], millis: [10_000] },
    faults: ["flipMemory", "crash"],
    all: true,
    product: { checkTicks: [500] },
  },
  watchFromStart: { faults: ["crash", "isolateLeader"], work: { watchers: [3] } },
  renewalWins: {
    faults: ["slowDisk", "slowLink"],
    network: { delayMicrosMax: [40_000] },
    disk: { syncMicrosMax: [20_000] },
    work: { leases: [12], toTheEnd: [true] },
  },
  compactionTellsWatchers: {
    faults: ["cutPair", "clog", "slowNode", "crash"],
    all: true,
    product: { applyEntriesMax: [4096] },
    work: { watchers: [3], compactions: [true], operations: [200] },
  },
  paxosPersistBeforeReply: {
    ...CHUBBY,
    shape: { nodes: [3] },
    faults: ["crash", "crashAll", "crashLoop", "isolateLeader"],
    all: true,
    disk: { syncMicrosMax: [20_000], tornPerMille: [0] },
  },
  paxosPromiseHolds: {
    ...CHUBBY,
    shape: { nodes: [3, 5] },
    faults: ["pauseLeader", "isolateLeader", "deposeAgain", "clog"],
    all: true,
    network: { mode: ["bare"], delayMicrosMax: [40_000] },
    product: PIECEMEAL,
    work: BUSY,
  },
  paxosAdoptHighest: { ...CHUBBY, faults: DEPOSED, all: true },
  paxosQuorumOfOneBallot: {
    ...CHUBBY,
    shape: { nodes: [5] },
    faults: ["deposeAgain", "pauseLeader", "isolateLeader"],
    all: true,
    network: { mode: ["bare"], delayMicrosMax: [40_000] },
    product: PIECEMEAL,
    work: BUSY,
  },
  paxosFillHoles: {
    ...CHUBBY,
    shape: { nodes: [3] },
    faults: ["crash", "crashLoop", "isolateLeader", "deposeAgain", "partition"],
    all: true,
    gapMillis: [300],
    network: { mode: ["bare"], delayMicrosMax: [40_000], lossPerMille: [200] },
    product: { ...PIECEMEAL, inflightMessagesMax: [64] },
    work: { clients: [6], operations: [200] },
    habits: { thinkMillisMax: [20] },
  },
  paxosLearnByBallot: { ...CHUBBY, faults: DEPOSED, all: true },
  paxosCountSelfWhenDurable: { ...CHUBBY, faults: DEPOSED, all: true },
  paxosConfirmReads: {
    ...CHUBBY,
    faults: ["isolateLeader", "pauseLeader", "bridge"],
    all: true,
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
  paxosLeaseWithinBound: {
    ...CHUBBY,
    reads: "lease",
    faults: ["isolateLeader", "pauseLeader", "drift"],
    all: true,
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
  paxosRepairPastLostPromises: {
    ...CHUBBY,
    shape: { nodes: [3] },
    faults: [...LOST, "isolateLeader"],
    all: true,
  },
  paxosRepairedBySeeing: {
    ...CHUBBY,
    shape: { nodes: [3] },
    faults: ["farAway", "crash", "loseLeader", "loseJournal", "isolateRebuilder"],
    all: true,
    gapMillis: [2000],
    network: { delayMicrosMax: [40_000] },
    product: { ...PIECEMEAL, inflightMessagesMax: [1] },
    work: { ...BUSY, toTheEnd: [true] },
    habits: { thinkMillisMax: [20] },
  },
  paxosLeaderStickiness: {
    ...CHUBBY,
    shape: { nodes: [3, 5], millis: [4000] },
    work: { trials: [["absence"]] },
  },
  paxosPreVote: {
    ...CHUBBY,
    shape: { nodes: [3, 5], millis: [4000] },
    work: { trials: [["absence"]] },
  },
  paxosBackOff: {
    ...CHUBBY,
    faults: DEPOSED,
    all: true,
    product: { jitter: [false] },
  },
  paxosCheckQuorum: {
    ...CHUBBY,
    shape: { nodes: [3, 5], millis: [4000] },
    work: { trials: [["deafness"]] },
  },
  paxosStepDownOnHungDisk: {
    ...CHUBBY,
    shape: { nodes: [3, 5], millis: [4000] },
    work: { trials: [["hungDisk"]] },
  },
  zabPersistBeforeReply: { ...ZOOKEEPER, faults: DEPOSED, all: true },
  zabPersistAcceptedEpoch: { ...ZOOKEEPER, faults: DEPOSED, all: true },
  zabPersistCurrentEpoch: { ...ZOOKEEPER, faults: DEPOSED, all: true },
  zabPromiseEpochOnce: {
    ...ZOOKEEPER,
    shape: { nodes: [3, 5] },
    faults: ["deposeAgain", "pauseLeader", "crash", "bridge"],
    all: true,
    gapMillis: [300],
    network: { mode: ["bare"], delayMicrosMax: [40_000] },
    work: BUSY,
  },
  zabTruncate: { ...ZOOKEEPER, faults: DEPOSED, all: true },
  zabTruncateFlushed: {
    ...ZOOKEEPER,
    shape: { nodes: [3] },
    faults: ["crash", "crashAll", "crashLoop", "isolateLeader"],
    all: true,
    gapMillis: [300],
    disk: { syncMicrosMax: [20_000, 200_000], tornPerMille: [0] },
    work: BUSY,
    habits: { thinkMillisMax: [20] },
  },
  zabSyncBeforeBroadcast: {
    ...ZOOKEEPER,
    faults: ["crash", "isolateLeader", "deposeAgain", "clog"],
    all: true,
    gapMillis: [300],
    network: { delayMicrosMax: [40_000] },
    product: PIECEMEAL,
    work: BUSY,
  },
  zabLaterProposalsToJoiner: { ...ZOOKEEPER, faults: DEPOSED, all: true },
  zabCommitByMajority: { ...ZOOKEEPER, faults: DEPOSED, all: true },
  zabGiveUpWhenFollowerAhead: {
    ...ZOOKEEPER,
    shape: { nodes: [3, 5] },
    faults: ["deposeAgain", "crash", "crashAll", "isolateLeader"],
    all: true,
    gapMillis: [300],
    network: { mode: ["bare"], delayMicrosMax: [40_000], lossPerMille: [100] },
    work: BUSY,
  },
  zabRepairedByLaterEpoch: {
    ...ZOOKEEPER,
    shape: { nodes: [3] },
    faults: ["farAway", "crash", "loseLeader", "loseJournal", "isolateRebuilder"],
    all: true,
    gapMillis: [2000],
    network: { delayMicrosMax: [40_000] },
    product: { ...PIECEMEAL, inflightMessagesMax: [1] },
    work: { ...BUSY, toTheEnd: [true] },
    habits: { thinkMillisMax: [20] },
  },
  primaryPersistBeforeAck: {
    ...SYNCHRONOUS,
    shape: { nodes: [3] },
    faults: ["crash", "crashAll", "crashLoop", "hangDisk"],
    all: true,
    gapMillis: [300],
    disk: { syncMicrosMax: [20_000, 200_000], tornPerMille: [0] },
    work: BUSY,
    habits: { thinkMillisMax: [20] },
  },
  primaryCountSelfWhenDurable: {
    ...SYNCHRONOUS,
    shape: { nodes: [3] },
    faults: ["crash", "crashAll", "crashLoop"],
    all: true,
    disk: { syncMicrosMax: [20_000], tornPerMille: [0] },
    work: BUSY,
    habits: { thinkMillisMax: [20] },
  },
  primaryRefuseOldEpochs: {
    ...SYNCHRONOUS,
    shape: { nodes: [3] },
    faults: ["moveLeader", "moveLeader", "crash", "clog", "cutPair"],
    all: true,
    gapMillis: [300],
    network: { mode: ["bare"], delayMicrosMax: [40_000], reorderPerMille: [300] },
    product: { ...PIECEMEAL, inflightMessagesMax: [64] },
    work: { clients: [6], operations: [200] },
    habits: { thinkMillisMax: [20] },
  },
  primaryActWithinTenure: {
    ...SYNCHRONOUS,
    faults: ["isolateLeader", "pauseLeader", "bridge"],
    all: true,
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
  primaryJoinBeforeReads: {
    keyspace: "waro",
    shape: { nodes: [3] },
    faults: ["lieSync"],
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
  primaryPersistEpochFirst: {
    ...SYNCHRONOUS,
    shape: { nodes: [3] },
    faults: ["crash", "crashAll", "crashLoop", "isolateLeader"],
    all: true,
    gapMillis: [300],
    disk: { syncMicrosMax: [20_000], tornPerMille: [0] },
    work: BUSY,
  },
  primaryShrinkFirst: {
    ...SYNCHRONOUS,
    faults: ["isolateLeader", "cutPair", "crash"],
    all: true,
    work: BUSY,
  },
  primaryGrowFirst: {
    ...SYNCHRONOUS,
    shape: { nodes: [5] },
    faults: ["cutPair", "clog", "crash", "crashLoop", "isolateLeader", "slowLink"],
    all: true,
    gapMillis: [300],
    network: { delayMicrosMax: [40_000] },
    work: { clients: [6], operations: [200] },
    habits: { thinkMillisMax: [20] },
  },
  primaryNewEpochInNewLife: {
    ...SYNCHRONOUS,
    shape: { nodes: [3] },
    faults: ["crash", "crashLoop", "cutPair"],
    all: true,
    gapMillis: [300],
    disk: { syncMicrosMax: [20_000], tornPerMille: [0] },
    work: BUSY,
    habits: { thinkMillisMax: [20] },
  },
  primaryTruncateOnlyOnConflict: {
    ...SYNCHRONOUS,
    shape: { nodes: [3] },
    faults: ["crash", "crashLoop", "cutPair", "isolateLeader"],
    all: true,
    gapMillis: [300],
    network: {
      mode: ["bare"],
      duplicatePerMille: [300],
      reorderPerMille: [300],
      delayMicrosMax: [40_000],
    },
    product: { ...PIECEMEAL, inflightMessagesMax: [64] },
    work: { clients: [6], operations: [200] },
    habits: { thinkMillisMax: [20] },
  },
  primaryResignOnHungDisk: {
    ...SYNCHRONOUS,
    shape: { nodes: [3, 5], millis: [4000] },
    work: { trials: [["hungDisk"]] },
  },
  primaryReadsAfterOwnEpoch: {
    ...SYNCHRONOUS,
    faults: [...DEPOSED, "moveLeader"],
    all: true,
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
  chainPersistBeforeForward: {
    ...CHAIN,
    shape: { nodes: [3] },
    faults: ["crash", "crashAll", "crashLoop", "hangDisk"],
    all: true,
    gapMillis: [300],
    disk: { syncMicrosMax: [20_000, 200_000], tornPerMille: [0] },
    work: BUSY,
    habits: { thinkMillisMax: [20] },
  },
  chainCommitWhenDurable: {
    ...CHAIN,
    shape: { nodes: [3] },
    faults: ["crash", "crashAll", "crashLoop"],
    all: true,
    gapMillis: [300],
    disk: { syncMicrosMax: [20_000, 200_000], tornPerMille: [0] },
    work: BUSY,
    habits: { thinkMillisMax: [20] },
  },
  chainRefuseOldEpochs: {
    ...CHAIN,
    shape: { nodes: [3] },
    faults: ["moveLeader", "moveLeader", "crash", "clog", "cutPair"],
    all: true,
    gapMillis: [300],
    network: { mode: ["bare"], delayMicrosMax: [40_000], reorderPerMille: [300] },
    product: { ...PIECEMEAL, inflightMessagesMax: [64] },
    work: { clients: [6], operations: [200] },
    habits: { thinkMillisMax: [20] },
  },
  chainActWithinTenure: {
    ...CRAQ,
    faults: ["isolateLeader", "pauseLeader", "bridge"],
    all: true,
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
  chainNewEpochInNewLife: {
    ...CHAIN,
    shape: { nodes: [3] },
    faults: ["crash", "crashLoop", "cutPair"],
    all: true,
    gapMillis: [300],
    work: BUSY,
    habits: { thinkMillisMax: [20] },
  },
  chainPersistEpochFirst: {
    ...CHAIN,
    shape: { nodes: [3] },
    faults: ["crash", "crashAll", "crashLoop", "isolateLeader"],
    all: true,
    gapMillis: [300],
    disk: { syncMicrosMax: [20_000], tornPerMille: [0] },
    work: BUSY,
  },
  chainAnnounceFirst: {
    ...CHAIN,
    shape: { nodes: [3] },
    faults: ["cutPair", "clog", "crash", "crashLoop", "isolateLeader", "slowLink"],
    all: true,
    gapMillis: [300],
    network: { delayMicrosMax: [40_000] },
    work: { clients: [6], operations: [200] },
    habits: { thinkMillisMax: [20] },
  },
  chainShrinkFirst: {
    ...CHAIN,
    faults: ["isolateLeader", "cutPair", "crash"],
    all: true,
    work: BUSY,
  },
  chainWaitOutLease: {
    ...CHAIN,
    faults: ["cutPair", "pause", "oneWay", "bridge"],
    all: true,
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
  chainReadWithinLease: {
    ...CRAQ,
    faults: ["cutPair", "pause", "oneWay", "bridge"],
    all: true,
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
  chainWholeBeforeReads: {
    ...CHAIN,
    faults: ["crash", "cutPair", "slowLink"],
    all: true,
    network: { delayMicrosMax: [40_000] },
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
  chainAskWhenDirty: {
    ...CRAQ,
    network: { delayMicrosMax: [40_000] },
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
  chainTruncateOnlyOnConflict: {
    ...CHAIN,
    shape: { nodes: [3] },
    faults: ["crash", "crashLoop", "cutPair", "isolateLeader"],
    all: true,
    gapMillis: [300],
    network: {
      mode: ["bare"],
      duplicatePerMille: [300],
      reorderPerMille: [300],
      delayMicrosMax: [40_000],
    },
    product: { ...PIECEMEAL, inflightMessagesMax: [64] },
    work: { clients: [6], operations: [200] },
    habits: { thinkMillisMax: [20] },
  },
  chainResignOnHungDisk: {
    ...CHAIN,
    shape: { nodes: [3, 5], millis: [4000] },
    work: { trials: [["hungDisk"]] },
  },
  officeTenureWithinBound: {
    ...SYNCHRONOUS,
    faults: ["isolateLeader", "pauseLeader", "bridge"],
    all: true,
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
  officeWaitOutTenure: {
    ...SYNCHRONOUS,
    faults: ["isolateLeader", "pauseLeader", "bridge"],
    all: true,
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
};
