import type { FaultType } from "../faults/index.ts";
import type { Aim } from "./aim.ts";
import type { Rule } from "./rules.ts";

/** Leaders lose their lead, by their own death or somebody's wish. */
const SUCCEEDED: readonly FaultType[] = ["crash", "isolateLeader", "moveLeader", "pauseLeader"];
/** Few keys, much read and often written: a cached value is soon an old one. */
const READ_OFTEN: Aim = {
  shape: { nodes: [3] },
  all: true,
  work: { clients: [4], operations: [100], caches: [3] },
  habits: { keys: [1, 2], readPerMille: [200], thinkMillisMax: [400], patienceMillis: [4000] },
};

export const CACHE_AIMS = {
  /** Writes are rare: a recall that waits with the answer would undo the harm. */
  cacheCountFromSending: {
    ...READ_OFTEN,
    faults: ["moveLeader"],
    work: { clients: [2], operations: [30], caches: [6] },
    habits: { keys: [2], readPerMille: [0], thinkMillisMax: [4000], patienceMillis: [4000] },
  },
  cacheDriftMargin: { ...READ_OFTEN, faults: ["drift"] },
  cacheRememberRevoked: {
    ...READ_OFTEN,
    faults: ["moveLeader"],
    network: { delayMicrosMax: [40_000] },
  },
  cacheWaitAfterRestart: { ...READ_OFTEN, faults: SUCCEEDED },
  cacheBoundDuringWrite: { ...READ_OFTEN, faults: ["moveLeader"] },
  cacheWritesWait: { ...READ_OFTEN, faults: ["moveLeader"] },
} satisfies Partial<Record<Rule, Aim>>;
