import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContextOptions, TlsOptions } from "node:tls";
import {
  type CallObserver,
  CONNECTION_LIMITS,
  type Compression,
  type ConnectionLimits,
  GRPC_LIMITS,
  type GrpcLimits,
  KEEPALIVE_POLICY,
  type KeepalivePolicy,
  LISTENER_LIMITS,
  type ListenerLimits,
  type Method,
  Pool,
  type Router,
  ServerSide,
  type Status,
} from "../protocol/index.ts";
import { DeadlineTimer } from "./deadline-timer.ts";
import { Door } from "./door.ts";
import { GZIP } from "./gzip.ts";
import { type Flush, SocketLink, TICK_MS } from "./socket-link.ts";

export interface GrpcServerOptions<M extends Method> {
  readonly router: Router<M>;
  readonly observer?: CallObserver<M>;
  /** Takes a socket that speaks HTTP/1.1, all its bytes still in it: `(socket) => httpServer.emit("connection", socket)`. */
  readonly http1?: (socket: Duplex) => void;
  /** With it the port speaks TLS only. ALPN is ours to set. */
  readonly tls?: TlsOptions;
  readonly compressions?: readonly Compression[];
  /** What clients may ask by way of pings; null for no bound but the one against floods. */
  readonly keepalive?: KeepalivePolicy | null;
  readonly flush?: Flush;
  readonly limits?: ConnectionLimits;
  readonly grpcLimits?: GrpcLimits;
  readonly listenerLimits?: ListenerLimits;
  /** In place of one of `sendBytesMax`, where others than these connections hold answers too. */
  readonly sendPool?: Pool;
  /** In place of one of `receiveBytesMax`, where others than these connections hold requests too. */
  readonly receivePool?: Pool;
}

/** gRPC over HTTP/2 on a port of its own, or on sockets that `accept` is handed; HTTP/1.1 on the same port goes elsewhere. */
export class GrpcServer<M extends Method> {
  readonly #options: GrpcServerOptions<M>;
  readonly #limits: ListenerLimits;
  readonly #timer = new DeadlineTimer();
  readonly #links = new Map<SocketLink, ServerSide<M>>();
  readonly #door: Door;
  readonly #sendPool: Pool;
  readonly #receivePool: Pool;
  #ticker: NodeJS.Timeout | null = null;
  #draining: Status | null = null;

  constructor(options: GrpcServerOptions<M>) {
    this.#options = options;
    this.#limits = options.listenerLimits ?? LISTENER_LIMITS;
    this.#sendPool = options.sendPool ?? new Pool(this.#limits.sendBytesMax);
    this.#receivePool = options.receivePool ?? new Pool(this.#limits.receiveBytesMax);
    this.#door = new Door({
      http2: (socket) => this.accept(socket),
      limits: this.#limits,
      ...(options.http1 !== undefined && { http1: options.http1 }),
      ...(options.tls !== undefined && { tls: options.tls }),
    });
  }

  /** Connections that speak HTTP/2. */
  get connections(): number {
    return this.#links.size;
  }

  /** Port 0 takes any free one. Rejects with the error of the system if the address cannot be had. */
  listen(host: string, port: number): Promise<AddressInfo> {
    return this.#door.listen(host, port);
  }

  /** New certificates for connections that come from now on. Throws where they cannot be read, and leaves all as it was. */
  setSecureContext(context: SecureContextOptions): void {
    this.#door.setSecureContext(context);
  }

  /** Takes over a connection whose next bytes are the HTTP/2 preface. */
  accept(socket: Duplex): void {
    if (this.#draining !== null || this.#links.size >= this.#limits.connectionsMax) {
      socket.destroy();
      return;
    }
    const { router, observer, compressions, keepalive, flush, limits, grpcLimits } = this.#options;
    const side: ServerSide<M> = new ServerSide(
      {
        router,
        observer: observer ?? null,
        deadlines: this.#timer.deadlines,
        now,
        compressions: compressions ?? [GZIP],
        limits: grpcLimits ?? GRPC_LIMITS,
        connection: {
          sendPool: this.#sendPool,
          receivePool: this.#receivePool,
          limits: limits ?? CONNECTION_LIMITS,
          keepalive: keepalive === undefined ? KEEPALIVE_POLICY : keepalive,
        },
      },
      { onOutput: () => link.onOutput(), onClosed: ignore },
    );
    const link: SocketLink = new SocketLink(
      socket,
      side.connection,
      this.#limits,
      flush ?? "immediate",
      () => this.#links.delete(link),
      this.#sendPool,
    );
    if (socket.destroyed) return;
    this.#links.set(link, side);
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /**
   * Takes no new connections, ends streaming calls with `reason` and lets the others be answered. Connections close with
   * their last call; `destroy` ends those that do not.
   */
  drain(reason: Status): void {
    this.#draining = reason;
    this.close();
    for (const side of this.#links.values()) side.drain(reason);
  }

  /** Takes no new connections; those that have not said what they speak are cut. */
  close(): void {
    this.#door.close();
  }

  /** Cuts every connection, whatever it speaks. */
  destroy(): void {
    this.close();
    for (const link of this.#links.keys()) link.destroy("the server is stopped");
    this.#door.destroy();
    if (this.#ticker !== null) clearInterval(this.#ticker);
    this.#ticker = null;
  }

  #tick(): void {
    const at = now();
    for (const link of this.#links.keys()) link.tick(at);
    if (this.#links.size > 0 || this.#ticker === null) return;
    clearInterval(this.#ticker);
    this.#ticker = null;
  }
}

const now = (): number => performance.now();

function ignore(): void {}
