import type { Bytes } from "../bytes.ts";
import type { HeaderField, HeaderList } from "../fields/index.ts";
import type { Status } from "./status.ts";

/** A call as a service sees it: messages are bytes, and whatever frames, compresses or encrypts them lies beneath. */
export interface GrpcCall {
  /** The first value of a request header, by its lower-case name. */
  metadata(name: string): string | undefined;
  /** What the client gave at the call's start, in milliseconds; null for no limit. It is enforced beneath. */
  readonly timeoutMs: number | null;
  /**
   * Sends one message, given in parts that are not changed any more. False means that the peer reads more
   * slowly than this: `onDrain` tells when there is room again, and who goes on writing grows `buffered`.
   */
  write(parts: readonly Bytes[]): boolean;
  /** Bytes written that wait for the peer's window or for the socket. */
  readonly buffered: number;
  /** Bytes that its connection may still hold besides, before it is cut; no number where nobody counts. */
  readonly room: number;
  /**
   * So many bytes more, or fewer, are kept of what was asked: they count among the requests that are not over, of all
   * connections together, and who holds the most of these is cut. That may be this call, before `hold` returns.
   */
  hold(bytes: number): void;
  /** Adds a field to those that `end` will send; its name is in lower case, its value printable ASCII. */
  addTrailer(name: string, value: string): void;
  /** Ends the call, after what was written. Neither `write` nor a second `end` may follow. */
  end(status: Status): void;
  /** No `onMessage` and no `onHalfClose` until `resume`: how a service bounds what it has been asked for. */
  pause(): void;
  resume(): void;
}

/** What a call on HTTP/2 offers beyond that. */
export interface Http2GrpcCall extends GrpcCall {
  /** The request's fields, in order. */
  readonly headers: HeaderList;
  /** Sends metadata ahead of the first message; once, and before it. */
  sendMetadata(fields: readonly HeaderField[]): void;
  /** Adds fields to the trailers that `end` will send. */
  addTrailers(fields: readonly HeaderField[]): void;
}

/** The service's side of one call. After `end` or `onCancel` none of these is called any more. */
export interface CallHandler {
  /**
   * One whole message of the client: a view of what the socket gave, wherever that was possible. It does not change, but as
   * long as it is kept so is the chunk around it, up to 64 KiB. Of a method that takes a single message
   * this is called at most once.
   */
  onMessage(message: Bytes): void;
  /** The client sends nothing more. */
  onHalfClose(): void;
  /** The client is gone or its time is up. The call is over: `end` must not be called. */
  onCancel(): void;
  onDrain(): void;
}

export type MethodType = "unary" | "serverStream" | "clientStream" | "bidiStream";

export interface Method {
  readonly type: MethodType;
  open(call: Http2GrpcCall): CallHandler;
}

/** Where a server finds its methods. */
export interface Router<M extends Method> {
  /** By path, `/service/name`: the method, or the status with which the path is refused. */
  find(path: string): M | Status;
}

/** What a server tells whoever counts. Bytes are those of messages with their prefixes. */
export interface CallObserver<M extends Method> {
  started(method: M): void;
  finished(method: M, code: number, elapsedMs: number): void;
  received(bytes: number): void;
  sent(bytes: number): void;
}

/** Methods by their paths, for whoever needs no more of a router. */
export class Methods<M extends Method> implements Router<M> {
  readonly #byPath: ReadonlyMap<string, M>;
  readonly #missing: (path: string) => Status;

  constructor(byPath: Readonly<Record<string, M>>, missing: (path: string) => Status) {
    this.#byPath = new Map(Object.entries(byPath));
    this.#missing = missing;
  }

  find(path: string): M | Status {
    return this.#byPath.get(path) ?? this.#missing(path);
  }
}
