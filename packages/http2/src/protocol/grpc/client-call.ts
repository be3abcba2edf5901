import type { Bytes } from "../bytes.ts";
import type { ResetCause, Stream } from "../connection/index.ts";
import { HeaderField, type HeaderList, responseHead } from "../fields/index.ts";
import { ErrorCode } from "../frames/index.ts";
import type { ClientMethod } from "./client-method.ts";
import type { ClientSide } from "./client-side.ts";
import { compressionNamed } from "./compression.ts";
import type { Timed } from "./deadlines.ts";
import { Inbound, type InboundSink } from "./inbound.ts";
import { isGrpcContentType } from "./request.ts";
import {
  CANCELED,
  Code,
  DEADLINE_EXCEEDED,
  OK,
  type Status,
  status,
  statusOfHttp,
  statusOfReset,
} from "./status.ts";
import { percentDecode } from "./text.ts";
import { formatTimeout } from "./timeout.ts";

/** The caller's side of one call. After `onEnd` nothing more is said. */
export interface ClientHandler {
  /** The answer's metadata; not called where the answer is over with its head. */
  onHead?(headers: HeaderList): void;
  /** One whole message: a view of what the socket gave, wherever that was possible. */
  onMessage(message: Bytes): void;
  onEnd(end: ClientEnd): void;
  onDrain?(): void;
}

export interface ClientEnd {
  readonly status: Status;
  /** Null where the call ended without any. */
  readonly trailers: HeaderList | null;
  /** True where the server has certainly not looked at the call: it may be made again elsewhere, whatever it does. */
  readonly unprocessed: boolean;
}

export interface CallOptions {
  /** Told to the server, and enforced here. */
  readonly timeoutMs?: number;
  readonly metadata?: readonly HeaderField[];
}

interface Waiting {
  readonly parts: readonly Bytes[] | null;
  readonly isLast: boolean;
}

/** One call to a server. It may wait for a place on the connection; what is written meanwhile is kept. */
export class ClientCall implements InboundSink, Timed {
  readonly deadline: number;
  timedBefore: Timed | null = null;
  timedAfter: Timed | null = null;
  isOver = false;
  readonly method: ClientMethod;
  readonly #side: ClientSide;
  readonly #handler: ClientHandler;
  readonly #options: CallOptions;
  #stream: Stream<ClientCall> | null = null;
  #waiting: Waiting[] | null = null;
  #inbound: Inbound | null = null;
  #isPaused = false;
  /** The end of the answer, where messages before it have not all been delivered. */
  #end: ClientEnd | null = null;

  constructor(
    side: ClientSide,
    method: ClientMethod,
    handler: ClientHandler,
    options: CallOptions,
  ) {
    const { timeoutMs } = options;
    this.#side = side;
    this.method = method;
    this.#handler = handler;
    this.#options = options;
    this.deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : side.now() + timeoutMs;
  }

  /** Bytes written that wait for the server's window or for the socket. */
  get buffered(): number {
    return this.#stream?.queuedBytes ?? 0;
  }

  /** One message in parts, which must not change any more. False: wait for `onDrain` before the next. */
  write(parts: readonly Bytes[]): boolean {
    return this.#send(parts, false);
  }

  /** The last message, and that it is the last, in one frame. */
  writeLast(parts: readonly Bytes[]): void {
    this.#send(parts, true);
  }

  /** No message will follow. */
  halfClose(): void {
    this.#send(null, true);
  }

  cancel(): void {
    this.fail(CANCELED, ErrorCode.Cancel);
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#inbound !== null) this.#inbound.isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#inbound?.resume();
    this.#afterDelivery();
  }

  /** Takes a place on the connection; false where there is none. */
  open(): boolean {
    const { timeoutMs, metadata } = this.#options;
    let extra = metadata ?? NO_FIELDS;
    if (timeoutMs !== undefined) {
      const left = formatTimeout(Math.max(1, this.deadline - this.#side.now()));
      extra = [...extra, new HeaderField("grpc-timeout", left, { indexed: false })];
    }
    this.#stream = this.#side.connection.open(this.method.headers, this, extra);
    if (this.#stream === null) return false;
    const waiting = this.#waiting;
    this.#waiting = null;
    for (const { parts, isLast } of waiting ?? []) this.#send(parts, isLast);
    return true;
  }

  onHead(headers: HeaderList, endStream: boolean): void {
    if (this.isOver) return;
    const head = responseHead(headers);
    const http = head.type === "Response" ? head.status : 0;
    if (endStream) return this.#ended(headers, http);
    if (http !== 200 || !isGrpcContentType(headers.get("content-type"))) {
      return this.fail(statusOfHttp(http), ErrorCode.Cancel);
    }
    const { compressions, inbound } = this.#side;
    const encoding = headers.get("grpc-encoding") ?? "identity";
    const compression = compressionNamed(compressions, encoding);
    this.#inbound = new Inbound(this, inbound, compression, encoding);
    this.#inbound.isPaused = this.#isPaused;
    this.#handler.onHead?.(headers);
  }

  onBody(chunk: Bytes, from: number, to: number, isLast: boolean): void {
    if (this.isOver) return this.#giveBack();
    if (to > from) this.#inbound?.push(chunk, from, to);
    if (isLast) this.#end ??= { status: NO_STATUS, trailers: null, unprocessed: false };
    this.#afterDelivery();
  }

  onTrailers(headers: HeaderList): void {
    if (!this.isOver) this.#ended(headers, 200);
  }

  onReset(code: number, cause: ResetCause): void {
    const unprocessed = cause === "Unprocessed";
    if (unprocessed || cause === "Connection") {
      const text = unprocessed ? "the server took no more calls" : this.#side.endReason;
      this.#over({ status: status(Code.Unavailable, text), trailers: null, unprocessed });
    } else this.#over({ status: statusOfReset(code), trailers: null, unprocessed: false });
  }

  onDrain(): void {
    if (!this.isOver) this.#handler.onDrain?.();
  }

  onDeadline(): void {
    this.fail(DEADLINE_EXCEEDED, ErrorCode.Cancel);
  }

  onInbound(message: Bytes): void {
    this.#handler.onMessage(message);
  }

  onUnreadable(reason: Status): void {
    this.fail(reason, ErrorCode.Cancel);
  }

  /** Ends the call from here. */
  fail(reason: Status, code: number): void {
    if (this.isOver) return;
    const unprocessed = this.#stream === null;
    if (this.#stream !== null) this.#side.connection.reset(this.#stream, code);
    this.#over({ status: reason, trailers: null, unprocessed });
  }

  #send(parts: readonly Bytes[] | null, isLast: boolean): boolean {
    if (this.isOver) return true;
    const stream = this.#stream;
    if (stream === null) {
      this.#waiting ??= [];
      this.#waiting.push({ parts, isLast });
      return false;
    }
    const { connection, compression } = this.#side;
    if (parts === null) {
      connection.finish(stream, null);
      return true;
    }
    const sent = compression === null ? parts : [compression.compress(parts)];
    return connection.message(stream, sent, compression !== null, isLast);
  }

  #ended(headers: HeaderList, http: number): void {
    this.#end = { status: statusOf(headers, http), trailers: headers, unprocessed: false };
    this.#afterDelivery();
  }

  #afterDelivery(): void {
    if (this.#isPaused && (this.#inbound?.left ?? 0) > 0) return;
    this.#giveBack();
    if (this.#end === null || this.isOver) return;
    const left = this.#inbound?.left ?? 0;
    const end = left > 0 && this.#end.status.code === Code.OK ? CUT_OFF : this.#end;
    this.#over(end);
    // The server is done with a call of which we have not said all: it need not hear the rest.
    const stream = this.#stream;
    if (stream !== null && !stream.localClosed)
      this.#side.connection.reset(stream, ErrorCode.NoError);
  }

  #giveBack(): void {
    const stream = this.#stream;
    if (stream !== null && stream.held > 0) this.#side.connection.consume(stream, stream.held);
  }

  #over(end: ClientEnd): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#waiting = null;
    this.#inbound?.clear();
    this.#giveBack();
    this.#side.onOver(this);
    this.#handler.onEnd(end);
  }
}

const NO_FIELDS: readonly HeaderField[] = [];
const NO_STATUS = status(Code.Internal, "the server ended the call without a status");
const CUT_OFF: ClientEnd = {
  status: status(Code.Internal, "the server's last message is cut off"),
  trailers: null,
  unprocessed: false,
};

function statusOf(headers: HeaderList, http: number): Status {
  const code = headers.get("grpc-status");
  if (code === "0") return OK;
  if (code === undefined) return http === 200 ? NO_STATUS : statusOfHttp(http);
  const message = percentDecode(headers.get("grpc-message") ?? "");
  const known = /^\d{1,2}$/.test(code) && Number(code) <= Code.Unauthenticated;
  return status(known ? Number(code) : Code.Unknown, message);
}
