import { type Bytes, EMPTY } from "../bytes.ts";
import { PREFIX_BYTES, type Stream } from "../connection/index.ts";
import { HeaderField, type HeaderList } from "../fields/index.ts";
import { NO_TRAILERS, OK_TRAILERS, statusFields } from "./answers.ts";
import type { Compression } from "./compression.ts";
import type { Timed } from "./deadlines.ts";
import { Inbound, type InboundSink } from "./inbound.ts";
import type { ServerSide } from "./server-side.ts";
import { Code, DEADLINE_EXCEEDED, type Status, status } from "./status.ts";
import type { CallHandler, Http2GrpcCall, Method } from "./transport.ts";

const NO_FIELDS: readonly HeaderField[] = [];

/** What a call was opened with. */
export interface Opening<M extends Method> {
  readonly method: M;
  readonly headers: HeaderList;
  readonly timeoutMs: number | null;
  readonly encoding: string;
  /** For the request's messages and, as grpc-go does it, for the answer's; undefined where `encoding` is not known. */
  readonly compression: Compression | null | undefined;
}

/** One call that a client has made. */
export class ServerCall<M extends Method> implements Http2GrpcCall, InboundSink, Timed {
  readonly deadline: number;
  timedBefore: Timed | null = null;
  timedAfter: Timed | null = null;
  readonly #side: ServerSide<M>;
  readonly #stream: Stream<ServerCall<M>>;
  readonly #opening: Opening<M>;
  readonly #startedAt: number;
  readonly #inbound: Inbound;
  #handler: CallHandler | null = null;
  #phase: "Open" | "Ended" | "Cancelled" = "Open";
  #halfClosed = false;
  #halfCloseTold = false;
  #messages = 0;
  #headSent = false;
  /** A unary answer waits here for its status: with any but OK it is not sent. */
  #answer: readonly Bytes[] | null = null;
  #trailers: readonly HeaderField[] = NO_FIELDS;

  constructor(side: ServerSide<M>, stream: Stream<ServerCall<M>>, opening: Opening<M>) {
    const { timeoutMs, compression, encoding } = opening;
    this.#side = side;
    this.#stream = stream;
    this.#opening = opening;
    this.#startedAt = side.now();
    this.deadline = timeoutMs === null ? Number.POSITIVE_INFINITY : this.#startedAt + timeoutMs;
    this.#inbound = new Inbound(this, side.inbound, compression, encoding);
  }

  get method(): M {
    return this.#opening.method;
  }

  get headers(): HeaderList {
    return this.#opening.headers;
  }

  get timeoutMs(): number | null {
    return this.#opening.timeoutMs;
  }

  get isOver(): boolean {
    return this.#phase !== "Open";
  }

  get buffered(): number {
    return this.#stream.queuedBytes;
  }

  get room(): number {
    return this.#side.connection.room;
  }

  hold(bytes: number): void {
    this.#side.connection.hold(this.#stream, bytes);
  }

  open(halfClosed: boolean): void {
    this.#handler = this.#opening.method.open(this);
    if (halfClosed) this.onBody(EMPTY, 0, 0, true);
  }

  metadata(name: string): string | undefined {
    return this.#opening.headers.get(name);
  }

  sendMetadata(fields: readonly HeaderField[]): void {
    if (this.isOver || this.#headSent) return;
    this.#headSent = true;
    const list = this.#side.responseHeaders(this.#opening.compression ?? null);
    this.#side.connection.head(this.#stream, list, fields);
  }

  addTrailer(name: string, value: string): void {
    this.addTrailers([new HeaderField(name, value)]);
  }

  addTrailers(fields: readonly HeaderField[]): void {
    this.#trailers = [...this.#trailers, ...fields];
  }

  write(parts: readonly Bytes[]): boolean {
    if (this.isOver) return true;
    const { type } = this.#opening.method;
    if (type === "unary" || type === "clientStream") {
      this.#answer = parts;
      return true;
    }
    return this.#send(parts);
  }

  end(ended: Status): void {
    if (this.isOver) return;
    this.#over("Ended", ended.code);
    const { connection } = this.#side;
    const stream = this.#stream;
    if (ended.code === Code.OK) {
      if (this.#answer !== null) this.#send(this.#answer);
      else this.#sendHead();
      connection.finish(stream, OK_TRAILERS, this.#trailers);
    } else if (this.#headSent) {
      connection.finish(stream, NO_TRAILERS, [...statusFields(ended), ...this.#trailers]);
    } else {
      const fields = [...statusFields(ended), ...this.#trailers];
      connection.head(stream, this.#side.responseHeaders(null), fields, true);
    }
    this.#answer = null;
    this.#discard();
  }

  pause(): void {
    if (!this.isOver) this.#inbound.isPaused = true;
  }

  resume(): void {
    if (this.isOver || !this.#inbound.isPaused) return;
    this.#inbound.resume();
    this.#afterDelivery();
  }

  onDeadline(): void {
    this.abandon(DEADLINE_EXCEEDED);
  }

  /** Ends the call for a reason that is not the handler's, and tells the handler that it is over. */
  abandon(reason: Status): void {
    if (this.isOver) return;
    this.#answer = null;
    this.end(reason);
    this.#handler?.onCancel();
  }

  onBody(chunk: Bytes, from: number, to: number, isLast: boolean): void {
    if (this.isOver) return;
    if (isLast) this.#halfClosed = true;
    if (to > from) {
      this.#side.observer?.received(to - from);
      this.#inbound.push(chunk, from, to);
    }
    this.#afterDelivery();
  }

  /** Reset by the client, or cut off with its connection. */
  onReset(): void {
    if (this.isOver) return;
    this.#over("Cancelled", Code.Canceled);
    this.#inbound.clear();
    this.#handler?.onCancel();
  }

  onDrain(): void {
    if (!this.isOver) this.#handler?.onDrain();
  }

  onInbound(message: Bytes): void {
    const { type } = this.#opening.method;
    this.#messages++;
    if (this.#messages > 1 && (type === "unary" || type === "serverStream")) {
      this.abandon(SECOND_MESSAGE);
    } else this.#handler?.onMessage(message);
  }

  onUnreadable(reason: Status): void {
    this.abandon(reason);
  }

  #afterDelivery(): void {
    if (this.#inbound.isPaused && !this.isOver) return;
    this.#discard();
    if (this.isOver || !this.#halfClosed || this.#halfCloseTold) return;
    this.#halfCloseTold = true;
    const { type } = this.#opening.method;
    const wantsOne = type === "unary" || type === "serverStream";
    if (this.#inbound.left > 0) this.abandon(UNEXPECTED_END);
    else if (this.#messages === 0 && wantsOne) this.abandon(NO_MESSAGE);
    else this.#handler?.onHalfClose();
  }

  /** The client gets back the window of what has been delivered or will never be. */
  #discard(): void {
    const stream = this.#stream;
    if (stream.held > 0) this.#side.connection.consume(stream, stream.held);
  }

  #sendHead(): void {
    if (this.#headSent) return;
    this.#headSent = true;
    const list = this.#side.responseHeaders(this.#opening.compression ?? null);
    this.#side.connection.head(this.#stream, list);
  }

  #send(parts: readonly Bytes[]): boolean {
    this.#sendHead();
    const { connection, observer } = this.#side;
    const compression = this.#opening.compression ?? null;
    const sent = compression === null ? parts : [compression.compress(parts)];
    observer?.sent(lengthOf(sent));
    return connection.message(this.#stream, sent, compression !== null);
  }

  #over(phase: "Ended" | "Cancelled", code: number): void {
    this.#phase = phase;
    this.#side.onOver(this, code, this.#startedAt);
    if (phase === "Ended") this.#inbound.clear();
  }
}

const NO_MESSAGE = status(Code.Internal, "a call of this method takes one message and got none");
const SECOND_MESSAGE = status(
  Code.Internal,
  "a call of this method takes one message and got more",
);
const UNEXPECTED_END = status(Code.Internal, "unexpected EOF");

/** Of a message on the wire, its prefix included. */
function lengthOf(parts: readonly Bytes[]): number {
  let length = PREFIX_BYTES;
  for (const part of parts) length += part.length;
  return length;
}
