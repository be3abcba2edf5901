import type { Bytes, Sink } from "@quorate/kernel/core";
import type { RangeCursor } from "@quorate/kernel/etcd";
import { DELIMITED, VARINT, WireWriter } from "../protobuf/index.ts";
import { Refusal } from "./errors.ts";
import type { Exchange, LongWork } from "./exchange.ts";
import type { Slice } from "./slices.ts";

/** Encoded pairs that a slice gathers at most. */
const SLICE_BYTES = 256 * 1024;

/** A bound on what all unary ranges have gathered and not yet answered. */
export class RangeBudget {
  #left: number;

  constructor(bytesMax: number) {
    this.#left = bytesMax;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}

/**
 * A unary Range: one message, whose length stands before it, so all of it must be gathered first. The cursor
 * pins what it reads; it is released when the last slice is done or the call is over.
 */
export class GatheredRange implements Slice, LongWork, Sink {
  readonly #exchange: Exchange;
  readonly #cursor: RangeCursor;
  readonly #parts: Bytes[] = [];
  #bytes = 0;
  #overBudget = false;
  #released = false;

  constructor(exchange: Exchange, cursor: RangeCursor) {
    this.#exchange = exchange;
    this.#cursor = cursor;
  }

  start(): void {
    this.#exchange.workOn(this);
    if (this.step()) this.#exchange.context.slices.add(this);
  }

  step(): boolean {
    const more = this.#cursor.next(SLICE_BYTES, this);
    if (this.#overBudget) {
      this.#exchange.fail(Refusal.tooManyRequests);
      return false;
    }
    if (more) return true;
    this.#exchange.reply(this.#cursor.revision, ...this.#parts, rangeTail(this.#cursor));
    return false;
  }

  put(part: Bytes): void {
    this.#overBudget ||= !this.#exchange.context.rangeBudget.take(part.length);
    if (this.#overBudget) return;
    this.#parts.push(part);
    this.#bytes += part.length;
  }

  onDrain(): void {}

  abandon(): void {
    if (this.#released) return;
    this.#released = true;
    this.#exchange.context.slices.remove(this);
    this.#exchange.context.rangeBudget.give(this.#bytes);
    this.#cursor.release();
  }
}

/** A RangeStream: a message per chunk, and header, `more` and `count` on the last one alone. */
export class StreamedRange implements Slice, LongWork, Sink {
  readonly #exchange: Exchange;
  readonly #cursor: RangeCursor;
  #parts: Bytes[] = [];
  #released = false;

  constructor(exchange: Exchange, cursor: RangeCursor) {
    this.#exchange = exchange;
    this.#cursor = cursor;
  }

  /** The first chunk is read in the turn of the opening, as the cursor demands. */
  start(): void {
    this.#exchange.workOn(this);
    if (this.step()) this.#exchange.context.slices.add(this);
  }

  /** There is room for a chunk: the next one is read in the next slice. */
  onDrain(): void {
    this.#exchange.context.slices.remove(this);
    this.#exchange.context.slices.add(this);
  }

  step(): boolean {
    const more = this.#cursor.next(SLICE_BYTES, this);
    if (more) return this.#chunk();
    const { context, call, keyspace } = this.#exchange;
    const header = context.headers.field(keyspace, this.#cursor.revision);
    call.write(wrapped([header, ...this.#parts, rangeTail(this.#cursor)]));
    this.#exchange.finish();
    return false;
  }

  put(part: Bytes): void {
    this.#parts.push(part);
  }

  abandon(): void {
    if (this.#released) return;
    this.#released = true;
    this.#exchange.context.slices.remove(this);
    this.#cursor.release();
  }

  #chunk(): boolean {
    const parts = this.#parts;
    this.#parts = [];
    return this.#exchange.call.write(wrapped(parts));
  }
}

/** `more` and `count`, the fields of a RangeResponse after its pairs. */
function rangeTail(cursor: RangeCursor): Bytes {
  const tail = new WireWriter();
  if (cursor.more) tail.tag(3, VARINT).size(1);
  if (cursor.count > 0) tail.tag(4, VARINT).size(cursor.count);
  return tail.take();
}

/** A RangeResponse as the one field of a RangeStreamResponse. */
function wrapped(parts: readonly Bytes[]): readonly Bytes[] {
  let length = 0;
  for (const part of parts) length += part.length;
  return [new WireWriter().tag(1, DELIMITED).size(length).take(), ...parts];
}
