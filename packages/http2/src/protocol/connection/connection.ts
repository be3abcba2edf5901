import type { Bytes } from "../bytes.ts";
import type { HeaderField, HeaderList } from "../fields/index.ts";
import { ErrorCode } from "../frames/index.ts";
import { Core, type Phase } from "./core.ts";
import type { ConnectionHandler } from "./handler.ts";
import type { ConnectionOptions } from "./options.ts";
import type { Role } from "./settings.ts";
import type { Stream } from "./stream.ts";

const NO_FIELDS: readonly HeaderField[] = [];

/**
 * One HTTP/2 connection as a state machine over bytes (RFC 9113): `receive` takes what came from the transport, in chunks of any
 * size, and tells the handler what it means; `take` gives what is to be sent. It opens no socket, reads no clock and
 * starts no timer: the host gives the time with each chunk and calls `tick` about once a second. A new connection has
 * something to `take` at once.
 */
export class Connection<T> {
  readonly #core: Core<T>;

  constructor(role: Role, handler: ConnectionHandler<T>, options: ConnectionOptions = {}) {
    this.#core = new Core(role, handler, options);
  }

  get phase(): Phase {
    return this.#core.phase;
  }

  /** Streams that are not closed. */
  get streams(): number {
    return this.#core.streams.size;
  }

  /** Streams that `open` would still open now: what the peer allows, less those that there are. */
  get capacity(): number {
    return this.#core.capacity;
  }

  /** Bytes that may still be made to wait for the peer's windows, before the connection is cut. */
  get room(): number {
    return this.#core.sender.room;
  }

  /** Chunks are given whole and in order; views of them go to the handler, so nobody may write to them again. */
  receive(chunk: Bytes, now: number): void {
    this.#core.receive(chunk, now);
  }

  /** The next stream, with a request's head; null where the peer allows none now, or will allow none any more. */
  open(
    headers: HeaderList,
    owner: T,
    extra: readonly HeaderField[] = NO_FIELDS,
    endStream = false,
  ): Stream<T> | null {
    return this.#core.openOwn(headers, owner, extra, endStream);
  }

  /** The head of a response. Once for a stream, before anything else on it; nothing happens on a stream that is over. */
  head(
    stream: Stream<T>,
    headers: HeaderList,
    extra: readonly HeaderField[] = NO_FIELDS,
    endStream = false,
  ): void {
    if (!this.#core.maySend(stream)) return;
    this.#core.sender.head(stream, headers, extra, endStream);
    this.#core.noteOutput();
  }

  /**
   * One gRPC message in parts, which must not change any more. False tells the writer to wait until the stream has
   * drained; what it writes all the same is queued.
   */
  message(
    stream: Stream<T>,
    parts: readonly Bytes[],
    compressed = false,
    endStream = false,
  ): boolean {
    if (!this.#core.maySend(stream)) return true;
    const room = this.#core.sender.message(stream, parts, compressed, endStream);
    this.#core.noteOutput();
    return room;
  }

  /** Body bytes as they are: for HTTP that is not gRPC. */
  data(stream: Stream<T>, parts: readonly Bytes[], endStream = false): boolean {
    if (!this.#core.maySend(stream)) return true;
    const room = this.#core.sender.data(stream, parts, endStream);
    this.#core.noteOutput();
    return room;
  }

  /** Ends our side after what is queued: with trailers, or without. */
  finish(
    stream: Stream<T>,
    trailers: HeaderList | null,
    extra: readonly HeaderField[] = NO_FIELDS,
  ): void {
    if (!this.#core.maySend(stream)) return;
    this.#core.sender.finish(stream, trailers, extra);
    this.#core.noteOutput();
  }

  /** Ends both sides at once. What is queued is dropped, and the handler hears nothing more of the stream. */
  reset(stream: Stream<T>, code: number): void {
    if (stream.isOver) return;
    this.#core.resetStream(stream, code);
  }

  /** The owner has used up so many of the bytes that `onData` gave: the peer may send as many again. */
  consume(stream: Stream<T>, bytes: number): void {
    this.#core.window.consume(stream, bytes);
  }

  /** The owner keeps so many bytes more of what it was asked, or fewer: they count as its request's do until the stream is over. */
  hold(stream: Stream<T>, bytes: number): void {
    this.#core.requests?.holds(stream, bytes);
  }

  /** Eight bytes, which come back with `onPong`. */
  ping(payload: Bytes): void {
    this.#core.ping(payload);
  }

  /**
   * Takes no more streams and closes when there are none left. A server says so twice, as streams may be on their way
   * (RFC 9113 §6.8): the second time, with the last that it has taken, when the peer has heard it.
   */
  drain(): void {
    this.#core.drain();
  }

  /** Ends everything now, with a GOAWAY. Every stream is reset. */
  close(code: number = ErrorCode.NoError, reason = "closed"): void {
    this.#core.end(code, reason, "Us");
  }

  /** The transport is gone: nothing can be sent any more. */
  disconnected(reason: string): void {
    this.#core.end(ErrorCode.NoError, reason, "Transport");
  }

  /** What is to be sent, in order. More may follow at once: ask until there is nothing, or the socket has had enough. */
  take(): readonly Bytes[] {
    return this.#core.output();
  }

  /** The socket has had enough: bodies wait until `unblock`. */
  block(): void {
    this.#core.sender.isBlocked = true;
  }

  unblock(): void {
    if (!this.#core.sender.isBlocked) return;
    this.#core.sender.isBlocked = false;
    this.#core.sender.pump();
    this.#core.noteOutput();
  }

  /** Lets time pass: time-outs, slow readers, idle memory. To be called about once a second. */
  tick(now: number): void {
    this.#core.tick(now);
  }
}
