import { type Bytes, EMPTY } from "../bytes.ts";
import {
  Connection,
  type ConnectionEnd,
  type ConnectionHandler,
  type ConnectionOptions,
  type ResetCause,
  type Stream,
} from "../connection/index.ts";
import { HeaderList } from "../fields/index.ts";
import { ErrorCode } from "../frames/index.ts";
import { GRPC_LIMITS, type GrpcLimits, PASSED_OVER_BYTES_MAX } from "../limits.ts";
import { responseHeaders, statusFields } from "./answers.ts";
import { type Compression, compressionNamed, offer } from "./compression.ts";
import type { Deadlines } from "./deadlines.ts";
import { Assembly, type InboundOptions } from "./inbound.ts";
import { BAD_REQUEST, readRequest } from "./request.ts";
import { type Opening, ServerCall } from "./server-call.ts";
import type { Status } from "./status.ts";
import type { CallObserver, Method, Router } from "./transport.ts";

/** What all connections of a server have in common. */
export interface ServerShared<M extends Method> {
  readonly router: Router<M>;
  readonly deadlines: Deadlines;
  /** Milliseconds of the clock by which `deadlines` goes. */
  readonly now: () => number;
  readonly observer?: CallObserver<M> | null;
  /** Beside `identity`, which is always understood. */
  readonly compressions?: readonly Compression[];
  readonly limits?: GrpcLimits;
  readonly connection?: ConnectionOptions;
}

/** Whoever carries the bytes. */
export interface ConnectionHost {
  onOutput(): void;
  onClosed(end: ConnectionEnd): void;
}

type Memo<M extends Method> =
  | { readonly type: "Opening"; readonly opening: Opening<M> }
  | { readonly type: "Refusal"; readonly httpStatus: string; readonly reason: Status };

/** A server's end of one connection: gRPC on its streams. */
export class ServerSide<M extends Method> implements ConnectionHandler<ServerCall<M>> {
  readonly connection: Connection<ServerCall<M>>;
  readonly limits: GrpcLimits;
  readonly inbound: InboundOptions;
  readonly observer: CallObserver<M> | null;
  readonly now: () => number;
  readonly #shared: ServerShared<M>;
  readonly #host: ConnectionHost;
  readonly #compressions: readonly Compression[];
  readonly #plainHeaders: HeaderList;
  readonly #compressedHeaders = new Map<string, HeaderList>();
  /** Calls that would not end by themselves when the server drains. */
  readonly #streaming = new Set<ServerCall<M>>();
  #refused: Status | null = null;

  constructor(shared: ServerShared<M>, host: ConnectionHost) {
    this.#shared = shared;
    this.#host = host;
    this.limits = shared.limits ?? GRPC_LIMITS;
    const { messageBytesMax, assemblyBytesMax } = this.limits;
    const pushedOut = (): void =>
      this.connection.close(ErrorCode.EnhanceYourCalm, TOO_MUCH_OVER_ALL);
    const share = shared.connection?.receivePool?.join(pushedOut) ?? null;
    const assembly = new Assembly(assemblyBytesMax, share);
    this.inbound = { messageBytesMax, assembly };
    this.observer = shared.observer ?? null;
    this.now = shared.now;
    this.#compressions = shared.compressions ?? [];
    this.#plainHeaders = responseHeaders(offer(this.#compressions), null);
    this.connection = new Connection("server", this, { now: shared.now(), ...shared.connection });
  }

  /** Ends streaming calls with `reason`, lets the others be answered, and then closes. */
  drain(reason: Status): void {
    this.#refused = reason;
    for (const call of this.#streaming) call.abandon(reason);
    this.connection.drain();
  }

  onHead(stream: Stream<ServerCall<M>>, headers: HeaderList, endStream: boolean): void {
    const known = (headers.memo as Memo<M> | null) ?? this.#remember(headers);
    if (known.type === "Refusal") return this.#refuse(stream, known.httpStatus, known.reason);
    const { opening } = known;
    const streams = opening.method.type === "serverStream" || opening.method.type === "bidiStream";
    if (streams && this.#refused !== null) return this.#refuse(stream, "200", this.#refused);
    const call = new ServerCall(this, stream, opening);
    stream.owner = call;
    if (streams) this.#streaming.add(call);
    this.observer?.started(opening.method);
    if (opening.timeoutMs !== null) this.#shared.deadlines.add(call);
    call.open(endStream);
  }

  onData(
    stream: Stream<ServerCall<M>>,
    chunk: Bytes,
    from: number,
    to: number,
    endStream: boolean,
  ): void {
    const { owner } = stream;
    if (owner !== null && !owner.isOver) owner.onBody(chunk, from, to, endStream);
    else this.#passOver(stream, endStream);
  }

  /** RFC 9113 §8.1 lets us stop a client that goes on after a complete answer, without an error. */
  #passOver(stream: Stream<ServerCall<M>>, endStream: boolean): void {
    this.connection.consume(stream, stream.held);
    if (endStream || stream.bodyReceived <= PASSED_OVER_BYTES_MAX) return;
    this.connection.reset(stream, ErrorCode.NoError);
  }

  /** What a client says after its messages means nothing to gRPC. */
  onTrailers(stream: Stream<ServerCall<M>>): void {
    stream.owner?.onBody(EMPTY, 0, 0, true);
  }

  onReset(stream: Stream<ServerCall<M>>, _code: number, _cause: ResetCause): void {
    stream.owner?.onReset();
  }

  onDrain(stream: Stream<ServerCall<M>>): void {
    stream.owner?.onDrain();
  }

  onOutput(): void {
    this.#host.onOutput();
  }

  onPong(): void {}

  onCapacity(): void {}

  onClosed(end: ConnectionEnd): void {
    this.#host.onClosed(end);
  }

  onOver(call: ServerCall<M>, code: number, startedAt: number): void {
    if (call.timedBefore !== null) this.#shared.deadlines.delete(call);
    const { method } = call;
    if (method.type === "serverStream" || method.type === "bidiStream")
      this.#streaming.delete(call);
    this.observer?.finished(method, code, this.now() - startedAt);
  }

  responseHeaders(compression: Compression | null): HeaderList {
    if (compression === null) return this.#plainHeaders;
    const known = this.#compressedHeaders.get(compression.name);
    if (known !== undefined) return known;
    const made = responseHeaders(offer(this.#compressions), compression.name);
    this.#compressedHeaders.set(compression.name, made);
    return made;
  }

  /** All that a request's fields say is worked out once for all requests with the same ones. */
  #remember(headers: HeaderList): Memo<M> {
    const memo = this.#read(headers);
    headers.memo = memo;
    return memo;
  }

  #read(headers: HeaderList): Memo<M> {
    const request = readRequest(headers);
    if (request.type === "Refusal") return request;
    const method = this.#shared.router.find(request.path);
    if ("code" in method) return { type: "Refusal", httpStatus: "200", reason: method };
    const { timeoutMs, encoding } = request;
    const compression = compressionNamed(this.#compressions, encoding);
    return { type: "Opening", opening: { method, headers, timeoutMs, encoding, compression } };
  }

  /**
   * Answers with a status alone. What is no gRPC at all gets it as a text too, for the person who tries it by hand. What the
   * client still sends of the request is passed over.
   */
  #refuse(stream: Stream<ServerCall<M>>, httpStatus: string, reason: Status): void {
    const fields = statusFields(reason);
    if (httpStatus === "200") return this.connection.head(stream, this.#plainHeaders, fields, true);
    const isGrpc = httpStatus === BAD_REQUEST;
    const list = HeaderList.of(
      [":status", httpStatus],
      ["content-type", isGrpc ? "application/grpc" : "text/plain; charset=utf-8"],
    );
    this.connection.head(stream, list, fields, isGrpc);
    if (isGrpc) return;
    this.connection.data(stream, [new TextEncoder().encode(`${reason.message}\n`)], true);
  }
}

const TOO_MUCH_OVER_ALL =
  "more is held of messages that are not whole, over all connections, than may, and most here";
