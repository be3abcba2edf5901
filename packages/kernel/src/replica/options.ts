import { QUOTA_BYTES_DEFAULT } from "../machines/etcd/index.ts";
import {
  DEFAULT_SETTINGS as CHAIN_SETTINGS,
  type ChainSettings,
} from "../protocols/chain/index.ts";
import {
  DEFAULT_SETTINGS as PAXOS_SETTINGS,
  type PaxosSettings,
} from "../protocols/paxos/index.ts";
import {
  DEFAULT_SETTINGS as PRIMARY_SETTINGS,
  type PrimarySettings,
} from "../protocols/primary/index.ts";
import { DEFAULT_SETTINGS, type RaftSettings } from "../protocols/raft/index.ts";
import { DEFAULT_SETTINGS as ZAB_SETTINGS, type ZabSettings } from "../protocols/zab/index.ts";
import { type CacheSettings, DEFAULT_CACHE_SETTINGS } from "./cache-leases.ts";
import { type Profiles, standardProfiles } from "./profiles.ts";
import {
  ALL_OFFICE_RULES,
  ALL_REPLICA_RULES,
  type OfficeRules,
  type ReplicaRules,
} from "./rules.ts";

/** Every bound of a node, with what happens when it is hit. Times in ticks (ms), sizes in bytes. */
export interface NodeOptions {
  readonly raft: RaftSettings;
  readonly paxos: PaxosSettings;
  readonly zab: ZabSettings;
  /** Of all forms of primary–secondary replication; what makes each of them is its protocol's. */
  readonly primary: PrimarySettings;
  /** Of chain replication and of CRAQ, which differ in who answers readers. */
  readonly chain: ChainSettings;
  readonly profiles: Profiles;
  /** What the first leader of group 0 makes of the keyspace `default`. */
  readonly defaultProfile: string;
  /** Requests that wait for an outcome, of all clients; beyond it `Overloaded`. */
  readonly pendingMax: number;
  /** The largest request; one beyond it gets `TooLarge`. A journal record must hold it, and a frame. */
  readonly requestBytesMax: number;
  /** The log tail kept for followers; one that lags further gets a snapshot. */
  readonly tailEntriesMax: number;
  readonly tailBytesMax: number;
  /** A group that wrote so much since its last checkpoint gets another. */
  readonly checkpointBytes: number;
  /** A group that keeps so many bytes of journal from being deleted is checkpointed again. */
  readonly pinnedBytesMax: number;
  /** Checkpoints under way at once; others wait. */
  readonly checkpointsMax: number;
  /** Entries applied in one turn; the rest in the next, so that heartbeats get their turn. */
  readonly applyEntriesMax: number;
  /** How often a group that changed compares its hashes. 0: never. */
  readonly checkTicks: number;
  readonly checkEntries: number;
  /** How often a leader whose machine measures time tells it to its followers. */
  readonly logTimeTicks: number;
  /** For so long group 0 lets a node hold its offices, each time it asks; then others may be appointed. */
  readonly tenureTicks: number;
  /** A member that is preferred as a leader must have been up for so long before it is given the lead. */
  readonly failBackTicks: number;
  /** How often nodes say that they live, to peers that heard nothing else from them for half as long. */
  readonly aliveTicks: number;
  /** Elementary steps of background work per turn and group. */
  readonly tidyOps: number;
  readonly pumpOps: number;
  /** Of the leases that clients cache values by. */
  readonly cache: CacheSettings;
  readonly rules: ReplicaRules;
  readonly officeRules: OfficeRules;
  /** The newest formats this release applies; the cluster applies what all members can. */
  readonly version: number;
}

export const DEFAULT_OPTIONS: NodeOptions = Object.freeze({
  raft: DEFAULT_SETTINGS,
  paxos: PAXOS_SETTINGS,
  zab: ZAB_SETTINGS,
  primary: PRIMARY_SETTINGS,
  chain: CHAIN_SETTINGS,
  profiles: standardProfiles({
    quotaBytes: QUOTA_BYTES_DEFAULT,
    txnOpsMax: 128,
    leaseTtlSecondsMin: 2,
    leasesMax: 1_000_000,
    watchersMax: 1_000_000,
  }),
  defaultProfile: "etcd",
  pendingMax: 16_384,
  requestBytesMax: 1_572_864,
  tailEntriesMax: 10_000,
  tailBytesMax: 64 << 20,
  checkpointBytes: 64 << 20,
  pinnedBytesMax: 512 << 20,
  checkpointsMax: 2,
  applyEntriesMax: 4096,
  checkTicks: 10_000,
  checkEntries: 100_000,
  logTimeTicks: 250,
  tenureTicks: 2000,
  failBackTicks: 300_000,
  aliveTicks: 150,
  tidyOps: 2048,
  pumpOps: 4096,
  cache: DEFAULT_CACHE_SETTINGS,
  rules: ALL_REPLICA_RULES,
  officeRules: ALL_OFFICE_RULES,
  version: 3,
});
