import type { Episode, FaultType } from "../faults/index.ts";
import type { ClockFault } from "../world/clock.ts";
import type { DiskFaults } from "../world/disk.ts";
import type { NetworkFaults } from "../world/network.ts";
import type { Rules } from "./rules.ts";

/** Settings of the product that a plan draws: its rare paths are taken often. */
export interface ProductPlan {
  readonly quiesceTicks: number;
  readonly batchEntriesMax: number;
  readonly inflightMessagesMax: number;
  readonly tailEntriesMax: number;
  readonly checkpointBytes: number;
  readonly pinnedBytesMax: number;
  readonly checkTicks: number;
  readonly applyEntriesMax: number;
  /** Without it all replicas wait nearly equally long before they stand for election. */
  readonly jitter: boolean;
  /** Some nodes with another election time-out, log tail and batch than the rest. */
  readonly mixed: boolean;
}

/** All that is decided of a run before it begins: plain values, so that it can be shown, cut down and kept. */
export interface RunPlan {
  readonly seed: bigint;
  readonly nodes: number;
  readonly network: NetworkFaults;
  readonly disk: DiskFaults;
  readonly product: ProductPlan;
  readonly clocks: readonly ClockFault[];
  readonly clients: number;
  readonly operations: number;
  readonly reads: "readIndex" | "lease" | "local";
  readonly watchers: number;
  readonly compactions: boolean;
  readonly leases: number;
  readonly episodes: readonly Episode[];
  /** Simulated milliseconds with faults, at most; fewer if the clients are done before. */
  readonly millis: number;
  readonly rules: Partial<Rules>;
}

/** What a caller may decide instead of the seed. */
export interface RunOptions {
  readonly nodes?: number;
  readonly faults?: readonly FaultType[];
  readonly clients?: number;
  readonly operations?: number;
  readonly millis?: number;
  readonly reads?: RunPlan["reads"];
  readonly rules?: Partial<Rules>;
}
