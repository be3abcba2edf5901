import {
  type Bytes,
  type GroupId,
  type JournalSeq,
  journalSeq,
  MARK_GROUP,
  RECORD_HEAD_BYTES,
  sealRecord,
} from "@quorate/kernel/core";
import { inJavaScript, type SummingMemory, summingMemory } from "./summing-memory.ts";

/** A record on its way into the journal. */
export interface NewRecord {
  readonly seq: JournalSeq;
  readonly group: GroupId;
  readonly kind: number;
  readonly parts: readonly Bytes[];
  /** Bytes of the parts together. */
  readonly length: number;
}

/**
 * One write, and so one sync, carries no more, but for a record that is longer by itself: it bounds how long the first record of a
 * batch waits for the last.
 */
export const BATCH_BYTES_MAX = 1024 * 1024;

/** What one write and one sync carry: a mark, then records, in one piece. Reused, with its memory, for every other batch. */
export class Batch {
  readonly #shared: SummingMemory;
  readonly #sharedFrom: number;
  #memory: SummingMemory;
  /** Where its bytes begin in the memory. */
  #from: number;
  length = 0;
  records = 0;
  /** The last sequence that will be durable with this batch. Meaningful while it is not empty. */
  last: JournalSeq = journalSeq(0);

  private constructor(memory: SummingMemory, from: number) {
    this.#shared = this.#memory = memory;
    this.#sharedFrom = this.#from = from;
  }

  /** Two that take turns: one gathers while the other is written. Each has half of a memory. */
  static pair(): readonly [Batch, Batch] {
    const memory = summingMemory(2 * BATCH_BYTES_MAX);
    return [new Batch(memory, 0), new Batch(memory, BATCH_BYTES_MAX)];
  }

  /** A batch takes what is within its bound, and an empty one any record. */
  takes(record: NewRecord): boolean {
    return this.length === 0 || this.length + this.need(record) <= BATCH_BYTES_MAX;
  }

  /** What the batch would grow by. */
  need(record: NewRecord): number {
    return RECORD_HEAD_BYTES * (this.length === 0 ? 2 : 1) + record.length;
  }

  /** Encodes a record for the segment with this seed. It says of all before the batch that they are durable. */
  add(record: NewRecord, seed: number): void {
    if (this.length === 0) {
      const need = this.need(record);
      if (need > BATCH_BYTES_MAX) [this.#memory, this.#from] = [inJavaScript(need), 0];
      this.mark(journalSeq(record.seq - 1), seed);
    }
    this.#put(record, seed);
    this.last = record.seq;
    this.records++;
  }

  /** States that all records up to `durable` are; it must be so when the batch is written. */
  mark(durable: JournalSeq, seed: number): void {
    this.#put({ seq: durable, group: MARK_GROUP, kind: 0, parts: [], length: 0 }, seed);
    this.last = durable;
  }

  /** All of it; valid until `reset`. */
  bytes(): Bytes {
    return this.#memory.bytes.subarray(this.#from, this.#from + this.length);
  }

  reset(): void {
    this.length = this.records = 0;
    [this.#memory, this.#from] = [this.#shared, this.#sharedFrom];
  }

  #put(record: NewRecord, seed: number): void {
    const { bytes, sum } = this.#memory;
    const at = this.#from + this.length;
    let end = at + RECORD_HEAD_BYTES;
    for (const part of record.parts) {
      bytes.set(part, end);
      end += part.length;
    }
    sealRecord(bytes, at, record, end, seed, sum);
    this.length = end - this.#from;
  }
}

export function lengthOf(parts: readonly Bytes[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}
