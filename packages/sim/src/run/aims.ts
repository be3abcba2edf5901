import { type Aim, BUSY, DEPOSED, LOST, PIECEMEAL } from "./aim.ts";
import { CACHE_AIMS } from "./cache-aims.ts";
import { CHAIN_AIMS } from "./chain-aims.ts";
import { PAXOS_AIMS } from "./paxos-aims.ts";
import { PRIMARY_AIMS } from "./primary-aims.ts";
import type { Rule } from "./rules.ts";
import { ZAB_AIMS } from "./zab-aims.ts";

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
  /** Not for seeds to find: see `SCHEDULED`. */
  acksByEpoch: {},
  officePromoteByMajority: {},
  exportBeforeUndo: {},
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
  ...PAXOS_AIMS,
  ...ZAB_AIMS,
  ...PRIMARY_AIMS,
  ...CHAIN_AIMS,
  ...CACHE_AIMS,
};
