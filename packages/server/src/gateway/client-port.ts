import type { AddressInfo } from "node:net";
import { Door, type DoorLimits, type DoorObserver } from "@quorate/http2";
import type { CallMetrics } from "../metrics/index.ts";
import { type CertificateSource, contextOf } from "../tls/index.ts";
import { type EtcdContext, etcdServices, Refusal } from "./etcd/index.ts";
import {
  type GrpcListener,
  type Http2Implementation,
  type Http2Limits,
  listenerOf,
} from "./grpc/index.ts";
import { Endpoints, type HealthCounters, type Http1Limits, Http1Listener } from "./json/index.ts";
import type { Pools } from "./pools.ts";

/** What the ports of a node have in common. */
export interface PortParts {
  readonly calls: CallMetrics;
  readonly health: HealthCounters;
  readonly observer: DoorObserver;
  readonly pools: Pools;
}

export interface PortOptions {
  readonly http2: Http2Limits;
  /** What speaks HTTP/2: our own, or Node's. */
  readonly http2By: Http2Implementation;
  readonly http1: Http1Limits;
  /** Of each port. */
  readonly port: DoorLimits;
  /** With them a port speaks TLS only; with an authority among them clients must show a certificate of it. */
  readonly tls: CertificateSource | null;
}

/**
 * One TCP port for clients: etcd's API over gRPC and over JSON, health, version and metrics, all of one keyspace unless a call names
 * another.
 */
export class ClientPort {
  readonly #http2: GrpcListener;
  readonly #http1: Http1Listener;
  readonly #door: Door;
  readonly #forget: () => void;

  constructor(context: EtcdContext, parts: PortParts, options: PortOptions, metrics: () => string) {
    const { calls, health, pools } = parts;
    const table = etcdServices(context);
    calls.alsoOf(table);
    const flush = (write: () => void): void => context.port.afterAnswers(write);
    this.#http2 = listenerOf(options.http2By, table, calls, options.http2, pools, flush);
    const endpoints = new Endpoints(context, health, metrics);
    this.#http1 = new Http1Listener(table, endpoints, calls, options.http1, pools);
    this.#door = openDoor(this.#http2, this.#http1, options, parts.observer);
    const { tls } = options;
    this.#forget =
      tls?.onChange((credentials) => this.#door.setSecureContext(contextOf(credentials))) ??
      (() => {});
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
    this.#forget();
    this.#door.destroy();
    this.#http2.destroy();
    this.#http1.destroy();
  }
}

function openDoor(
  http2: GrpcListener,
  http1: Http1Listener,
  { port, tls }: PortOptions,
  observer: DoorObserver,
): Door {
  const asked = { requestCert: tls !== null && tls.current.ca !== null };
  return new Door({
    http2: (socket) => http2.accept(socket),
    http1: (socket) => http1.accept(socket),
    limits: port,
    observer,
    // Who offers both is curl, a browser or another that wants JSON, which is spoken over HTTP/1.1: gRPC offers h2.
    prefers: "http1",
    ...(tls !== null && { tls: { ...contextOf(tls.current), ...asked } }),
  });
}
