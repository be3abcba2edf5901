import { u32At } from "../bytes.ts";
import { type Bytes, type JournalSeq, journalSeq } from "../ids.ts";
import { MARK_GROUP, RECORD_HEAD_BYTES, readRecord, type SegmentRecord } from "./record.ts";
import { recordSeed, SEGMENT_HEADER_BYTES, type SegmentHeader } from "./segment.ts";

/** A stretch of a segment that holds nothing valid, with something valid or nothing but zeros behind it. */
export interface Gap {
  /** Offsets in the segment: `from` inclusive, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  /** The sequences that are missing: `firstSeq` inclusive, `nextSeq` exclusive; null if nothing valid follows. */
  readonly firstSeq: JournalSeq;
  readonly nextSeq: JournalSeq | null;
}

/** What `scanSegment` met, in the order of the file. */
export type Scanned =
  | { readonly type: "record"; readonly at: number; readonly record: SegmentRecord }
  | { readonly type: "mark"; readonly durable: JournalSeq }
  | { readonly type: "gap"; readonly gap: Gap }
  /** Where the records end, and the sequence that would come next. Always the last. */
  | { readonly type: "end"; readonly at: number; readonly nextSeq: JournalSeq };

/**
 * Walks a segment whose header has been checked. Total: any bytes, one pass, O(1) memory beyond the segment.
 *
 * Zeros to the end of the file are the preallocation: the records end there. Anything else that is no valid
 * record is a gap, and the scan looks byte by byte for what is valid behind it. What a gap means is not
 * decided here (`inspectSegment`).
 */
export function* scanSegment(segment: Bytes, header: SegmentHeader): Generator<Scanned> {
  const seed = recordSeed(header);
  let at = SEGMENT_HEADER_BYTES;
  let seq: number = header.firstSeq;
  for (;;) {
    const record = readRecord(segment, at, seed);
    if (record !== null && isMark(record) && record.seq === seq - 1) {
      yield { type: "mark", durable: record.seq };
      at += RECORD_HEAD_BYTES;
    } else if (record !== null && !isMark(record) && record.seq === seq) {
      yield { type: "record", at, record };
      at += RECORD_HEAD_BYTES + record.bytes.length;
      seq++;
    } else {
      if (isZero(segment, at)) break;
      const next = nextValid(segment, at + 1, seq, seed);
      const to = next?.at ?? endOfNonZero(segment);
      const nextSeq = next === null ? null : journalSeq(next.seq);
      yield { type: "gap", gap: { from: at, to, firstSeq: journalSeq(seq), nextSeq } };
      if (next === null) break;
      ({ at, seq } = next);
    }
  }
  yield { type: "end", at, nextSeq: journalSeq(seq) };
}

const isMark = (record: SegmentRecord): boolean => record.group === MARK_GROUP;

/** A segment cannot hold more records than this past a gap, so a sequence beyond is no candidate. */
const SEQ_SPAN_MAX = 0x1000_0000;

/** The first valid record or mark at or behind `from` that goes on from `seq`. Sums only where that is plausible. */
function nextValid(
  segment: Bytes,
  from: number,
  seq: number,
  seed: number,
): { readonly at: number; readonly seq: number } | null {
  const last = segment.length - RECORD_HEAD_BYTES;
  for (let at = from; at <= last; at++) {
    const found = u32At(segment, at + 12) * 0x1_0000_0000 + u32At(segment, at + 8);
    const nextSeq = u32At(segment, at + 16) === MARK_GROUP ? found + 1 : found;
    if (nextSeq < seq || nextSeq - seq > SEQ_SPAN_MAX) continue;
    if (readRecord(segment, at, seed) !== null) return { at, seq: nextSeq };
  }
  return null;
}

/** Four bytes at a time: what is left of a preallocated segment is tens of megabytes. */
function isZero(segment: Bytes, from: number): boolean {
  const aligned = Math.min(segment.length, from + (-(segment.byteOffset + from) & 3));
  for (let at = from; at < aligned; at++) if (segment[at] !== 0) return false;
  const whole = Math.floor((segment.length - aligned) / 4);
  if (whole === 0) return endOfNonZero(segment) <= aligned;
  const words = new Int32Array(segment.buffer, segment.byteOffset + aligned, whole);
  for (let i = 0; i < whole; i++) if (words[i] !== 0) return false;
  for (let at = aligned + 4 * whole; at < segment.length; at++) if (segment[at] !== 0) return false;
  return true;
}

function endOfNonZero(segment: Bytes): number {
  let end = segment.length;
  while (end > 0 && segment[end - 1] === 0) end--;
  return end;
}
