import type { ProfileName } from "@quorate/kernel/replica";
import type { FaultType } from "../faults/index.ts";
import type { DiskFaults } from "../world/disk.ts";
import type { NetworkFaults } from "../world/network.ts";
import type { WorkPlan } from "./draw.ts";
import type { Habits, ProductPlan, RunPlan } from "./plan.ts";

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

/** Every entry travels alone, and slowly: a log is often complete in part. */
export const PIECEMEAL = {
  batchEntriesMax: [1],
  inflightMessagesMax: [1, 4],
  tailEntriesMax: [10_000],
};
export const BUSY = { clients: [4, 6], operations: [200] };

/** Leaders lose their lead, over and over, in every way. */
export const DEPOSED: readonly FaultType[] = ["crash", "pauseLeader", "isolateLeader", "partition"];
/** Copies are lost, and the leader that is to restore them. */
export const LOST: readonly FaultType[] = [
  "loseJournal",
  "badSectors",
  "rotBit",
  "spoilHeader",
  "crash",
];
