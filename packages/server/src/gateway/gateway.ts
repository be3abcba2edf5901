import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { Door, type DoorLimits, LISTENER_LIMITS, Pool } from "@quorate/http2";
import type { NodePort } from "../host/index.ts";
import {
  CallMetrics,
  DoorMetrics,
  MetricsRegistry,
  registerAdmissionMetrics,
  registerNodeMetrics,
  registerSendMetrics,
} from "../metrics/index.ts";
import { type CertificateSource, contextOf } from "../tls/index.ts";
import { ADMISSION_OPTIONS, Admission, type AdmissionOptions } from "./admission/index.ts";
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
  /** How many calls are under way at a time, and which wait. */
  readonly admission: AdmissionOptions;
  readonly http2: Http2Limits;
  /** What speaks HTTP/2 on the client port: our own, or Node's. */
  readonly http2By: Http2Implementation;
  readonly http1: Http1Limits;
  readonly port: DoorLimits;
  /** What all connections together hold of answers that their clients do not read (`ListenerLimits.sendBytesMax`). */
  readonly sendBytesMax: number;
  /** With them the port speaks TLS only; with an authority among them clients must show a certificate of it. */
  readonly tls: CertificateSource | null;
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
  sendBytesMax: LISTENER_LIMITS.sendBytesMax,
  tls: null,
};

/** A node's client port: etcd's API over gRPC and over JSON, health, version and metrics. */
export class Gateway {
  readonly metrics: MetricsRegistry;
  readonly #context: EtcdContext;
  readonly #http2: GrpcListener;
  readonly #http1: Http1Listener;
  readonly #door: Door;

  constructor(
    port: NodePort,
    admin: ClusterAdmin,
    options: GatewayOptions = GATEWAY_OPTIONS,
    metrics: MetricsRegistry = new MetricsRegistry(),
  ) {
    this.metrics = metrics;
    const admission = new Admission(options.admission);
    this.#context = etcdContext(port, admin, options.etcd, admission, drawId);
    const table = etcdServices(this.#context);
    const calls = new CallMetrics(metrics, table);
    registerNodeMetrics(metrics, port, options.etcd);
    registerAdmissionMetrics(metrics, admission);
    const sendPool = new Pool(options.sendBytesMax);
    registerSendMetrics(metrics, sendPool);
    const flush = (write: () => void): void => port.afterAnswers(write);
    this.#http2 = listenerOf(options.http2By, table, calls, options.http2, sendPool, flush);
    this.#http1 = new Http1Listener(
      table,
      new Endpoints(this.#context, metrics),
      calls,
      options.http1,
      sendPool,
    );
    this.#door = this.#openDoor(options, metrics);
  }

  /** Port 0 takes any free one. */
  listen(host: string, port: number): Promise<AddressInfo> {
    return this.#door.listen(host, port);
  }

  /** Takes no new connections, ends streams with `etcdserver: server stopped` and lets the rest be answered. */
  drain(): void {
    this.#door.close();
    this.#http2.drain(Refusal.stopped);
    this.#http1.drain(Refusal.stopped);
  }

  /** Cuts every connection. */
  destroy(): void {
    this.#door.destroy();
    this.#http2.destroy();
    this.#http1.destroy();
    this.#context.leaders.stop();
    this.#context.admission.stop();
  }

  #openDoor({ port, tls }: GatewayOptions, metrics: MetricsRegistry): Door {
    const asked = { requestCert: tls !== null && tls.current.ca !== null };
    const door = new Door({
      http2: (socket) => this.#http2.accept(socket),
      http1: (socket) => this.#http1.accept(socket),
      limits: port,
      observer: new DoorMetrics(metrics),
      // Who offers both is curl, a browser or another that wants JSON, which is spoken over HTTP/1.1: gRPC offers h2.
      prefers: "http1",
      ...(tls !== null && { tls: { ...contextOf(tls.current), ...asked } }),
    });
    tls?.onChange((credentials) => door.setSecureContext(contextOf(credentials)));
    return door;
  }
}

/** 63 random bits, never 0. */
function drawId(): bigint {
  return BigInt.asUintN(63, randomBytes(8).readBigUInt64BE()) || 1n;
}
