import type { Bytes } from "../bytes.ts";
import type { HeaderField, HeaderList } from "../fields/index.ts";
import { Flag, FrameType, type FrameWriter, WINDOW_INITIAL } from "../frames/index.ts";
import { HpackEncoder } from "../hpack/index.ts";
import {
  type ConnectionLimits,
  SMALL_FRAGMENT_BYTES,
  STREAM_QUEUE_BYTES_HIGH,
  TURN_BYTES_MAX,
  WINDOW_UPDATES_PER_DATA,
} from "../limits.ts";
import type { Pool, Share } from "../pool.ts";
import { Budget, type Clock } from "./budget.ts";
import type { Finish, Stream } from "./stream.ts";

const DATA_END: Finish = { type: "Data" };

/** A message's prefix (gRPC over HTTP/2, Length-Prefixed-Message). */
export const PREFIX_BYTES = 5;

/** What the sender tells of. */
export interface SenderEvents<T> {
  /** Our side of the stream has ended. */
  ended(stream: Stream<T>): void;
  drained(stream: Stream<T>): void;
  /** What waits, or how it is made to wait, is more than any peer may ask of us. */
  overloaded(reason: string): void;
}

/**
 * The sending half of a connection: header compression, flow control and turns among the streams. What fits into the windows
 * is written at once; what does not waits on its stream, and streams that wait take turns frame by frame.
 */
export class Sender<T> {
  /** What the peer lets us send over all streams. */
  window = WINDOW_INITIAL;
  frameBytesMax: number;
  /** The socket takes nothing for now: bodies wait. */
  isBlocked = false;
  /** HEADERS and DATA frames: as they are written, not as what they carry is handed over. */
  framesSent = 0;
  readonly encoder = new HpackEncoder();
  readonly windowUpdates: Budget;
  readonly #writer: FrameWriter;
  readonly #limits: ConnectionLimits;
  readonly #events: SenderEvents<T>;
  readonly #clock: Clock;
  readonly #smallFragments: Budget;
  /** Shared with other connections; null for one that is bounded by its own limits alone. */
  readonly #share: Share | null;
  /** Streams that have something to send, as far as their own windows go; from `#first` on. */
  #ready: Stream<T>[] = [];
  #first = 0;
  #queuedBytes = 0;
  #pumping = false;

  constructor(
    writer: FrameWriter,
    frameBytesMax: number,
    limits: ConnectionLimits,
    clock: Clock,
    events: SenderEvents<T>,
    pool: Pool | null,
  ) {
    this.#writer = writer;
    this.frameBytesMax = frameBytesMax;
    this.#limits = limits;
    this.#events = events;
    this.#share = pool?.join(() => events.overloaded(TOO_MUCH_OVER_ALL)) ?? null;
    this.#clock = clock;
    this.windowUpdates = new Budget(limits.windowUpdates, clock);
    this.#smallFragments = new Budget(limits.smallFragments, clock);
  }

  /** Bytes that may still be made to wait, before the connection is cut. */
  get room(): number {
    const own = this.#limits.sendQueueBytesMax - this.#queuedBytes;
    return this.#share === null ? own : Math.min(own, this.#share.pool.room);
  }

  head(
    stream: Stream<T>,
    list: HeaderList,
    extra: readonly HeaderField[],
    endStream: boolean,
  ): void {
    const block = this.encoder.encode(list, extra);
    this.#writer.headers(stream.id, block, endStream, this.frameBytesMax);
    this.framesSent++;
    if (endStream) this.#ended(stream);
  }

  /**
   * One gRPC message, with its prefix; with `endStream` the last thing on the stream. False when so much waits that the
   * writer should too, until the stream has drained.
   */
  message(
    stream: Stream<T>,
    parts: readonly Bytes[],
    compressed: boolean,
    endStream: boolean,
  ): boolean {
    let length = 0;
    for (let i = 0; i < parts.length; i++) length += (parts[i] as Bytes).length;
    const total = PREFIX_BYTES + length;
    if (this.#isClear(stream, total)) {
      this.#writer.header(total, FrameType.Data, endStream ? Flag.EndStream : 0, stream.id);
      this.#writer.messagePrefix(compressed, length);
      for (let i = 0; i < parts.length; i++) this.#writer.bytes(parts[i] as Bytes);
      this.#spent(stream, total);
      if (endStream) this.#ended(stream);
      return true;
    }
    const prefix = new Uint8Array(PREFIX_BYTES);
    prefix[0] = compressed ? 1 : 0;
    new DataView(prefix.buffer).setUint32(1, length);
    return this.#enqueue(stream, [prefix, ...parts], total, endStream ? DATA_END : null);
  }

  /** Body bytes as they are. */
  data(stream: Stream<T>, parts: readonly Bytes[], endStream: boolean): boolean {
    let length = 0;
    for (const part of parts) length += part.length;
    if (this.#isClear(stream, length)) {
      this.#writer.header(length, FrameType.Data, endStream ? Flag.EndStream : 0, stream.id);
      for (const part of parts) this.#writer.bytes(part);
      this.#spent(stream, length);
      if (endStream) this.#ended(stream);
      return true;
    }
    return this.#enqueue(stream, parts, length, endStream ? DATA_END : null);
  }

  /** Ends our side, after what is queued. */
  finish(stream: Stream<T>, list: HeaderList | null, extra: readonly HeaderField[]): void {
    if (stream.queuedBytes > 0) {
      stream.finish = list === null ? DATA_END : { type: "Trailers", list, extra };
      return;
    }
    if (list === null) {
      this.#writer.header(0, FrameType.Data, Flag.EndStream, stream.id);
      this.framesSent++;
      this.#ended(stream);
    } else this.head(stream, list, extra, true);
  }

  /** The stream is over: what waits on it will not be sent. */
  drop(stream: Stream<T>): void {
    if (stream.queuedBytes === 0) return;
    this.#hold(-stream.queuedBytes);
    stream.queue = null;
    stream.queueSent = 0;
    stream.queuedBytes = 0;
    stream.finish = null;
  }

  /** The stream's own window has grown. */
  widened(stream: Stream<T>): void {
    if (stream.queuedBytes > 0 && stream.sendWindow > 0) this.#makeReady(stream);
  }

  /** Sends what the windows and the turn allow. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#first < this.#ready.length && this.#mayWrite() && this.window > 0) {
      const stream = this.#ready[this.#first++] as Stream<T>;
      stream.isReady = false;
      if (!stream.isOver && stream.queuedBytes > 0) this.#sendFrame(stream);
    }
    if (this.#first === this.#ready.length && this.#first > 0) {
      this.#ready = [];
      this.#first = 0;
    } else if (this.#first > COMPACT_AT) {
      this.#ready = this.#ready.slice(this.#first);
      this.#first = 0;
    }
    this.#pumping = false;
  }

  #mayWrite(): boolean {
    return !this.isBlocked && this.#writer.pending < TURN_BYTES_MAX;
  }

  #isClear(stream: Stream<T>, bytes: number): boolean {
    return (
      stream.queuedBytes === 0 &&
      bytes <= this.window &&
      bytes <= stream.sendWindow &&
      bytes <= this.frameBytesMax &&
      this.#mayWrite()
    );
  }

  #spent(stream: Stream<T>, bytes: number): void {
    this.window -= bytes;
    stream.sendWindow -= bytes;
    this.windowUpdates.allow(WINDOW_UPDATES_PER_DATA);
    this.framesSent++;
  }

  #enqueue(
    stream: Stream<T>,
    parts: readonly Bytes[],
    bytes: number,
    finish: Finish | null,
  ): boolean {
    if (bytes === 0) {
      if (finish !== null) this.finish(stream, null, []);
      return true;
    }
    stream.queue ??= [];
    for (const part of parts) if (part.length > 0) stream.queue.push(part);
    if (stream.queuedBytes === 0) stream.progressAt = this.#clock.now;
    stream.queuedBytes += bytes;
    stream.finish = finish;
    this.#hold(bytes);
    if (stream.isOver) return true;
    if (this.#queuedBytes > this.#limits.sendQueueBytesMax) {
      this.#events.overloaded("more waits for its windows than may");
      return true;
    }
    this.widened(stream);
    this.pump();
    stream.isFull = stream.queuedBytes > STREAM_QUEUE_BYTES_HIGH;
    return !stream.isFull;
  }

  #hold(bytes: number): void {
    this.#queuedBytes += bytes;
    this.#share?.add(bytes);
  }

  #makeReady(stream: Stream<T>): void {
    if (stream.isReady) return;
    stream.isReady = true;
    this.#ready.push(stream);
  }

  #sendFrame(stream: Stream<T>): void {
    const bytes = Math.min(stream.sendWindow, this.window, this.frameBytesMax, stream.queuedBytes);
    if (bytes <= 0) return;
    const isLast = bytes === stream.queuedBytes;
    if (isLast || bytes >= SMALL_FRAGMENT_BYTES) this.#smallFragments.allow(1);
    else if (!this.#smallFragments.spend()) {
      this.#events.overloaded("windows so small that nothing gets through them");
      return;
    }
    const endStream = isLast && stream.finish?.type === "Data";
    this.#writer.header(bytes, FrameType.Data, endStream ? Flag.EndStream : 0, stream.id);
    this.#writeQueued(stream, bytes);
    this.#spent(stream, bytes);
    stream.progressAt = this.#clock.now;
    if (!isLast) this.widened(stream);
    else this.#drained(stream, endStream);
  }

  #writeQueued(stream: Stream<T>, bytes: number): void {
    const queue = stream.queue ?? [];
    stream.queuedBytes -= bytes;
    this.#hold(-bytes);
    let used = 0;
    while (bytes > 0) {
      const part = queue[used] as Bytes;
      const take = Math.min(part.length - stream.queueSent, bytes);
      this.#writer.bytes(part.subarray(stream.queueSent, stream.queueSent + take));
      bytes -= take;
      stream.queueSent += take;
      if (stream.queueSent < part.length) break;
      stream.queueSent = 0;
      used++;
    }
    if (used > 0) queue.splice(0, used);
  }

  #drained(stream: Stream<T>, hasEnded: boolean): void {
    const { finish } = stream;
    stream.finish = null;
    if (hasEnded) this.#ended(stream);
    else if (finish?.type === "Trailers") this.head(stream, finish.list, finish.extra, true);
    else if (stream.isFull) {
      stream.isFull = false;
      this.#events.drained(stream);
    }
  }

  #ended(stream: Stream<T>): void {
    stream.localClosed = true;
    this.#events.ended(stream);
  }
}

const TOO_MUCH_OVER_ALL = "more waits for windows, over all connections, than may, and most here";

/** Places of streams that are through, kept in front of the others before they are cut off. */
const COMPACT_AT = 1024;
