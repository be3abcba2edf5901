import { putU32, u32At } from "../bytes.ts";
import { crc32c, crc32cOf } from "../crc32c.ts";
import { type Bytes, type GroupId, groupId, type JournalSeq, journalSeq } from "../ids.ts";

/** What a record says about itself, before its own bytes. */
export interface RecordHead {
  readonly seq: JournalSeq;
  readonly group: GroupId;
  readonly kind: number;
}

/** A record found in a segment. `bytes` is a view of the segment, not a copy. */
export interface SegmentRecord extends RecordHead {
  readonly bytes: Bytes;
}

/** Layout: length u32 (of the bytes), crc32c u32 (of the length and of all that follows), seq u64, group u32, kind u8. */
export const RECORD_HEAD_BYTES = 21;
/** No record is longer; a length beyond it is damage and is not believed. */
export const RECORD_BYTES_MAX = 16 * 1024 * 1024;

/**
 * The group of a *mark*: a record without bytes that opens a batch and says that all records up to its sequence
 * were on stable storage before the batch was written. Marks take no place in the sequence.
 */
export const MARK_GROUP = groupId(0xffff_ffff);

/** Writes a record's head into `out` at `at`; the parts follow it in the file unchanged. */
export function writeRecordHead(
  out: Bytes,
  at: number,
  head: RecordHead,
  parts: readonly Bytes[],
  seed: number,
): void {
  let length = 0;
  for (const part of parts) length += part.length;
  putHead(out, at, head, length);
  const sum = crc32c(out, crc32c(out, seed, at, at + 4), at + 8, at + RECORD_HEAD_BYTES);
  putU32(out, at + 4, crc32cOf(parts, sum));
}

/**
 * Writes the head of a record whose bytes lie in `out` already, behind it and up to `end`. `sum` is `crc32c` of those of `out` in
 * [from, to): the owner of the memory may have a quicker one.
 */
export function sealRecord(
  out: Bytes,
  at: number,
  head: RecordHead,
  end: number,
  seed: number,
  sum: (seed: number, from: number, to: number) => number,
): void {
  putHead(out, at, head, end - at - RECORD_HEAD_BYTES);
  putU32(out, at + 4, sum(sum(seed, at, at + 4), at + 8, end));
}

/** All of it but the checksum. */
function putHead(out: Bytes, at: number, head: RecordHead, length: number): void {
  putU32(out, at, length);
  putU32(out, at + 8, head.seq);
  putU32(out, at + 12, Math.floor(head.seq / 0x1_0000_0000));
  putU32(out, at + 16, head.group);
  out[at + 20] = head.kind;
}

/** The record at `at` if it is whole and its checksum holds; else null. Total: any bytes, any `at`. */
export function readRecord(segment: Bytes, at: number, seed: number): SegmentRecord | null {
  if (segment.length - at < RECORD_HEAD_BYTES) return null;
  const length = u32At(segment, at);
  const end = at + RECORD_HEAD_BYTES + length;
  if (length > RECORD_BYTES_MAX || end > segment.length) return null;
  const high = u32At(segment, at + 12);
  if (high >= 0x20_0000) return null;
  const sum = crc32c(segment, crc32c(segment, seed, at, at + 4), at + 8, end);
  if (sum !== u32At(segment, at + 4)) return null;
  return {
    seq: journalSeq(high * 0x1_0000_0000 + u32At(segment, at + 8)),
    group: groupId(u32At(segment, at + 16)),
    kind: segment[at + 20] ?? 0,
    bytes: segment.subarray(at + RECORD_HEAD_BYTES, end),
  };
}
