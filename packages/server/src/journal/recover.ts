import {
  decodeSegmentHeader,
  type Gap,
  type GroupId,
  groupOfGap,
  inspectSegment,
  type JournalSeq,
  journalSeq,
  type LostRecords,
  Malformed,
  recordSeed,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from "@quorate/kernel/core";
import type { Identity, JournalRecord } from "@quorate/kernel/replica";
import { below, type Files } from "./files.ts";

/** Durable records that are lost, and where they should be. */
export interface Damage extends LostRecords {
  /** Null where the whole file is gone. */
  readonly segment: string | null;
  readonly offset: number;
  readonly firstSeq: JournalSeq;
}

/** A segment file whose header has been checked. */
export interface Segment {
  readonly file: string;
  readonly header: SegmentHeader;
  /** Offset behind the last record that counts. */
  readonly end: number;
}

/** What the journal's directory held. Nothing has been changed yet. */
export interface RecoveredJournal {
  readonly segments: readonly Segment[];
  /** Files that should be segments and have no header any more. */
  readonly unreadable: readonly string[];
  /** The segment in which to go on; null to begin another behind `lastSeq`: there was none, or it is unreadable. */
  readonly resume: Segment | null;
  readonly lastSeq: JournalSeq;
  /** The half-written tail of the last segment, to be cut off before anything is appended. */
  readonly torn: Gap | null;
  readonly damage: readonly Damage[];
  /** Groups with at least one valid record, ascending. */
  readonly groups: readonly GroupId[];
  /** All valid records in order; each owns its memory. */
  readonly records: readonly JournalRecord[];
}

/** The journal cannot be used at all: it is another node's, another release's, or its frame is broken. */
export class JournalUnusable extends Error {
  override readonly name = "JournalUnusable";
}

/**
 * Reads and judges a journal, once. Memory: its records, and one segment.
 *
 * `alsoKnown` are groups that the checkpoints name; they help to tell whose a damaged record was. Throws
 * `JournalUnusable`, naming both sides, if a segment belongs to another cluster or node.
 */
export async function recoverJournal(
  files: Files,
  directory: string,
  identity: Pick<Identity, "cluster" | "node">,
  alsoKnown: readonly GroupId[],
): Promise<RecoveredJournal> {
  const names = (await files.list(directory)).filter((name) => /^\d{20}\.seg$/.test(name));
  const segments: Segment[] = [];
  const found: { readonly segment: Segment; readonly gap: Gap }[] = [];
  const missing: Damage[] = [];
  const records: JournalRecord[] = [];
  const unreadable: string[] = [];
  let resume: Segment | null = null;
  const here = new Set<GroupId>();
  let torn: Gap | null = null;
  let nextSeq: JournalSeq | null = null;

  for (const name of names) {
    const file = below(directory, name);
    const bytes = files.read(file);
    const header = checkedHeader(bytes, file, identity);
    resume = null;
    if (header === null) {
      unreadable.push(file);
      continue;
    }
    if (nextSeq !== null && header.firstSeq !== nextSeq) {
      const gap = { segment: file, offset: 0, firstSeq: nextSeq, nextSeq: header.firstSeq };
      missing.push({ ...gap, group: null });
    }
    const verdict = inspectSegment(bytes, header, name === names.at(-1));
    const segment = { file, header, end: verdict.end };
    segments.push(segment);
    resume = segment;
    for (const gap of verdict.damage) found.push({ segment, gap });
    for (const record of verdict.records) records.push({ ...record, bytes: record.bytes.slice() });
    for (const group of verdict.groups) here.add(group);
    ({ torn, nextSeq } = verdict);
  }

  const groups = [...here].sort((a, b) => a - b);
  const known = [...new Set([...groups, ...alsoKnown])].sort((a, b) => a - b);
  const damage = found.map(({ segment, gap }): Damage => {
    const bytes = files.read(segment.file);
    const group = groupOfGap(bytes, gap, recordSeed(segment.header), known);
    const { from: offset, firstSeq, nextSeq } = gap;
    return { segment: segment.file, offset, firstSeq, nextSeq, group };
  });
  return {
    segments,
    unreadable,
    resume,
    lastSeq: journalSeq(nextSeq === null ? 0 : nextSeq - 1),
    torn,
    damage: [...missing, ...damage],
    groups,
    records,
  };
}

/** "segment …/00000000000000000042.seg, offset 1234: records 57 to 58 of group 3 are damaged" */
export function describeDamage(damage: Damage): string {
  const { segment, offset, firstSeq, nextSeq, group } = damage;
  const upTo =
    nextSeq === null ? "to the end" : nextSeq === firstSeq + 1 ? "" : `to ${nextSeq - 1}`;
  const records = upTo === "" ? `record ${firstSeq}` : `records ${firstSeq} ${upTo}`;
  const whose = group === null ? "of an unknown group" : `of group ${group}`;
  const where = segment === null ? "no segment" : `segment ${segment}, offset ${offset}`;
  return `${where}: ${records} ${whose} damaged or missing`;
}

/** Null for one that is damaged: a segment gets its name only when its header is durable. */
function checkedHeader(
  bytes: Uint8Array,
  file: string,
  identity: Pick<Identity, "cluster" | "node">,
): SegmentHeader | null {
  const header = decodeSegmentHeader(bytes.subarray(0, SEGMENT_HEADER_BYTES));
  if (header instanceof Malformed) return null;
  if (header.cluster !== identity.cluster || header.node !== identity.node) {
    throw new JournalUnusable(
      `segment ${file} was written by node ${header.node} of cluster ${header.cluster}, ` +
        `this is node ${identity.node} of cluster ${identity.cluster}: check the data directory`,
    );
  }
  return header;
}
