import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type ConnectionOptions as TlsConnectionOptions } from "node:tls";
import {
  type Bytes,
  type CallOptions,
  CLIENT_LIMITS,
  type ClientCall,
  type ClientEnd,
  type ClientHandler,
  type ClientLimits,
  ClientMethod,
  ClientSide,
  CONNECT_TIMEOUT_MS,
  CONNECTION_LIMITS,
  Code,
  type ConnectionEnd,
  type ConnectionLimits,
  type HeaderField,
  LISTENER_LIMITS,
  offer,
} from "../protocol/index.ts";
import { DeadlineTimer } from "./deadline-timer.ts";
import { GZIP } from "./gzip.ts";
import { KeepalivePinger, type PingOptions } from "./keepalive-pinger.ts";
import { type Flush, SocketLink, TICK_MS } from "./socket-link.ts";

export interface GrpcClientOptions {
  readonly host: string;
  readonly port: number;
  /** With it the connection speaks TLS. ALPN is ours to set. */
  readonly tls?: TlsConnectionOptions;
  /** How the server is addressed; the default is `host:port`. */
  readonly authority?: string;
  readonly userAgent?: string;
  /** The default is `CONNECT_TIMEOUT_MS`. */
  readonly connectTimeoutMs?: number;
  /** `gzip` compresses what is sent; answers in it are always understood. */
  readonly compression?: "identity" | "gzip";
  readonly keepalive?: PingOptions;
  readonly flush?: Flush;
  readonly limits?: ConnectionLimits;
  readonly clientLimits?: ClientLimits;
  /** The connection is over; every call has ended. It does not come back: connect another. */
  readonly onClose?: (end: ConnectionEnd) => void;
}

/** Why a unary call did not give an answer. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly code: number;
  /** True where the server has certainly not looked at the call. */
  readonly unprocessed: boolean;

  constructor(end: ClientEnd) {
    super(end.status.message);
    this.code = end.status.code;
    this.unprocessed = end.unprocessed;
  }
}

/**
 * Calls over one connection: as many at a time as the server allows, the others waiting. `start` costs no promise and no
 * closure and is meant for those who make very many calls; `unary` is the comfortable one.
 */
export class GrpcClient {
  readonly #options: GrpcClientOptions;
  readonly #side: ClientSide;
  readonly #link: SocketLink;
  readonly #ticker: NodeJS.Timeout;
  readonly #pinger: KeepalivePinger | null;
  readonly #closed: Promise<ConnectionEnd>;
  #tellClosed: (end: ConnectionEnd) => void = ignore;

  /** Rejects with the error of the system, or of TLS, where there is no connection to be had in time. */
  static async connect(options: GrpcClientOptions): Promise<GrpcClient> {
    return new GrpcClient(await connectSocket(options), options);
  }

  /** Over a socket that is connected already. */
  constructor(socket: Duplex, options: GrpcClientOptions) {
    this.#options = options;
    this.#closed = new Promise((resolve) => {
      this.#tellClosed = resolve;
    });
    this.#side = new ClientSide(
      {
        deadlines: new DeadlineTimer().deadlines,
        now,
        compressions: [GZIP],
        compression: options.compression === "gzip" ? GZIP : null,
        limits: options.clientLimits ?? CLIENT_LIMITS,
        connection: { limits: options.limits ?? CONNECTION_LIMITS },
      },
      {
        onOutput: () => this.#link.onOutput(),
        onClosed: (end) => this.#onClosed(end),
        onPong: () => this.#pinger?.onPong(),
      },
    );
    const { connection } = this.#side;
    this.#link = new SocketLink(
      socket,
      connection,
      LISTENER_LIMITS,
      options.flush ?? "immediate",
      () => clearInterval(this.#ticker),
    );
    this.#ticker = setInterval(() => this.#tick(), TICK_MS).unref();
    this.#pinger =
      options.keepalive === undefined
        ? null
        : new KeepalivePinger(options.keepalive, {
            ping: (payload) => connection.ping(payload),
            isIdle: () => connection.streams === 0,
            onDead: () => this.#link.destroy("the server does not answer pings"),
          });
  }

  /** True while calls can be made. */
  get isOpen(): boolean {
    return this.#side.connection.phase === "Open";
  }

  /** Calls that have not ended. */
  get inFlight(): number {
    return this.#side.connection.streams + this.#side.waiting;
  }

  /** Resolves when the connection is over. */
  get closed(): Promise<ConnectionEnd> {
    return this.#closed;
  }

  /** A method to call here: `/package.Service/Method`. Make it once and keep it. */
  method(path: string, metadata: readonly HeaderField[] = []): ClientMethod {
    const { host, port, authority, userAgent, tls, compression } = this.#options;
    return new ClientMethod(path, {
      authority: authority ?? `${host}:${port}`,
      scheme: tls === undefined ? "http" : "https",
      metadata,
      accepted: offer([GZIP]),
      ...(userAgent === undefined ? {} : { userAgent }),
      ...(compression === undefined ? {} : { encoding: compression }),
    });
  }

  /** Makes a call of any kind. Where that cannot be, `handler` hears of its end before this returns. */
  start(method: ClientMethod, handler: ClientHandler, options?: CallOptions): ClientCall {
    return this.#side.start(method, handler, options);
  }

  /** One message there, one back. Rejects with a `CallError`. */
  unary(method: ClientMethod, message: Bytes, options?: CallOptions): Promise<Bytes> {
    return new Promise((resolve, reject) => {
      let answer: Bytes | null = null;
      const call = this.start(
        method,
        {
          onMessage(bytes) {
            answer ??= bytes;
          },
          onEnd(end) {
            if (end.status.code === Code.OK && answer !== null) resolve(answer);
            else reject(new CallError(end));
          },
        },
        options,
      );
      call.writeLast([message]);
    });
  }

  /** Makes no further calls and closes with the last that there is. */
  drain(): Promise<ConnectionEnd> {
    this.#side.connection.drain();
    return this.#closed;
  }

  /** Ends every call and the connection now. */
  destroy(): void {
    this.#link.destroy("the client is closed");
  }

  #tick(): void {
    const at = now();
    this.#link.tick(at);
    this.#pinger?.tick(at);
  }

  #onClosed(end: ConnectionEnd): void {
    this.#tellClosed(end);
    this.#options.onClose?.(end);
  }
}

function connectSocket(options: GrpcClientOptions): Promise<Duplex> {
  const { host, port, tls, connectTimeoutMs } = options;
  return new Promise((resolve, reject) => {
    const socket =
      tls === undefined
        ? connectTcp({ host, port, noDelay: true })
        : connectTls({ host, port, ...tls, ALPNProtocols: ["h2"] });
    if (tls !== undefined) socket.setNoDelay(true);
    const timer = setTimeout(
      () => socket.destroy(new Error(`no connection to ${host}:${port} in time`)),
      connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    );
    const onConnect = (): void => {
      clearTimeout(timer);
      socket.off("error", onError);
      if (!("alpnProtocol" in socket) || socket.alpnProtocol === "h2") return resolve(socket);
      socket.destroy();
      reject(new Error(`${host}:${port} does not offer HTTP/2`));
    };
    const onError = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    socket.once("error", onError);
    socket.once(tls === undefined ? "connect" : "secureConnect", onConnect);
  });
}

const now = (): number => performance.now();

function ignore(): void {}
