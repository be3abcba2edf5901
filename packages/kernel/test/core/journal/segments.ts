import {
  type Bytes,
  clusterId,
  concat,
  groupId,
  journalSeq,
  nodeId,
} from "../../../src/core/index.ts";
import {
  encodeSegmentHeader,
  JOURNAL_FORMAT,
  MARK_GROUP,
  RECORD_HEAD_BYTES,
  recordSeed,
  type SegmentHeader,
  writeRecordHead,
} from "../../../src/core/journal/index.ts";

export interface Written {
  readonly seq: number;
  readonly group: number;
  readonly kind: number;
  readonly bytes: Bytes;
}

export const header = (firstSeq = 1, salt = 0x1234567890abcdefn): SegmentHeader => ({
  format: JOURNAL_FORMAT,
  cluster: clusterId(7n),
  node: nodeId(11n),
  firstSeq: journalSeq(firstSeq),
  salt,
});

export const mark = (durable: number): Written => ({
  seq: durable,
  group: MARK_GROUP,
  kind: 0,
  bytes: new Uint8Array(0),
});

export const record = (seq: number, group = 1, length = 10): Written => ({
  seq,
  group,
  kind: 3,
  bytes: new Uint8Array(length).map((_, i) => seq * 31 + i),
});

/** A segment as the journal writes it, and the offsets at which its records begin. */
export function segmentOf(
  head: SegmentHeader,
  records: readonly Written[],
  preallocated = 256,
): { readonly bytes: Bytes; readonly offsets: readonly number[]; readonly end: number } {
  const seed = recordSeed(head);
  const parts: Bytes[] = [encodeSegmentHeader(head)];
  const offsets: number[] = [];
  let at = parts[0]?.length ?? 0;
  for (const { seq, group, kind, bytes } of records) {
    const place = { seq: journalSeq(seq), group: groupId(group), kind };
    const start = new Uint8Array(RECORD_HEAD_BYTES);
    writeRecordHead(start, 0, place, [bytes], seed);
    parts.push(start, bytes);
    offsets.push(at);
    at += RECORD_HEAD_BYTES + bytes.length;
  }
  return { bytes: concat([...parts, new Uint8Array(preallocated)]), offsets, end: at };
}
