import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Duplex } from "node:stream";
import { Code, type Status, status } from "@quorate/http2";
import { isGrpcContentType, parseTimeout } from "@quorate/http2/protocol";
import { Deadlines } from "./deadlines.ts";
import { Http2Call, type Http2CallOptions, RESPONSE_HEADERS, trailersOf } from "./http2-call.ts";
import type { CallObserver, ServiceTable } from "./service-table.ts";

/** Every bound of the listener, by name. */
export interface Http2Limits {
  /** A larger message ends its call with ResourceExhausted: 1.5 MiB of request and 512 KiB around it. */
  readonly messageBytesMax: number;
  readonly sessionsMax: number;
  readonly streamsPerSessionMax: number;
  readonly headerBytesMax: number;
  /** What the peer may send before it hears that a call wants more. */
  readonly streamWindowBytes: number;
  readonly sessionWindowBytes: number;
  /** Megabytes that Node may hold for one session before it refuses new streams on it. */
  readonly sessionMemoryMb: number;
  readonly slowReaderMs: number;
}

export const HTTP2_LIMITS: Http2Limits = {
  messageBytesMax: 2 * 1024 * 1024,
  sessionsMax: 10_000,
  streamsPerSessionMax: 16_384,
  headerBytesMax: 16_384,
  streamWindowBytes: 1024 * 1024,
  sessionWindowBytes: 8 * 1024 * 1024,
  sessionMemoryMb: 256,
  slowReaderMs: 60_000,
};

/**
 * gRPC over `node:http2`, on sockets that `accept` hands it, with whatever TLS there is done. It knows methods and
 * bytes and nothing of what they mean.
 */
export class Http2Listener {
  readonly #table: ServiceTable;
  readonly #limits: Http2Limits;
  readonly #callOptions: Http2CallOptions;
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #calls = new Set<Http2Call>();
  #draining = false;

  constructor(table: ServiceTable, observer: CallObserver, limits: Http2Limits = HTTP2_LIMITS) {
    this.#table = table;
    this.#limits = limits;
    this.#callOptions = {
      messageBytesMax: limits.messageBytesMax,
      slowReaderMs: limits.slowReaderMs,
      deadlines: new Deadlines(),
      observer,
    };
    this.#server = createServer({
      maxSessionMemory: limits.sessionMemoryMb,
      maxHeaderListPairs: 128,
      settings: {
        maxConcurrentStreams: limits.streamsPerSessionMax,
        maxHeaderListSize: limits.headerBytesMax,
        initialWindowSize: limits.streamWindowBytes,
        enablePush: false,
      },
    });
    this.#server.on("session", (session) => this.#onSession(session));
    this.#server.on("stream", (stream, headers) => this.#onStream(stream, headers));
    this.#server.on("sessionError", ignore);
  }

  /** Takes over a connection whose next bytes are the HTTP/2 preface. */
  accept(socket: Duplex): void {
    // Node turns a TLS connection away whose client has no ALPN, though the preface on it has been seen.
    if ("alpnProtocol" in socket) Object.defineProperty(socket, "alpnProtocol", { value: "h2" });
    this.#server.emit("connection", socket);
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /**
   * Sends GOAWAY on every connection, ends streaming calls with `reason` and lets unary ones finish. Connections
   * close with their last call; `destroy` ends those that do not.
   */
  drain(reason: Status): void {
    this.#draining = true;
    for (const call of this.#calls) call.shutDown(reason);
    for (const session of this.#sessions) session.close();
  }

  destroy(): void {
    this.#draining = true;
    for (const session of this.#sessions) session.destroy();
  }

  #onSession(session: ServerHttp2Session): void {
    session.on("error", ignore);
    session.on("frameError", ignore);
    if (this.#draining || this.#sessions.size >= this.#limits.sessionsMax) {
      session.destroy();
      return;
    }
    this.#sessions.add(session);
    session.on("close", () => this.#sessions.delete(session));
    session.setLocalWindowSize(this.#limits.sessionWindowBytes);
  }

  #onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on("error", ignore);
    if (headers[":method"] !== "POST") {
      const text = `Received a HEADERS frame with :method ${JSON.stringify(headers[":method"])} which should be POST`;
      refuse(stream, 405, status(Code.Internal, text));
      return;
    }
    const contentType = headers["content-type"];
    if (!isGrpcContentType(contentType)) {
      const text = `invalid gRPC request content-type ${JSON.stringify(contentType ?? "")}`;
      refuse(stream, 415, status(Code.InvalidArgument, text));
      return;
    }
    const timeout = headers["grpc-timeout"];
    const timeoutMs = typeof timeout === "string" ? parseTimeout(timeout) : null;
    if (timeout !== undefined && timeoutMs === null) {
      refuse(
        stream,
        400,
        status(Code.Internal, `malformed grpc-timeout: ${JSON.stringify(timeout)}`),
      );
      return;
    }
    const method = this.#table.find(headers[":path"] ?? "");
    if ("code" in method) {
      refuse(stream, 200, method);
      return;
    }
    const call = new Http2Call(stream, headers, method, timeoutMs, this.#callOptions);
    if (method.type !== "unary") {
      this.#calls.add(call);
      stream.on("close", () => this.#calls.delete(call));
    }
    call.start();
  }
}

/** Answers with a status alone, in the response headers ("trailers-only"). */
function refuse(stream: ServerHttp2Stream, httpStatus: number, reason: Status): void {
  const headers = { ...RESPONSE_HEADERS, ":status": httpStatus, ...trailersOf(reason) };
  stream.respond(headers, { endStream: true });
  stream.resume();
}

/** A peer that breaks off is the everyday case: its calls learn of it through their streams' close. */
function ignore(): void {}
