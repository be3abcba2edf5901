import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import type { NodePort } from "../host/index.ts";
import { CallMetrics, MetricsRegistry, registerNodeMetrics } from "../metrics/index.ts";
import { CLIENT_PORT_LIMITS, ClientPort, type ClientPortLimits } from "./client-port.ts";
import {
  type ClusterAdmin,
  ETCD_OPTIONS,
  type EtcdContext,
  type EtcdOptions,
  etcdContext,
  etcdServices,
  Refusal,
} from "./etcd/index.ts";
import {
  type GrpcListener,
  HTTP2_LIMITS,
  type Http2Implementation,
  type Http2Limits,
  listenerOf,
} from "./grpc/index.ts";
import { Endpoints, HTTP1_LIMITS, type Http1Limits, Http1Listener } from "./json/index.ts";

export interface GatewayOptions {
  readonly etcd: EtcdOptions;
  readonly http2: Http2Limits;
  /** What speaks HTTP/2 on the client port: our own, or Node's. */
  readonly http2By: Http2Implementation;
  readonly http1: Http1Limits;
  readonly port: ClientPortLimits;
}

export const GATEWAY_OPTIONS: GatewayOptions = {
  etcd: ETCD_OPTIONS,
  http2: HTTP2_LIMITS,
  http2By: "quorate",
  http1: HTTP1_LIMITS,
  port: CLIENT_PORT_LIMITS,
};

/** A node's client port: etcd's API over gRPC and over JSON, health, version and metrics. */
export class Gateway {
  readonly metrics: MetricsRegistry;
  readonly #context: EtcdContext;
  readonly #http2: GrpcListener;
  readonly #http1: Http1Listener;
  readonly #clientPort: ClientPort;

  constructor(
    port: NodePort,
    admin: ClusterAdmin,
    options: GatewayOptions = GATEWAY_OPTIONS,
    metrics: MetricsRegistry = new MetricsRegistry(),
  ) {
    this.metrics = metrics;
    this.#context = etcdContext(port, admin, options.etcd, drawId);
    const table = etcdServices(this.#context);
    const calls = new CallMetrics(metrics, table);
    registerNodeMetrics(metrics, port, options.etcd);
    this.#http2 = listenerOf(options.http2By, table, calls, options.http2);
    this.#http1 = new Http1Listener(
      table,
      new Endpoints(this.#context, metrics),
      calls,
      options.http1,
    );
    this.#clientPort = new ClientPort(this.#http2, this.#http1, options.port);
  }

  /** Port 0 takes any free one. */
  listen(host: string, port: number): Promise<AddressInfo> {
    return this.#clientPort.listen(host, port);
  }

  /** Takes no new connections, ends streams with `etcdserver: server stopped` and lets the rest be answered. */
  drain(): void {
    this.#clientPort.close();
    this.#http2.drain(Refusal.stopped);
    this.#http1.drain(Refusal.stopped);
  }

  /** Cuts every connection. */
  destroy(): void {
    this.#clientPort.destroy();
    this.#http2.destroy();
    this.#http1.destroy();
    this.#context.leaders.stop();
  }
}

/** 63 random bits, never 0. */
function drawId(): bigint {
  return BigInt.asUintN(63, randomBytes(8).readBigUInt64BE()) || 1n;
}
