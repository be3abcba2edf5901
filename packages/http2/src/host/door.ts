import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type TLSSocket,
  type TlsOptions,
  Server as TlsServer,
} from "node:tls";
import { LISTENER_LIMITS, type ListenerLimits, TCP_KEEPALIVE_MS } from "../protocol/index.ts";
import { sniff } from "./sniffer.ts";

export interface DoorOptions {
  /** Takes over a connection whose next bytes are the HTTP/2 preface. */
  readonly http2: (socket: Duplex) => void;
  /** Takes over any other, all its bytes still in it. Without it they are closed. */
  readonly http1?: (socket: Duplex) => void;
  /** With it the port speaks TLS only. ALPN is the door's to set. */
  readonly tls?: TlsOptions;
  /** What a client gets that offers both by ALPN; `http2` if not told. */
  readonly prefers?: "http2" | "http1";
  readonly limits?: DoorLimits;
  readonly observer?: DoorObserver;
}

export type DoorLimits = Pick<ListenerLimits, "connectionsMax" | "prefaceTimeoutMs">;

/** Why a connection got no further than the door. */
export type DoorRefusal =
  /** There were `connectionsMax` already. */
  | "crowded"
  /** It did not end its handshake, or say what it speaks, within `prefaceTimeoutMs`. */
  | "silent"
  /** It spoke no TLS on a port that speaks nothing else. */
  | "plainText"
  /** It showed no certificate where one is asked for, or one that is not trusted. */
  | "unauthorized"
  /** Its handshake failed in another way, or it does not trust our certificate. */
  | "handshake"
  /** It speaks HTTP/1.1, for which there is nobody. */
  | "protocol";

export interface DoorObserver {
  accepted(): void;
  refused(reason: DoorRefusal): void;
}

/**
 * One port for HTTP/2 and HTTP/1.1, with TLS or without. What is spoken is told by ALPN (RFC 9113 §3.2), and where that is
 * silent by how the connection begins: whoever opens with the preface of HTTP/2 speaks it.
 */
export class Door {
  readonly #options: DoorOptions;
  readonly #limits: DoorLimits;
  readonly #server: Server;
  /** Every connection that is open, whatever is spoken on it. */
  readonly #sockets = new Set<Socket>();
  readonly #undecided = new Set<Duplex>();
  #closed = false;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#limits = options.limits ?? LISTENER_LIMITS;
    this.#server =
      options.tls === undefined
        ? createServer(SOCKET_OPTIONS, (socket) => this.#sniff(socket))
        : createTlsServer(this.#tlsOptions(options.tls), (socket) => this.#onSecure(socket));
    this.#server.maxConnections = this.#limits.connectionsMax;
    // Before any listener of the TLS server's own could hand the connection on.
    this.#server.prependListener("connection", (socket: Socket) => this.#watch(socket));
    this.#server.on("drop", () => this.#refused("crowded"));
    this.#server.on("tlsClientError", (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      this.#refused(handshakeRefusal(error, socket));
      // Node says that a handshake took too long, and leaves the connection open.
      socket.destroy();
    });
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

  /**
   * Certificates for the connections that come from now on; what is not told stays as `tls` said it. Throws where they
   * cannot be read, and leaves all as it was. Sessions of before cannot be resumed: their handshake is made anew.
   */
  setSecureContext(context: SecureContextOptions): void {
    const { tls } = this.#options;
    if (tls === undefined || !(this.#server instanceof TlsServer)) return;
    this.#server.setSecureContext({ ...this.#tlsOptions(tls), ...context });
  }

  /** Accepts no further connections; those that have not said what they speak are cut. */
  close(): void {
    this.#closed = true;
    this.#server.close();
    for (const socket of this.#undecided) socket.destroy();
  }

  /** Cuts every connection, whatever it speaks: an HTTP server that does not listen itself keeps no list of its own. */
  destroy(): void {
    this.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #tlsOptions(tls: TlsOptions): TlsOptions {
    const { http1, prefers } = this.#options;
    const both = prefers === "http1" ? ["http/1.1", "h2"] : ["h2", "http/1.1"];
    return {
      ...SOCKET_OPTIONS,
      minVersion: "TLSv1.2",
      handshakeTimeout: this.#limits.prefaceTimeoutMs,
      ...tls,
      ALPNProtocols: http1 === undefined ? ["h2"] : both,
    };
  }

  #watch(socket: Socket): void {
    this.#options.observer?.accepted();
    this.#sockets.add(socket);
    socket.on("error", ignore);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #onSecure(socket: TLSSocket): void {
    socket.on("error", ignore);
    // Its handshake had begun before the door was closed.
    if (this.#closed) socket.destroy();
    else if (socket.alpnProtocol === "h2") this.#options.http2(socket);
    else if (socket.alpnProtocol === "http/1.1") this.#toHttp1(socket);
    else this.#sniff(socket);
  }

  #sniff(socket: Duplex): void {
    this.#undecided.add(socket);
    socket.on("close", () => this.#undecided.delete(socket));
    sniff(socket, this.#limits.prefaceTimeoutMs, {
      onKnown: (isHttp2) => {
        this.#undecided.delete(socket);
        if (isHttp2) this.#options.http2(socket);
        else this.#toHttp1(socket);
      },
      onSilent: () => this.#refused("silent"),
    });
  }

  #toHttp1(socket: Duplex): void {
    const { http1 } = this.#options;
    if (http1 !== undefined) return http1(socket);
    this.#refused("protocol");
    socket.destroy();
  }

  #refused(reason: DoorRefusal): void {
    this.#options.observer?.refused(reason);
  }
}

function handshakeRefusal(error: NodeJS.ErrnoException, socket: TLSSocket): DoorRefusal {
  const { code = "" } = error;
  if (code === "ERR_TLS_HANDSHAKE_TIMEOUT") return "silent";
  if (NOT_TLS.includes(code)) return "plainText";
  // A certificate that is not trusted ends the connection without an error of its own.
  const untrusted = socket.authorizationError != null;
  return untrusted || code === NO_CERTIFICATE ? "unauthorized" : "handshake";
}

/** What OpenSSL makes of a first record that is none: it guesses at HTTP, else it reads a version in it. */
const NOT_TLS: readonly string[] = [
  "ERR_SSL_HTTP_REQUEST",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_UNKNOWN_PROTOCOL",
];
const NO_CERTIFICATE = "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE";

/** Segments leave as they are written, and a peer that has vanished without a word is found out by TCP itself. */
const SOCKET_OPTIONS = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: TCP_KEEPALIVE_MS,
} as const;

function ignore(): void {}
