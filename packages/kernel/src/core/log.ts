import { assert } from "./assert.ts";
import { type Bytes, type LogIndex, logIndex } from "./ids.ts";
import type { Entry, Position } from "./seam.ts";

/** What one entry costs in memory beside its command. */
const ENTRY_OVERHEAD_BYTES = 96;

/**
 * The tail of a replicated log, as a persistent value: `append`, `truncate` and `drop` give a new handle over shared
 * storage. Appending to the newest handle is O(1) amortised; appending to an older one copies, so no handle ever
 * sees another's entries.
 *
 * Invariant: entries have indexes base.index+1 … lastIndex without a gap, and epochs that never decrease.
 */
export class Log {
  /** The position just before the first entry: what has been dropped, or the empty prefix. */
  readonly base: Position;
  /** Bytes that the entries hold, overhead included. */
  readonly bytes: number;
  readonly #items: Entry[];
  readonly #from: number;
  readonly #length: number;

  private constructor(base: Position, items: Entry[], from: number, length: number, bytes: number) {
    this.base = base;
    this.bytes = bytes;
    this.#items = items;
    this.#from = from;
    this.#length = length;
  }

  static startingAt(base: Position): Log {
    return new Log(base, [], 0, 0, 0);
  }

  get length(): number {
    return this.#length;
  }

  get firstIndex(): LogIndex {
    return logIndex(this.base.index + 1);
  }

  get lastIndex(): LogIndex {
    return (this.base.index + this.#length) as LogIndex;
  }

  get last(): Position {
    const entry = this.#items[this.#from + this.#length - 1];
    return this.#length === 0 || entry === undefined ? this.base : entry;
  }

  /** The epoch at an index, or null where this tail cannot tell: dropped, or not yet there. */
  epochAt(index: LogIndex): number | null {
    if (index === this.base.index) return this.base.epoch;
    return this.at(index)?.epoch ?? null;
  }

  at(index: LogIndex): Entry | null {
    const offset = index - this.base.index - 1;
    return offset < 0 || offset >= this.#length ? null : (this.#items[this.#from + offset] ?? null);
  }

  /** Entries after `after` up to and including `upTo`, at most `countMax` and about `bytesMax`, but one at least. */
  slice(
    after: LogIndex,
    upTo: LogIndex,
    countMax = Number.MAX_SAFE_INTEGER,
    bytesMax = Number.MAX_SAFE_INTEGER,
  ): readonly Entry[] {
    assert(after >= this.base.index, "a slice starts in the tail");
    const start = this.#from + (after - this.base.index);
    const stop = Math.min(
      start + countMax,
      this.#from + Math.min(this.#length, upTo - this.base.index),
    );
    let bytes = 0;
    let end = start;
    while (end < stop) {
      bytes += sizeOf(this.#items[end]);
      if (bytes > bytesMax && end > start) break;
      end++;
    }
    return this.#items.slice(start, Math.max(start, end));
  }

  append(entries: readonly Entry[]): Log {
    if (entries.length === 0) return this;
    assert(entries[0]?.index === this.lastIndex + 1, "a log has no gaps");
    const newest = this.#items.length === this.#from + this.#length;
    const items = newest ? this.#items : this.#items.slice(this.#from, this.#from + this.#length);
    let bytes = this.bytes;
    for (const entry of entries) {
      items.push(entry);
      bytes += sizeOf(entry);
    }
    return new Log(this.base, items, newest ? this.#from : 0, this.#length + entries.length, bytes);
  }

  /** Without the entries after `lastKept`. */
  truncate(lastKept: LogIndex): Log {
    assert(lastKept >= this.base.index, "what was dropped cannot be truncated");
    const length = Math.min(this.#length, lastKept - this.base.index);
    let bytes = this.bytes;
    for (let i = length; i < this.#length; i++) bytes -= sizeOf(this.#items[this.#from + i]);
    return new Log(this.base, this.#items, this.#from, length, bytes);
  }

  /** Without the entries up to `upTo`, which becomes the base. */
  drop(upTo: LogIndex): Log {
    const epoch = this.epochAt(upTo);
    if (upTo <= this.base.index) return this;
    assert(epoch !== null, "only entries that are there can be dropped");
    const count = upTo - this.base.index;
    let bytes = this.bytes;
    for (let i = 0; i < count; i++) bytes -= sizeOf(this.#items[this.#from + i]);
    const base = { epoch, index: upTo };
    const from = this.#from + count;
    const length = this.#length - count;
    // Copying when half is gone keeps the cost per entry constant and lets the dropped ones be collected.
    return from < 64 || from < this.#items.length / 2
      ? new Log(base, this.#items, from, length, bytes)
      : new Log(base, this.#items.slice(from, from + length), 0, length, bytes);
  }
}

export const NO_POSITION: Position = { epoch: 0, index: logIndex(0) };

const sizeOf = (entry: { readonly command: Bytes } | undefined): number =>
  (entry?.command.length ?? 0) + ENTRY_OVERHEAD_BYTES;
