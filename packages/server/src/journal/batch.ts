import {
  type Bytes,
  type GroupId,
  type JournalSeq,
  journalSeq,
  MARK_GROUP,
  RECORD_HEAD_BYTES,
  writeRecordHead,
} from "@quorate/kernel/core";
import { Gather } from "./gather.ts";

/** A record on its way into the journal. */
export interface NewRecord {
  readonly seq: JournalSeq;
  readonly group: GroupId;
  readonly kind: number;
  readonly parts: readonly Bytes[];
}

/** What one write and one sync carry: a mark, then records. Reused, with its memory, for every other batch. */
export class Batch {
  readonly #gather = new Gather();
  records = 0;
  /** The last sequence that will be durable with this batch. Meaningful while it is not empty. */
  last: JournalSeq = journalSeq(0);

  get length(): number {
    return this.#gather.length;
  }

  /** What the batch would grow by. */
  need(record: NewRecord): number {
    return RECORD_HEAD_BYTES * (this.length === 0 ? 2 : 1) + lengthOf(record.parts);
  }

  /** Encodes a record for the segment with this seed. It says of all before the batch that they are durable. */
  add(record: NewRecord, seed: number): void {
    if (this.length === 0) this.mark(journalSeq(record.seq - 1), seed);
    this.#put(record, seed);
    this.last = record.seq;
    this.records++;
  }

  /** States that all records up to `durable` are; it must be so when the batch is written. */
  mark(durable: JournalSeq, seed: number): void {
    this.#put({ seq: durable, group: MARK_GROUP, kind: 0, parts: [] }, seed);
    this.last = durable;
  }

  parts(): readonly Bytes[] {
    return this.#gather.parts();
  }

  reset(): void {
    this.#gather.reset();
    this.records = 0;
  }

  #put(record: NewRecord, seed: number): void {
    const { chunk, at } = this.#gather.room(RECORD_HEAD_BYTES);
    writeRecordHead(chunk, at, record, record.parts, seed);
    for (const part of record.parts) this.#gather.put(part);
  }
}

export function lengthOf(parts: readonly Bytes[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}
