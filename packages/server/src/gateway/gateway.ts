import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import type { DoorLimits } from "@quorate/http2";
import type { KeyspaceId } from "@quorate/kernel/core";
import type { CachePort, NodePort } from "../host/index.ts";
import {
  CallMetrics,
  DoorMetrics,
  MetricsRegistry,
  registerAdmissionMetrics,
  registerHostMetrics,
  registerNodeMetrics,
  registerPoolMetrics,
} from "../metrics/index.ts";
import { ADMISSION_OPTIONS, Admission, type AdmissionOptions } from "./admission/index.ts";
import { ClientPort, type PortOptions, type PortParts } from "./client-port.ts";
import {
  type ClusterAdmin,
  ETCD_OPTIONS,
  type EtcdContext,
  type EtcdOptions,
  etcdContext,
  etcdServices,
  type KeyspaceAdmin,
} from "./etcd/index.ts";
import { HTTP2_LIMITS } from "./grpc/index.ts";
import { HTTP1_LIMITS, healthCounters } from "./json/index.ts";
import { POOL_LIMITS, type PoolLimits, poolsOf } from "./pools.ts";

export interface GatewayOptions extends PortOptions {
  readonly etcd: EtcdOptions;
  /** How many calls are under way at a time, and which wait. */
  readonly admission: AdmissionOptions;
  readonly pools: PoolLimits;
}

/** Clients' connections at once, and how long one may take to say what it speaks. */
const PORT_LIMITS: DoorLimits = { connectionsMax: 10_000, prefaceTimeoutMs: 10_000 };

export const GATEWAY_OPTIONS: GatewayOptions = {
  etcd: ETCD_OPTIONS,
  admission: ADMISSION_OPTIONS,
  http2: HTTP2_LIMITS,
  http2By: "quorate",
  http1: HTTP1_LIMITS,
  port: PORT_LIMITS,
  pools: POOL_LIMITS,
  tls: null,
};

/**
 * What a node says to clients: etcd's API over gRPC and over JSON, health, version and metrics, on its client port and on those of exposed
 * keyspaces.
 */
export class Gateway {
  readonly metrics: MetricsRegistry;
  readonly #context: EtcdContext;
  readonly #options: GatewayOptions;
  readonly #parts: PortParts;
  readonly #client: ClientPort;
  readonly #exposed = new Set<ClientPort>();

  constructor(
    port: NodePort,
    admin: ClusterAdmin,
    keyspaces: KeyspaceAdmin,
    options: GatewayOptions = GATEWAY_OPTIONS,
    metrics: MetricsRegistry = new MetricsRegistry(),
    caches: CachePort | null = null,
  ) {
    this.metrics = metrics;
    this.#options = options;
    const admission = new Admission(options.admission);
    this.#context = etcdContext(port, caches, admin, keyspaces, options.etcd, admission, drawId);
    const calls = new CallMetrics(metrics, etcdServices(this.#context));
    registerNodeMetrics(metrics, port, options.etcd);
    registerHostMetrics(metrics, port);
    registerAdmissionMetrics(metrics, admission);
    const pools = poolsOf(options.pools);
    registerPoolMetrics(metrics, pools.send, pools.receive);
    const [health, observer] = [healthCounters(metrics), new DoorMetrics(metrics)];
    this.#parts = { calls, health, observer, pools };
    this.#client = this.#port(this.#context);
  }

  /** Port 0 takes any free one. */
  listen(host: string, port: number): Promise<AddressInfo> {
    return this.#client.listen(host, port);
  }

  /** A port that speaks of this keyspace alone; it does not listen yet. `hide` takes it back. */
  expose(keyspace: KeyspaceId): ClientPort {
    const exposed = this.#port({ ...this.#context, keyspace });
    this.#exposed.add(exposed);
    return exposed;
  }

  hide(exposed: ClientPort): void {
    this.#exposed.delete(exposed);
    exposed.destroy();
  }

  /** Takes no new connections, ends streams with `etcdserver: server stopped` and lets the rest be answered. */
  drain(): void {
    for (const port of [this.#client, ...this.#exposed]) port.drain();
  }

  /** Cuts every connection. */
  destroy(): void {
    for (const port of [this.#client, ...this.#exposed]) port.destroy();
    this.#context.leaders.stop();
    this.#context.admission.stop();
  }

  #port(context: EtcdContext): ClientPort {
    return new ClientPort(context, this.#parts, this.#options, () => this.metrics.render());
  }
}

/** 63 random bits, never 0. */
function drawId(): bigint {
  return BigInt.asUintN(63, randomBytes(8).readBigUInt64BE()) || 1n;
}
