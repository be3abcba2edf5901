import type { ProfileName } from "@quorate/kernel/replica";
import type { Episode, FaultType } from "../faults/index.ts";
import type { Workload } from "../workload/clients.ts";
import type { ClockFault } from "../world/clock.ts";
import type { DiskFaults } from "../world/disk.ts";
import type { NetworkFaults } from "../world/network.ts";
import type { Rule, Rules } from "./rules.ts";
import type { Trial } from "./trials.ts";

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
  readonly aliveTicks: number;
  /** Secondaries of an asynchronous primary ask for what is new so often; null: they are sent it. */
  readonly pullTicks: number | null;
  /** Without it all replicas wait nearly equally long before they stand for election. */
  readonly jitter: boolean;
  /** Some nodes with another election time-out, log tail and batch than the rest. */
  readonly mixed: boolean;
}

/** How clients behave, beside how many they are and what they are promised. */
export type Habits = Omit<Workload, "clients" | "operations" | "readLevel">;

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
  /** The profile of the keyspace that the clients use. */
  readonly keyspace: ProfileName;
  readonly reads: "readIndex" | "lease" | "local";
  readonly watchers: number;
  readonly compactions: boolean;
  readonly leases: number;
  /** Clients that read through caches. */
  readonly caches: number;
  readonly habits: Habits;
  /** A reader on every node looks at what is there at once, again and again: whatever it saw must stay seen. */
  readonly localReaders: boolean;
  /** A large value is written and never changed: what a defective memory does to it must not be served. */
  readonly keepsake: boolean;
  /** Faults strike to the end, though the clients have done all they were to do before. */
  readonly toTheEnd: boolean;
  /** What is tried when all has healed. */
  readonly trials: readonly Trial[];
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
  readonly keyspace?: ProfileName;
  readonly reads?: RunPlan["reads"];
  readonly rules?: Partial<Rules>;
  /** Draws what this rule is there for. It says nothing of whether the rule is on. */
  readonly aim?: Rule;
}
