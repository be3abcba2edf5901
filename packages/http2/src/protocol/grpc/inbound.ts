import { type Bytes, view } from "../bytes.ts";
import { PREFIX_BYTES } from "../connection/index.ts";
import { uint32 } from "../frames/index.ts";
import type { Share } from "../pool.ts";
import type { Compression } from "./compression.ts";
import { MessageReader } from "./message-reader.ts";
import { Code, type Status, status } from "./status.ts";

/** Bytes of messages that are not whole, over all calls of a connection. */
export class Assembly {
  readonly #bytesMax: number;
  /** Shared with other connections; null for one that is bounded by its own limit alone. */
  readonly #share: Share | null;
  #bytes = 0;

  constructor(bytesMax: number, share: Share | null) {
    this.#bytesMax = bytesMax;
    this.#share = share;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    this.#share?.add(bytes);
  }

  get isTooMuch(): boolean {
    return this.#bytes > this.#bytesMax;
  }
}

export interface InboundSink {
  /** Nothing more may be delivered. */
  readonly isOver: boolean;
  onInbound(message: Bytes): void;
  /** What came cannot be read. The sink is over afterwards. */
  onUnreadable(reason: Status): void;
}

/** What the calls of a connection have in common. */
export interface InboundOptions {
  readonly messageBytesMax: number;
  readonly assembly: Assembly;
}

/**
 * One direction's messages: read, decompressed, and delivered one by one unless the reader has paused. A message that comes
 * whole and alone, as nearly all do, goes straight through; a reader is made for the others.
 */
export class Inbound {
  isPaused = false;
  readonly #sink: InboundSink;
  readonly #options: InboundOptions;
  /** Undefined where the peer's encoding is not known to us. */
  readonly #compression: Compression | null | undefined;
  readonly #encoding: string;
  #reader: MessageReader | null = null;
  #pumping = false;

  constructor(
    sink: InboundSink,
    options: InboundOptions,
    compression: Compression | null | undefined,
    encoding: string,
  ) {
    this.#sink = sink;
    this.#options = options;
    this.#compression = compression;
    this.#encoding = encoding;
  }

  /** Bytes that have come and have not been delivered. */
  get left(): number {
    return this.#reader?.left ?? 0;
  }

  push(chunk: Bytes, from: number, to: number): void {
    const { assembly, messageBytesMax } = this.#options;
    if (this.#reader === null) {
      if (!this.isPaused && isOneMessage(chunk, from, to, messageBytesMax)) {
        this.#sink.onInbound(view(chunk, from + PREFIX_BYTES, to));
        return;
      }
      this.#reader = new MessageReader(messageBytesMax);
    }
    const before = this.#reader.heldBytes;
    this.#reader.push(piece(chunk, from, to));
    this.#deliver(this.#reader);
    assembly.add(this.#reader.heldBytes - before);
    if (assembly.isTooMuch && !this.#sink.isOver) {
      this.#sink.onUnreadable(TOO_MUCH_UNFINISHED);
    }
  }

  resume(): void {
    this.isPaused = false;
    if (this.#reader === null) return;
    const before = this.#reader.heldBytes;
    this.#deliver(this.#reader);
    this.#options.assembly.add(this.#reader.heldBytes - before);
  }

  /** What is left will not be read any more. */
  clear(): void {
    if (this.#pumping || this.#reader === null) return;
    this.#options.assembly.add(-this.#reader.heldBytes);
    this.#reader.clear();
  }

  #deliver(reader: MessageReader): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#sink.isOver && !this.isPaused) {
      const cut = reader.next();
      if (cut === "Wanting") break;
      if (cut === "TooLarge") this.#tooLarge(reader.length);
      else if (reader.isCompressed) this.#decompressed(reader.message);
      else this.#sink.onInbound(reader.message);
    }
    this.#pumping = false;
    if (this.#sink.isOver) reader.clear();
  }

  #decompressed(bytes: Bytes): void {
    const compression = this.#compression;
    const { messageBytesMax } = this.#options;
    if (compression === null) {
      const text = "grpc: compressed flag set with identity or empty encoding";
      return this.#sink.onUnreadable(status(Code.Internal, text));
    }
    if (compression === undefined) {
      const text = `grpc: Decompressor is not installed for grpc-encoding ${JSON.stringify(this.#encoding)}`;
      return this.#sink.onUnreadable(status(Code.Unimplemented, text));
    }
    const message = compression.decompress(bytes, messageBytesMax);
    if (message === "TooLarge") this.#tooLarge(null);
    else if (message === "Malformed") {
      this.#sink.onUnreadable(status(Code.Internal, "grpc: failed to decompress the message"));
    } else this.#sink.onInbound(message);
  }

  #tooLarge(bytes: number | null): void {
    const { messageBytesMax } = this.#options;
    const text =
      bytes === null
        ? `grpc: received message after decompression larger than max ${messageBytesMax}`
        : `grpc: received message larger than max (${bytes} vs. ${messageBytesMax})`;
    this.#sink.onUnreadable(status(Code.ResourceExhausted, text));
  }
}

const TOO_MUCH_UNFINISHED = status(
  Code.ResourceExhausted,
  "the connection holds too much of messages that are not whole",
);

/** A part of a chunk that is kept. A small one is copied, or it would keep the whole chunk, which nobody counts. */
function piece(chunk: Bytes, from: number, to: number): Bytes {
  const part = view(chunk, from, to);
  return 2 * part.length < chunk.buffer.byteLength ? new Uint8Array(part) : part;
}

/** One message that is not compressed, all of it and nothing else. */
function isOneMessage(chunk: Bytes, from: number, to: number, bytesMax: number): boolean {
  const length = to - from - PREFIX_BYTES;
  if (length < 0 || length > bytesMax || chunk[from] !== 0) return false;
  return uint32(chunk, from + 1) === length;
}
