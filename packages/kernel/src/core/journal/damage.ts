import { putU32, u32At } from "../bytes.ts";
import { crc32c } from "../crc32c.ts";
import { type Bytes, type GroupId, groupId, type JournalSeq } from "../ids.ts";
import { RECORD_HEAD_BYTES } from "./record.ts";
import type { Gap } from "./scan.ts";

/** Bytes that finding the group of one damaged record may sum at most; beyond it the group counts as unknown. */
const TRIAL_BYTES_MAX = 64 * 1024 * 1024;

/**
 * The group that lost a record to this gap, or null if that cannot be told for sure; then any may have.
 *
 * Naming the wrong group would let the right one go on without a vote it gave. So the group that the damaged
 * record claims is believed only if exactly one record is missing and either
 * 1. the checksum holds once length and sequence are set right: those fields were hit and nothing else; or
 * 2. the checksum holds with another known group in the field: the field was hit, and that group is meant; or
 * 3. length and sequence are right, no other group fits, and the group field shares its 512-byte sector with
 *    the sequence: a sector that went bad took both, so this one did not.
 */
export function groupOfGap(
  segment: Bytes,
  gap: Gap,
  seed: number,
  known: readonly GroupId[],
): GroupId | null {
  const span = gap.to - gap.from;
  if (gap.nextSeq !== gap.firstSeq + 1 || span < RECORD_HEAD_BYTES) return null;
  if ((known.length + 1) * span > TRIAL_BYTES_MAX) return null;

  const record = segment.slice(gap.from, gap.to);
  const length = span - RECORD_HEAD_BYTES;
  const claimed = groupId(u32At(record, 16));
  const seqLow = gap.firstSeq >>> 0;
  const seqHigh = Math.floor(gap.firstSeq / 0x1_0000_0000);
  const placed =
    u32At(record, 0) === length && u32At(record, 8) === seqLow && u32At(record, 12) === seqHigh;

  putU32(record, 0, length);
  putU32(record, 8, seqLow);
  putU32(record, 12, seqHigh);
  for (const group of [claimed, ...known]) {
    putU32(record, 16, group);
    const sum = crc32c(record.subarray(8), crc32c(record.subarray(0, 4), seed));
    if (sum === u32At(record, 4)) return group;
  }
  return placed && sameSector(gap.from + 15, gap.from + 19) ? claimed : null;
}

/** Durable records that are lost, as far as it is known whose they were. */
export interface LostRecords {
  /** Null where that cannot be told. */
  readonly group: GroupId | null;
  /** The first sequence that is there again; null if none is. */
  readonly nextSeq: JournalSeq | null;
}

/**
 * The groups that lost something: where nobody can be named, all that are known. Not those whose checkpoint was written
 * later: it holds what the lost records did, for the group was repaired since. Ascending.
 */
export function groupsOfLost(
  lost: readonly LostRecords[],
  known: readonly GroupId[],
  covers: ReadonlyMap<GroupId, JournalSeq>,
): readonly GroupId[] {
  const groups = lost.flatMap(({ group, nextSeq }) =>
    (group === null ? known : [group]).filter(
      (one) => nextSeq === null || (covers.get(one) ?? 0) < nextSeq - 1,
    ),
  );
  return [...new Set(groups)].sort((a, b) => a - b);
}

function sameSector(a: number, b: number): boolean {
  return Math.floor(a / 512) === Math.floor(b / 512);
}
