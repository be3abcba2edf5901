import { LIMIT_OPTIONS, type LimitOptions } from "./concurrency-limit.ts";
import type { LaneOptions } from "./lane.ts";

/**
 * What a call is let in as. `data`: reads and writes of keys. `stream`: answers of many messages, for as long as their client
 * reads. `lease`: leases and their renewals. `control`: questions about the member and changes of the cluster.
 */
export type LaneName = "data" | "stream" | "lease" | "control";

export const LANES: readonly LaneName[] = ["data", "stream", "lease", "control"];

/** Every bound of admission, by name. */
export interface AdmissionOptions {
  /** The data lane's limit adapts between these. */
  readonly limit: LimitOptions;
  readonly lanes: Readonly<Record<LaneName, LaneOptions>>;
}

const MIB = 1024 * 1024;

/** Longer than this nobody waits, so that a client that is refused knows it soon enough to ask another member. */
const WAIT_MS = 1000;

/**
 * Places to wait are many more than to be under way: a client that is refused asks again, and to refuse it over and over costs as
 * much as to serve it. All lanes together stay below what the host has under way at
 * most (4096 requests, 64 MiB): so it never refuses a renewal because of puts, and some are left for what the node asks itself,
 * health checks and joins. Bytes are few, because what is under way must be on the disks well before an election time-out: a leader
 * whose disk takes longer steps down.
 */
export const ADMISSION_OPTIONS: AdmissionOptions = {
  limit: LIMIT_OPTIONS,
  lanes: {
    data: {
      callsMax: LIMIT_OPTIONS.callsMax,
      bytesMax: 16 * MIB,
      waitingMax: 8192,
      waitingBytesMax: 32 * MIB,
      waitMs: WAIT_MS,
    },
    stream: {
      callsMax: 128,
      bytesMax: MIB,
      waitingMax: 128,
      waitingBytesMax: MIB,
      waitMs: WAIT_MS,
    },
    lease: {
      callsMax: 512,
      bytesMax: 4 * MIB,
      waitingMax: 4096,
      waitingBytesMax: 4 * MIB,
      waitMs: WAIT_MS,
    },
    control: {
      callsMax: 256,
      bytesMax: 4 * MIB,
      waitingMax: 256,
      waitingBytesMax: 4 * MIB,
      waitMs: WAIT_MS,
    },
  },
};
