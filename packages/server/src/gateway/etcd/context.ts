import { DEFAULT_KEYSPACE, type KeyspaceId } from "@quorate/kernel/core";
import type { CachePort, NodePort } from "../../host/index.ts";
import type { Admission } from "../admission/index.ts";
import type { ClusterAdmin } from "./cluster-admin.ts";
import { Headers } from "./header.ts";
import type { KeyspaceAdmin } from "./keyspace-admin.ts";
import { LeaderMonitor } from "./leader-monitor.ts";
import type { EtcdOptions } from "./options.ts";
import { ProgressTicker } from "./progress-ticker.ts";
import { RangeBudget } from "./range.ts";
import { Slices } from "./slices.ts";

/** What all calls of one port share. */
export interface EtcdContext {
  readonly port: NodePort;
  /** Null: clients that cache are not served. */
  readonly caches: CachePort | null;
  /** What a call speaks to whose metadata names no keyspace. */
  readonly keyspace: KeyspaceId;
  readonly admin: ClusterAdmin;
  readonly keyspaces: KeyspaceAdmin;
  readonly options: EtcdOptions;
  /** 63 random bits, never 0: an id for a lease whose client leaves the choice to the server. */
  readonly drawId: () => bigint;
  readonly admission: Admission;
  readonly headers: Headers;
  readonly slices: Slices;
  readonly rangeBudget: RangeBudget;
  readonly leaders: LeaderMonitor;
  readonly progress: ProgressTicker;
}

export function etcdContext(
  port: NodePort,
  caches: CachePort | null,
  admin: ClusterAdmin,
  keyspaces: KeyspaceAdmin,
  options: EtcdOptions,
  admission: Admission,
  drawId: () => bigint,
): EtcdContext {
  return {
    port,
    caches,
    keyspace: DEFAULT_KEYSPACE,
    admin,
    keyspaces,
    options,
    drawId,
    admission,
    headers: new Headers(port),
    slices: new Slices(),
    rangeBudget: new RangeBudget(options.rangeBytesInFlightMax),
    leaders: new LeaderMonitor(port, options.electionTimeoutMs),
    progress: new ProgressTicker(options.progressIntervalMs),
  };
}
