import { type Aim, BUSY, DEPOSED, LOST, PIECEMEAL } from "./aim.ts";
import type { Rule } from "./rules.ts";

/** Members come and go, and leaders with them. */
const REPLACED: Aim = {
  shape: { nodes: [3] },
  faults: ["replaceAgain", "splitChange", "isolateLeader", "crash"],
  all: true,
  work: { clients: [2], toTheEnd: [true] },
};
const CHUBBY = { keyspace: "chubby" } as const;

/** For the rules of Multi-Paxos. */
export const PAXOS_AIMS = {
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
  paxosSlotsByOwnConfiguration: { ...CHUBBY, ...REPLACED },
  paxosPrepareEveryConfiguration: { ...CHUBBY, ...REPLACED },
  paxosPromisedByIncoming: { ...CHUBBY, ...REPLACED },
  paxosOneChangeAtATime: { ...CHUBBY, ...REPLACED },
  paxosIncomingToldFirst: { ...CHUBBY, ...REPLACED, reads: "lease" },
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
} as const satisfies Partial<Record<Rule, Aim>>;
