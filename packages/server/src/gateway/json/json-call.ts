import type { IncomingMessage, ServerResponse } from "node:http";
import type { Share } from "@quorate/http2";
import { type Bytes, concat, Malformed } from "@quorate/kernel/core";
import { Refusal } from "../etcd/index.ts";
import {
  type CallHandler,
  type CallObserver,
  Code,
  DEADLINE_EXCEEDED,
  type Deadlines,
  type GrpcCall,
  parseTimeout,
  type Status,
  status,
  type Timed,
} from "../grpc/index.ts";
import type { Pools } from "../pools.ts";
import { decode, encode, fromJson, toJson } from "../protobuf/index.ts";
import { errorBody, httpStatusOf, streamError } from "./json-error.ts";
import { JsonSplitter } from "./json-splitter.ts";
import type { Route } from "./routes.ts";

export interface JsonCallOptions {
  /** A larger JSON object is refused: a request of the gRPC bound in base64, and its names. */
  readonly objectBytesMax: number;
  /** A call with one answer must be over by then, its body included. */
  readonly unaryTimeoutMs: number;
  readonly deadlines: Deadlines;
  readonly observer: CallObserver;
  /** How long a client may take no byte of a finished answer before its connection is cut. */
  readonly slowReaderMs: number;
  readonly pools: Pools;
}

const JSON_HEADERS = {
  "content-type": "application/json",
  "grpc-metadata-content-type": "application/grpc",
};

/**
 * A call over HTTP/1.1: the same services, their messages transcoded. A method with one answer answers with one
 * object; a stream answers with lines of `{"result": …}` for as long as it lasts, and reads its requests
 * from the body, one object after another.
 */
export class JsonCall implements GrpcCall, Timed {
  readonly timeoutMs: number | null;
  readonly deadlineMs: number;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #route: Route;
  readonly #options: JsonCallOptions;
  readonly #splitter: JsonSplitter;
  readonly #startedMs = performance.now();
  readonly #texts: string[] = [];
  #handler: CallHandler | null = null;
  #over = false;
  #paused = false;
  #bodyEnded = false;
  #halfCloseTold = false;
  #delivered = 0;
  #answer: readonly Bytes[] | null = null;
  /** What the response holds, as far as it is counted. */
  readonly #share: Share;
  /** What is held of the body, and kept by the service. */
  readonly #received: Share;
  #kept = 0;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    route: Route,
    options: JsonCallOptions,
  ) {
    this.#request = request;
    this.#response = response;
    this.#route = route;
    this.#options = options;
    this.#splitter = new JsonSplitter(options.objectBytesMax);
    this.#share = options.pools.send.join(() => this.#pushedOut());
    this.#received = options.pools.receive.join(() => this.abandon(Refusal.tooManyRequests));
    const timeout = this.metadata("grpc-timeout");
    this.timeoutMs = timeout === undefined ? null : parseTimeout(timeout);
    const limitMs =
      this.timeoutMs ?? (this.#isUnary ? options.unaryTimeoutMs : Number.POSITIVE_INFINITY);
    this.deadlineMs = this.#startedMs + limitMs;
  }

  start(): void {
    this.#options.observer.started(this.#route.method);
    if (this.deadlineMs < Number.POSITIVE_INFINITY) this.#options.deadlines.add(this);
    this.#handler = this.#route.method.open(this);
    this.#request.on("data", (chunk: Buffer) => this.#onChunk(chunk));
    this.#request.on("end", () => this.#onBodyEnd());
    this.#request.on("error", () => {});
    this.#response.on("close", () => this.#onClose());
    this.#response.on("drain", () => this.#onDrain());
  }

  /** Metadata come as grpc-gateway has them, `Grpc-Metadata-` before the name, or plainly. */
  metadata(name: string): string | undefined {
    const { headers } = this.#request;
    const value = headers[`grpc-metadata-${name}`] ?? headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  get buffered(): number {
    return this.#response.writableLength;
  }

  get room(): number {
    return this.#options.pools.send.room;
  }

  hold(bytes: number): void {
    this.#kept += bytes;
    this.#countReceived();
  }

  write(parts: readonly Bytes[]): boolean {
    if (this.#over) return true;
    if (this.#isUnary) {
      this.#answer = parts;
      return true;
    }
    if (!this.#response.headersSent) this.#response.writeHead(200, JSON_HEADERS);
    const room = this.#response.write(`{"result":${this.#json(parts)}}\n`);
    this.#count();
    return room;
  }

  /** As grpc-gateway has them; of a stream, whose head has been sent, they are left out. */
  addTrailer(name: string, value: string): void {
    if (!this.#response.headersSent) this.#response.setHeader(`grpc-trailer-${name}`, value);
  }

  end(ended: Status): void {
    if (this.#over) return;
    this.#finish(ended.code);
    const response = this.#response;
    if (ended.code === Code.OK) {
      if (!response.headersSent) response.writeHead(200, JSON_HEADERS);
      response.end(this.#answer === null ? "" : this.#json(this.#answer));
    } else if (response.headersSent) response.end(streamError(ended));
    else {
      response.writeHead(httpStatusOf(ended.code), JSON_HEADERS);
      response.end(this.#isUnary ? errorBody(ended) : streamError(ended));
    }
    this.#request.resume();
    this.#count();
    if (this.#share.bytes > 0)
      response.setTimeout(this.#options.slowReaderMs, () => response.destroy());
  }

  pause(): void {
    if (this.#over) return;
    this.#paused = true;
    this.#request.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#request.resume();
    this.#pump();
    this.#countReceived();
  }

  onDeadline(): void {
    this.abandon(DEADLINE_EXCEEDED);
  }

  /** Ends the call for a reason of the listener's own, telling the handler that it is over. */
  abandon(reason: Status): void {
    if (this.#over) return;
    this.#answer = null;
    this.end(reason);
    this.#handler?.onCancel();
  }

  get #isUnary(): boolean {
    return this.#route.method.type === "unary";
  }

  #onChunk(chunk: Buffer): void {
    if (this.#over) return;
    const texts = this.#splitter.push(chunk);
    if (texts instanceof Malformed) {
      this.abandon(invalid(texts));
      return;
    }
    for (const text of texts) this.#texts.push(text);
    this.#pump();
    this.#countReceived();
  }

  #onBodyEnd(): void {
    this.#bodyEnded = true;
    this.#pump();
  }

  #onClose(): void {
    this.#share.add(-this.#share.bytes);
    if (this.#over) return;
    this.#finish(Code.Canceled);
    this.#handler?.onCancel();
  }

  /** Of the leaving of what does not fill the socket nobody is told, until the answer has ended. */
  #count(): void {
    const { writableNeedDrain, writableEnded, writableLength, destroyed } = this.#response;
    const held = (writableNeedDrain || writableEnded) && !destroyed ? writableLength : 0;
    if (held !== this.#share.bytes) this.#share.add(held - this.#share.bytes);
  }

  #countReceived(): void {
    let held = this.#kept + this.#splitter.heldBytes;
    for (const text of this.#texts) held += text.length;
    if (!this.#over && held !== this.#received.bytes)
      this.#received.add(held - this.#received.bytes);
  }

  #pushedOut(): void {
    this.#response.destroy();
    this.#share.add(-this.#share.bytes);
  }

  #onDrain(): void {
    this.#count();
    if (!this.#over) this.#handler?.onDrain();
  }

  #pump(): void {
    while (!this.#over && !this.#paused) {
      const text = this.#texts.shift();
      if (text === undefined) break;
      this.#deliver(text);
    }
    if (this.#over || this.#paused || !this.#bodyEnded || this.#halfCloseTold) return;
    this.#halfCloseTold = true;
    if (this.#splitter.inside) {
      this.abandon(invalid(new Malformed("unexpected EOF")));
      return;
    }
    // A method that takes one request takes an empty body for an empty one.
    if (this.#delivered === 0 && this.#route.method.type !== "bidiStream") this.#deliver("{}");
    if (!this.#over) this.#handler?.onHalfClose();
  }

  /** Of a method that takes one request, what follows the first is not looked at, as in etcd's gateway. */
  #deliver(text: string): void {
    if (this.#delivered > 0 && this.#route.method.type !== "bidiStream") return;
    this.#delivered++;
    const { request } = this.#route;
    const message = fromJson(request, text);
    if (message instanceof Malformed) this.abandon(invalid(message));
    else this.#handler?.onMessage(encode(request, message as Partial<typeof message>));
  }

  #json(parts: readonly Bytes[]): string {
    const { response } = this.#route;
    const message = decode(response, concat(parts));
    if (message instanceof Malformed) throw message;
    return toJson(response, message);
  }

  #finish(code: number): void {
    this.#over = true;
    this.#splitter.clear();
    this.#texts.length = 0;
    this.#received.add(-this.#received.bytes);
    this.#options.deadlines.delete(this);
    this.#options.observer.finished(this.#route.method, code, performance.now() - this.#startedMs);
  }
}

const invalid = (reason: Malformed): Status => status(Code.InvalidArgument, reason.message);
