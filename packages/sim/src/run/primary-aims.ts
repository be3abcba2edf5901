import { type Aim, BUSY, DEPOSED, PIECEMEAL } from "./aim.ts";
import type { Rule } from "./rules.ts";

const SYNCHRONOUS = { keyspace: "primary-sync" } as const;

/** Readers everywhere, few keys: whoever answers from what is old is found. */
const LEASED = {
  keyspace: "primary-sync",
  reads: "lease",
  work: BUSY,
  habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
} as const satisfies Aim;

/** For the rules of primary–secondary replication, and of the offices of its primaries. */
export const PRIMARY_AIMS = {
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
  primaryWaitOutLease: {
    ...LEASED,
    faults: ["isolateLeader", "cutPair", "partition", "pause"],
    all: true,
  },
  primaryReadWithinLease: {
    ...LEASED,
    faults: ["isolateLeader", "cutPair", "partition", "pause"],
    all: true,
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
  /** Not for seeds to find: see `SCHEDULED`. */
  primaryCommitOwnEpochFirst: {},
  primaryWholeBeforeOffice: {},
  primaryReadsAfterOwnEpoch: {
    ...SYNCHRONOUS,
    faults: [...DEPOSED, "moveLeader"],
    all: true,
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
  officeTenureWithinBound: {
    ...SYNCHRONOUS,
    faults: ["isolateLeader", "pauseLeader", "bridge"],
    all: true,
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
  officeAskEnough: {
    keyspace: "primary-quorum",
    shape: { nodes: [5] },
    faults: ["isolateLeader", "crash", "crashLoop", "partition", "cutPair"],
    all: true,
    work: BUSY,
  },
  officeWaitOutTenure: {
    ...SYNCHRONOUS,
    faults: ["isolateLeader", "pauseLeader", "bridge"],
    all: true,
    work: BUSY,
    habits: { keys: [1], readPerMille: [600], thinkMillisMax: [20] },
  },
} as const satisfies Partial<Record<Rule, Aim>>;
