import type { NodePort } from "../../host/index.ts";
import type { Admission } from "../admission/index.ts";
import type { ClusterAdmin } from "./cluster-admin.ts";
import { Headers } from "./header.ts";
import { LeaderMonitor } from "./leader-monitor.ts";
import type { EtcdOptions } from "./options.ts";
import { ProgressTicker } from "./progress-ticker.ts";
import { RangeBudget } from "./range.ts";
import { Slices } from "./slices.ts";

/** What all calls of one port share. */
export interface EtcdContext {
  readonly port: NodePort;
  readonly admin: ClusterAdmin;
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
  admin: ClusterAdmin,
  options: EtcdOptions,
  admission: Admission,
  drawId: () => bigint,
): EtcdContext {
  return {
    port,
    admin,
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
