import { type Aim, BUSY, DEPOSED, PIECEMEAL } from "./aim.ts";
import type { Rule } from "./rules.ts";

const ZOOKEEPER = { keyspace: "zookeeper" } as const;

/** For the rules of ZAB. */
export const ZAB_AIMS = {
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
} as const satisfies Partial<Record<Rule, Aim>>;
