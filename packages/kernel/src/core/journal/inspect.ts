import type { Bytes, GroupId, JournalSeq } from "../ids.ts";
import type { SegmentRecord } from "./record.ts";
import { type Gap, scanSegment } from "./scan.ts";
import type { SegmentHeader } from "./segment.ts";

/** The verdict on one segment. */
export interface Inspection {
  /** Offset behind the last record that counts. What follows it is preallocation, or the torn tail. */
  readonly end: number;
  readonly nextSeq: JournalSeq;
  /** The tail that a power cut left half written; to be cut off and logged. */
  readonly torn: Gap | null;
  /** Records that were durable once and are lost. To be repaired from peers, or the node stops (card 65). */
  readonly damage: readonly Gap[];
  /** The valid records before `end`, in order. Views of the segment, not copies. */
  readonly records: readonly SegmentRecord[];
  /** Groups with at least one valid record here, ascending. */
  readonly groups: readonly GroupId[];
}

/**
 * Tells a torn write from damage.
 *
 * Records missing from any segment but the last are damage: a segment is begun only after the one before it was
 * synced. In the last one, they are damage if a mark stands behind them, for a mark is written only after all
 * before it was synced; without one they belong to the last batch, whose pages reach the disk in any order, and
 * nobody was told of it: torn. So "valid behind it" alone proves nothing: with pages 2 and 3 of the last batch on
 * disk and page 1 not, a power cut would look like damage.
 *
 * What cannot be told: damage inside the very last batch, when it had been acknowledged and no mark followed.
 */
export function inspectSegment(segment: Bytes, header: SegmentHeader, last: boolean): Inspection {
  const damage: Gap[] = [];
  const groups = new Set<GroupId>();
  const found: SegmentRecord[] = [];
  /** Of `found`, those in front of the first gap that no mark proves to be damage yet. */
  let proven = 0;
  let unproven: Gap[] = [];
  let end = 0;
  let written = 0;
  let nextSeq = header.firstSeq;
  for (const met of scanSegment(segment, header)) {
    if (met.type === "record") {
      groups.add(met.record.group);
      found.push(met.record);
    }
    if (met.type === "end") ({ at: end, nextSeq } = met);
    if (met.type === "gap") written = met.gap.to;
    if (met.type === "gap" && met.gap.nextSeq !== met.gap.firstSeq) {
      if (unproven.length === 0) proven = found.length;
      unproven.push(met.gap);
    }
    if (met.type === "mark" && unproven.length > 0) {
      damage.push(...unproven);
      unproven = [];
    }
  }
  const sorted = [...groups].sort((a, b) => a - b);
  const [first] = unproven;
  if (first === undefined || !last) {
    damage.push(...unproven);
    return { end, nextSeq, torn: null, damage, records: found, groups: sorted };
  }
  // All behind the first tear goes, whole records of the same batch included: none was acknowledged.
  const torn = { ...first, to: Math.max(end, written), nextSeq: null };
  const records = found.slice(0, proven);
  return { end: torn.from, nextSeq: torn.firstSeq, torn, damage, records, groups: sorted };
}
