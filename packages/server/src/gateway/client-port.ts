import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** What takes over a connection once it is known what is spoken on it; the bytes read so far are back in it. */
export interface Acceptor {
  accept(socket: Duplex): void;
}

export interface ClientPortLimits {
  readonly connectionsMax: number;
  /** A connection that has not said within this time what it speaks is closed. */
  readonly prefaceTimeoutMs: number;
}

export const CLIENT_PORT_LIMITS: ClientPortLimits = {
  connectionsMax: 10_000,
  prefaceTimeoutMs: 10_000,
};

/** How every HTTP/2 connection begins (RFC 9113 §3.4). */
const HTTP2_PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/**
 * One TCP port for both protocols: a connection that opens with HTTP/2's preface is gRPC, any other is
 * HTTP/1.1, whose parser answers 400 to what is neither.
 */
export class ClientPort {
  readonly #http2: Acceptor;
  readonly #http1: Acceptor;
  readonly #limits: ClientPortLimits;
  readonly #server: Server;
  readonly #undecided = new Set<Socket>();
  readonly #sockets = new Set<Socket>();

  constructor(http2: Acceptor, http1: Acceptor, limits: ClientPortLimits = CLIENT_PORT_LIMITS) {
    this.#http2 = http2;
    this.#http1 = http1;
    this.#limits = limits;
    this.#server = createServer({ noDelay: true, pauseOnConnect: false }, (socket) =>
      this.#onSocket(socket),
    );
    this.#server.maxConnections = limits.connectionsMax;
  }

  /** Rejects with the error of the system if the address cannot be had. */
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

  /** Accepts no further connections; those that have not said what they speak are closed. */
  close(): void {
    this.#server.close();
    for (const socket of this.#undecided) socket.destroy();
  }

  /** Cuts every connection, whatever it speaks: an HTTP server that does not listen itself keeps no list of its own. */
  destroy(): void {
    this.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #onSocket(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    const timer = setTimeout(() => socket.destroy(), this.#limits.prefaceTimeoutMs).unref();
    this.#undecided.add(socket);
    socket.on("error", ignore);
    const settle = (): void => {
      clearTimeout(timer);
      this.#undecided.delete(socket);
      socket.off("readable", look);
      socket.off("end", settle);
      socket.off("close", settle);
    };
    let head: Buffer = Buffer.alloc(0);
    const look = (): void => {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      head = Buffer.concat([head, bytes]);
      const length = Math.min(head.length, HTTP2_PREFACE.length);
      const agrees = head.subarray(0, length).equals(HTTP2_PREFACE.subarray(0, length));
      if (agrees && length < HTTP2_PREFACE.length) return;
      settle();
      // Only now: bytes put back while this listens would be announced to it again, without end.
      socket.unshift(head);
      (agrees ? this.#http2 : this.#http1).accept(socket);
    };
    socket.on("readable", look);
    socket.on("end", settle);
    socket.on("close", settle);
  }
}

function ignore(): void {}
