import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type TLSSocket,
  type TlsOptions,
  Server as TlsServer,
} from "node:tls";
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
  type Router,
  ServerSide,
  type Status,
  TCP_KEEPALIVE_MS,
} from "../protocol/index.ts";
import { DeadlineTimer } from "./deadline-timer.ts";
import { GZIP } from "./gzip.ts";
import { sniff } from "./sniffer.ts";
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
}

/** gRPC over HTTP/2 on a port of its own, or on sockets that `accept` is handed; HTTP/1.1 on the same port goes elsewhere. */
export class GrpcServer<M extends Method> {
  readonly #options: GrpcServerOptions<M>;
  readonly #limits: ListenerLimits;
  readonly #timer = new DeadlineTimer();
  readonly #links = new Map<SocketLink, ServerSide<M>>();
  /** Every socket of ours that is open, whatever is spoken on it. */
  readonly #sockets = new Set<Duplex>();
  readonly #undecided = new Set<Duplex>();
  readonly #server: Server;
  #ticker: NodeJS.Timeout | null = null;
  #draining: Status | null = null;

  constructor(options: GrpcServerOptions<M>) {
    this.#options = options;
    this.#limits = options.listenerLimits ?? LISTENER_LIMITS;
    this.#server = options.tls === undefined ? this.#plainServer() : this.#tlsServer(options.tls);
    this.#server.maxConnections = this.#limits.connectionsMax;
  }

  /** Connections that speak HTTP/2. */
  get connections(): number {
    return this.#links.size;
  }

  /** Port 0 takes any free one. Rejects with the error of the system if the address cannot be had. */
  listen(host: string, port: number): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", reject);
        // Failing to accept one connection must not end the server: there will be others.
        this.#server.on("error", ignore);
        resolve(this.#server.address() as AddressInfo);
      });
    });
  }

  /** New certificates for connections that come from now on. Throws where they cannot be read, and leaves all as it was. */
  setSecureContext(context: SecureContextOptions): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext(context);
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
    this.#server.close();
    for (const socket of this.#undecided) socket.destroy();
  }

  /** Cuts every connection, whatever it speaks. */
  destroy(): void {
    this.close();
    for (const link of this.#links.keys()) link.destroy("the server is stopped");
    for (const socket of this.#sockets) socket.destroy();
    if (this.#ticker !== null) clearInterval(this.#ticker);
    this.#ticker = null;
  }

  #plainServer(): Server {
    return createServer(SOCKET_OPTIONS, (socket) => this.#onSocket(socket));
  }

  #tlsServer(options: TlsOptions): Server {
    const server = createTlsServer(
      {
        ...SOCKET_OPTIONS,
        minVersion: "TLSv1.2",
        handshakeTimeout: this.#limits.prefaceTimeoutMs,
        ...options,
        ALPNProtocols: this.#options.http1 === undefined ? ["h2"] : ["h2", "http/1.1"],
      },
      (socket) => this.#onSecure(socket),
    );
    server.on("connection", (socket: Socket) => this.#watch(socket));
    server.on("tlsClientError", ignore);
    return server;
  }

  #onSocket(socket: Socket): void {
    this.#watch(socket);
    this.#sniff(socket);
  }

  #onSecure(socket: TLSSocket): void {
    socket.on("error", ignore);
    if (socket.alpnProtocol === "h2") this.accept(socket);
    else if (socket.alpnProtocol === "http/1.1") this.#toHttp1(socket);
    else this.#sniff(socket);
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", ignore);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #sniff(socket: Duplex): void {
    this.#undecided.add(socket);
    socket.on("close", () => this.#undecided.delete(socket));
    sniff(socket, this.#limits.prefaceTimeoutMs, (known, isHttp2) => {
      this.#undecided.delete(known);
      if (isHttp2) this.accept(known);
      else this.#toHttp1(known);
    });
  }

  #toHttp1(socket: Duplex): void {
    const { http1 } = this.#options;
    if (http1 === undefined) socket.destroy();
    else http1(socket);
  }

  #tick(): void {
    const at = now();
    for (const link of this.#links.keys()) link.tick(at);
    if (this.#links.size > 0 || this.#ticker === null) return;
    clearInterval(this.#ticker);
    this.#ticker = null;
  }
}

/** Segments leave as they are written, and a peer that has vanished without a word is found out by TCP itself. */
const SOCKET_OPTIONS = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: TCP_KEEPALIVE_MS,
} as const;

const now = (): number => performance.now();

function ignore(): void {}
