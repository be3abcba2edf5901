import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { CallHandler, GrpcCall } from "@quorate/http2";
import { Code, DEADLINE_EXCEEDED, type Status, status } from "@quorate/http2";
import { MessageReader, percentEncode } from "@quorate/http2/protocol";
import type { Bytes } from "@quorate/kernel/core";
import type { Deadlines, Timed } from "./deadlines.ts";
import { PREFIX_BYTES, prefixOf } from "./message-prefix.ts";
import type { CallObserver, Method } from "./service-table.ts";

export const RESPONSE_HEADERS: OutgoingHttpHeaders = {
  ":status": 200,
  "content-type": "application/grpc",
  "grpc-accept-encoding": "identity",
};

export interface Http2CallOptions {
  readonly messageBytesMax: number;
  /** How long a peer may take no byte of a finished answer before its stream is reset. */
  readonly slowReaderMs: number;
  readonly deadlines: Deadlines;
  readonly observer: CallObserver;
}

/** Parts are joined into one buffer below this size: copying little is cheaper than another frame. */
const JOIN_BYTES_MAX = 16_384;

type CallStream = ServerHttp2Stream & { [CALL]?: Http2Call };
const CALL = Symbol("call");

/**
 * One gRPC call on one stream of `node:http2`. Its listeners are functions of the module that find the call on
 * their stream, so a call costs this object and no closures.
 */
export class Http2Call implements GrpcCall, Timed {
  readonly timeoutMs: number | null;
  readonly deadlineMs: number;
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #method: Method;
  readonly #options: Http2CallOptions;
  readonly #reader: MessageReader;
  readonly #startedMs = performance.now();
  #handler: CallHandler | null = null;
  #phase: "open" | "ended" | "cancelled" = "open";
  #paused = false;
  #pumping = false;
  #halfClosed = false;
  #halfCloseTold = false;
  #messages = 0;
  /** A unary answer waits here for its status, so that both leave in one go. */
  #answer: readonly Bytes[] | null = null;
  #status: Status | null = null;
  #trailers: OutgoingHttpHeaders = {};

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    method: Method,
    timeoutMs: number | null,
    options: Http2CallOptions,
  ) {
    this.timeoutMs = timeoutMs;
    this.deadlineMs = timeoutMs === null ? Number.POSITIVE_INFINITY : this.#startedMs + timeoutMs;
    this.#stream = stream;
    this.#headers = headers;
    this.#method = method;
    this.#options = options;
    this.#reader = new MessageReader(options.messageBytesMax);
  }

  start(): void {
    const stream: CallStream = this.#stream;
    stream[CALL] = this;
    this.#options.observer.started(this.#method);
    if (this.timeoutMs !== null) this.#options.deadlines.add(this);
    stream.on("data", onData);
    stream.on("end", onEnd);
    stream.on("close", onClose);
    stream.on("drain", onDrain);
    stream.on("wantTrailers", onWantTrailers);
    this.#handler = this.#method.open(this);
    this.#pump();
  }

  metadata(name: string): string | undefined {
    const value = this.#headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  get buffered(): number {
    return this.#stream.writableLength;
  }

  /** Bounded by `sessionMemoryMb` for each session, and not over all. */
  get room(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** What requests hold is bounded by `sessionMemoryMb` too, as far as Node knows of it. */
  hold(): void {}

  write(parts: readonly Bytes[]): boolean {
    if (this.#phase !== "open") return true;
    if (this.#method.type === "unary") {
      this.#answer = parts;
      return true;
    }
    this.#respond();
    return this.#send(parts);
  }

  addTrailer(name: string, value: string): void {
    this.#trailers = { ...this.#trailers, [name]: value };
  }

  end(ended: Status): void {
    if (this.#phase !== "open") return;
    this.#finish("ended", ended.code);
    this.#status = ended;
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    if (!stream.headersSent && (this.#answer === null || ended.code !== Code.OK)) {
      const fields = { ...RESPONSE_HEADERS, ...trailersOf(ended), ...this.#trailers };
      stream.respond(fields, { endStream: true });
    } else {
      this.#respond();
      this.#finishWith(this.#answer);
      this.#answer = null;
    }
    stream.resume();
  }

  pause(): void {
    if (this.#phase !== "open") return;
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#stream.resume();
    this.#pump();
  }

  onDeadline(): void {
    this.#abandon(DEADLINE_EXCEEDED);
  }

  /** Ends the call for a reason of the listener's own, telling the handler that it is over. */
  #abandon(reason: Status): void {
    if (this.#phase !== "open") return;
    this.#answer = null;
    this.end(reason);
    this.#handler?.onCancel();
  }

  /** The listener stops: methods that stream would never end by themselves. */
  shutDown(reason: Status): void {
    if (this.#method.type !== "unary") this.#abandon(reason);
  }

  onChunk(chunk: Bytes): void {
    this.#options.observer.received(chunk.length);
    if (this.#phase !== "open") return;
    this.#reader.push(chunk);
    this.#pump();
  }

  /** A reset ends the readable side too, and is no half-close: the close that follows cancels the call. */
  onStreamEnd(): void {
    if (this.#stream.closed) return;
    this.#halfClosed = true;
    this.#pump();
  }

  /** Reset by the peer, cut off with its connection, or simply done. */
  onStreamClose(): void {
    if (this.#phase !== "open") return;
    this.#finish("cancelled", Code.Canceled);
    this.#handler?.onCancel();
  }

  onStreamDrain(): void {
    if (this.#phase === "open") this.#handler?.onDrain();
  }

  sendTrailers(): void {
    if (this.#stream.destroyed || this.#status === null) return;
    this.#stream.sendTrailers({ ...trailersOf(this.#status), ...this.#trailers });
  }

  /** Hands over what has arrived, until it is used up, the service pauses or the call is over. */
  #pump(): void {
    if (this.#pumping || this.#handler === null) return;
    this.#pumping = true;
    while (this.#phase === "open" && !this.#paused) {
      const cut = this.#reader.next();
      if (cut === "Wanting") break;
      if (cut === "TooLarge")
        this.#abandon(tooLarge(this.#reader.length, this.#options.messageBytesMax));
      else if (this.#reader.isCompressed) this.#abandon(this.#compressed());
      else this.#deliver(this.#reader.message);
    }
    this.#pumping = false;
    if (this.#phase !== "open" || this.#paused || !this.#halfClosed || this.#halfCloseTold) return;
    this.#halfCloseTold = true;
    if (this.#reader.left > 0) this.#abandon(status(Code.Internal, "unexpected EOF"));
    else if (this.#messages === 0 && this.#method.type !== "bidiStream") this.#abandon(NO_MESSAGE);
    else this.#handler.onHalfClose();
  }

  #deliver(message: Bytes): void {
    this.#messages++;
    if (this.#messages > 1 && this.#method.type !== "bidiStream") this.#abandon(SECOND_MESSAGE);
    else this.#handler?.onMessage(message);
  }

  #compressed(): Status {
    const encoding = this.metadata("grpc-encoding") ?? "identity";
    if (encoding === "identity") {
      return status(Code.Internal, "grpc: compressed flag set with identity or empty encoding");
    }
    const text = `grpc: Decompressor is not installed for grpc-encoding ${JSON.stringify(encoding)}`;
    return status(Code.Unimplemented, text);
  }

  /** Between a reset and the close that tells of it there is a stream and no way to answer on it. */
  #respond(): void {
    const stream = this.#stream;
    if (stream.headersSent || stream.destroyed || stream.closed) return;
    stream.respond(RESPONSE_HEADERS, { waitForTrailers: true });
  }

  /**
   * The last bytes and the end. A small answer goes out in one write with the end of the stream, and without a timer for its
   * reader: it holds little, and what all streams of a session may hold is bounded.
   */
  #finishWith(parts: readonly Bytes[] | null): void {
    const stream = this.#stream;
    const small = parts !== null && lengthOf(parts) <= JOIN_BYTES_MAX;
    if (small) {
      const length = lengthOf(parts);
      this.#options.observer.sent(length);
      stream.end(Buffer.concat([prefixOf(parts), ...parts], length));
      return;
    }
    if (parts !== null) this.#send(parts);
    stream.end();
    if (stream.writableLength > 0) stream.setTimeout(this.#options.slowReaderMs, onSlowReader);
  }

  #send(parts: readonly Bytes[]): boolean {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return true;
    const prefix = prefixOf(parts);
    const length = lengthOf(parts);
    this.#options.observer.sent(length);
    if (length <= JOIN_BYTES_MAX) return stream.write(Buffer.concat([prefix, ...parts], length));
    stream.cork();
    let room = stream.write(prefix);
    for (const part of parts) if (part.length > 0) room = stream.write(part);
    stream.uncork();
    return room;
  }

  #finish(phase: "ended" | "cancelled", code: number): void {
    this.#phase = phase;
    if (this.timeoutMs !== null) this.#options.deadlines.delete(this);
    this.#options.observer.finished(this.#method, code, performance.now() - this.#startedMs);
  }
}

const NO_MESSAGE = status(Code.Internal, "a call of this method takes one message and got none");
const SECOND_MESSAGE = status(
  Code.Internal,
  "a call of this method takes one message and got more",
);

function tooLarge(bytes: number, bytesMax: number): Status {
  const text = `grpc: received message larger than max (${bytes} vs. ${bytesMax})`;
  return status(Code.ResourceExhausted, text);
}

export function trailersOf(ended: Status): OutgoingHttpHeaders {
  return { "grpc-status": ended.code, "grpc-message": percentEncode(ended.message) };
}

function onData(this: CallStream, chunk: Bytes): void {
  this[CALL]?.onChunk(chunk);
}

function onEnd(this: CallStream): void {
  this[CALL]?.onStreamEnd();
}

function onClose(this: CallStream): void {
  this[CALL]?.onStreamClose();
}

function onDrain(this: CallStream): void {
  this[CALL]?.onStreamDrain();
}

function onWantTrailers(this: CallStream): void {
  this[CALL]?.sendTrailers();
}

/** Of the message on the wire, its prefix included. */
const lengthOf = (parts: readonly Bytes[]): number =>
  parts.reduce((sum, part) => sum + part.length, PREFIX_BYTES);

function onSlowReader(this: ServerHttp2Stream): void {
  this.close(constants.NGHTTP2_CANCEL);
}
