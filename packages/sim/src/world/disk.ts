import {
  type Bytes,
  CheckpointWriter,
  type ClusterId,
  checkpointBlocks,
  concat,
  decodeSegmentHeader,
  encodeSegmentHeader,
  type GroupId,
  groupOfGap,
  type Inspection,
  inspectSegment,
  JOURNAL_FORMAT,
  type JournalSeq,
  journalSeq,
  type LostRecords,
  lossesOf,
  MARK_GROUP,
  Malformed,
  type NodeId,
  RECORD_HEAD_BYTES,
  recordSeed,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  verifyCheckpoint,
  writeRecordHead,
} from "@quorate/kernel/core";
import type {
  JournalRecord,
  LostWrite,
  NodeEffect,
  RecoveredCheckpoint,
  RecoveredNode,
  Snapshot,
} from "@quorate/kernel/replica";
import type { Dice } from "./dice.ts";
import { Slab } from "./slab.ts";

/** What the disk does wrong. */
export interface DiskFaults {
  /** A sync takes between these many microseconds. */
  readonly syncMicrosMin: number;
  readonly syncMicrosMax: number;
  /** In so many of a thousand power cuts what was not synced is kept in part: a torn write. */
  readonly tornPerMille: number;
  /** In so many of a thousand of those, not a first part is kept but any sectors: unsynced writes change places. */
  readonly reorderPerMille: number;
  /** Syncs say they are done and have done nothing, in so many of a thousand. */
  readonly lyingPerMille: number;
  /** A segment that holds so much is the last no more. */
  readonly segmentBytes: number;
}

export const HEALTHY_DISK: DiskFaults = {
  syncMicrosMin: 50,
  syncMicrosMax: 2000,
  tornPerMille: 500,
  reorderPerMille: 0,
  lyingPerMille: 0,
  segmentBytes: 1 << 26,
};

/** The unit in which unsynced writes reach the disk, or do not. */
const SECTOR_BYTES = 512;

interface Segment {
  readonly header: SegmentHeader;
  readonly seed: number;
  /** What is surely kept. */
  parts: Bytes[];
  bytes: number;
}

/** A segment as a start finds it. */
interface Judged {
  readonly segment: Segment;
  readonly bytes: Bytes;
  readonly verdict: Inspection;
  /** Null where it is damaged. */
  readonly header: SegmentHeader | null;
}

/**
 * A node's disk: journal segments and checkpoints, in the formats of the real one. What was written and not synced is
 * lost by a power cut, or kept in part.
 */
export class Disk {
  readonly #cluster: ClusterId;
  readonly #node: NodeId;
  readonly #dice: Dice;
  faults: DiskFaults;
  /** Oldest first; the last is written to. */
  #segments: Segment[] = [];
  /** A node has started on it. */
  #begun = false;
  /** Bytes before the last mark that is durable: of these it is sure that they were. */
  #proven = 0;
  syncs = 0;
  /** No sync does what it says. */
  lying = false;
  /** Every sync takes so many times as long. */
  slowness = 1;
  /** There is no room for a file beside the journal. */
  full = false;
  /** What was written out before it was undone, by the names of the files. */
  readonly exports = new Map<string, readonly LostWrite[]>();
  /** Written, the sync still to come, or lied about. */
  #volatile: Bytes[] = [];
  #durableSeq = journalSeq(0);
  readonly #slab = new Slab();
  #checkpoints = new Map<GroupId, { readonly covers: JournalSeq; readonly file: Bytes }[]>();

  constructor(cluster: ClusterId, node: NodeId, dice: Dice, faults: DiskFaults) {
    this.#cluster = cluster;
    this.#node = node;
    this.#dice = dice;
    this.faults = faults;
    this.#begin(journalSeq(1));
  }

  /** All that is durable in the journal. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The first record that is still there. */
  get firstSeq(): JournalSeq {
    return (this.#segments[0] as Segment).header.firstSeq;
  }

  /** Bytes of records of which a later mark says that they were durable: damage there cannot pass for a torn write. */
  get provenBytes(): number {
    return this.#proven - SEGMENT_HEADER_BYTES * this.#segments.length;
  }

  /** Written and not synced. */
  get volatileBytes(): number {
    return this.#volatile.reduce((sum, part) => sum + part.length, 0);
  }

  /** Writes a batch, opened by a mark that says what was durable before it. */
  write(
    records: readonly {
      readonly seq: JournalSeq;
      readonly group: GroupId;
      readonly kind: number;
      readonly parts: readonly Bytes[];
    }[],
  ): void {
    const first = records[0]?.seq;
    const full = this.#active.bytes >= this.faults.segmentBytes && this.#volatile.length === 0;
    if (full && first !== undefined) this.#begin(first);
    this.#volatile.push(this.#head({ seq: this.#durableSeq, group: MARK_GROUP, kind: 0 }, []));
    for (const record of records) {
      this.#volatile.push(this.#head(record, record.parts));
      for (const part of record.parts) this.#volatile.push(this.#slab.copy(part));
    }
  }

  syncMicros(): number {
    const { syncMicrosMin, syncMicrosMax } = this.faults;
    return this.slowness * this.#dice.between(syncMicrosMin, syncMicrosMax);
  }

  /** The sync is done, or says so. False where it lied. */
  synced(upTo: JournalSeq): boolean {
    this.syncs++;
    if (this.lying || this.#dice.chance(this.faults.lyingPerMille)) {
      this.#durableSeq = upTo;
      return false;
    }
    // The batch begins with a mark that proves all before it; until another is written nothing proves the batch.
    if (this.#volatile.length > 0) this.#proven = this.bytes;
    for (const part of this.#volatile) this.#keep(part);
    this.#volatile = [];
    this.#durableSeq = upTo;
    return true;
  }

  /** Lets segments go that hold nothing from `from` on; none that an older checkpoint would need, as the real one. */
  retain(from: JournalSeq): void {
    let floor: number = from;
    for (const [older, newer] of this.#checkpoints.values())
      if (older !== undefined && newer !== undefined) floor = Math.min(floor, older.covers + 1);
    while (this.#segments.length > 1 && (this.#segments[1] as Segment).header.firstSeq <= floor)
      this.#proven -= (this.#segments.shift() as Segment).bytes;
  }

  /**
   * Power fails. Of what was not synced, nothing is left, or the first bytes, or any sectors: as the dice say, or as
   * many bytes as told.
   */
  cutPower(keptBytes?: number): void {
    const lost = concat(this.#volatile);
    this.#volatile = [];
    if (keptBytes !== undefined) this.#keep(lost.subarray(0, keptBytes));
    else if (lost.length > 0 && this.#dice.chance(this.faults.tornPerMille)) this.#keepSome(lost);
  }

  checkpoint(group: GroupId, covers: JournalSeq, snapshot: Snapshot): void {
    const parts: Bytes[] = [];
    const [cluster, node] = [this.#cluster, this.#node];
    const writer = new CheckpointWriter(
      { cluster, node, group, covers },
      { put: (part) => parts.push(this.#slab.copy(part)) },
    );
    let cursor: bigint | null = 0n;
    while (cursor !== null) cursor = snapshot.dump(cursor, 65536, writer);
    writer.finish(snapshot.hash);
    const known = this.#checkpoints.get(group) ?? [];
    this.#checkpoints.set(group, [...known.slice(-1), { covers, file: concat(parts) }]);
  }

  /** A file of its own with what is to be undone; one with the same writes takes its place. False where the disk is full. */
  export({ keyspace, from, to, writes }: Extract<NodeEffect, { type: "Export" }>): boolean {
    if (this.full) return false;
    this.exports.set(`${keyspace}-${writes[0]?.epoch ?? 0}-${from}-${to}`, writes);
    return true;
  }

  /** Bit rot: one bit of the records that would be read at a restart. */
  flipBit(at: number): void {
    this.#alter(at % Math.max(1, this.#recordBytes), 1, (byte) => byte ^ (1 << (at % 8)));
  }

  /** A stretch of the journal reads back as something else: bad sectors, as far as they reach. */
  spoil(from: number, bytes: number): void {
    this.#alter(from, bytes, (byte) => ~byte);
  }

  /** A write went astray: what some sector held is now what another holds. */
  misdirect(from: number, to: number): void {
    const taken: number[] = [];
    this.#alter(from, SECTOR_BYTES, (byte) => {
      taken.push(byte);
      return byte;
    });
    let at = 0;
    this.#alter(to, taken.length, () => taken[at++] ?? 0);
  }

  /** The group is gone for good, and its checkpoints with it. */
  retire(group: GroupId): void {
    this.#checkpoints.delete(group);
  }

  /** The newest checkpoint of a group, or both, read back as something else. False where there is none. */
  spoilCheckpoints(group: GroupId, both: boolean): boolean {
    const files = this.#checkpoints.get(group) ?? [];
    for (const { file } of both ? files : files.slice(-1)) {
      const at = this.#dice.below(file.length);
      file[at] = (file[at] ?? 0) ^ 1;
    }
    return files.length > 0;
  }

  /** The header of a segment reads back as something else, so that nobody knows whose it is. */
  spoilHeader(place: number): void {
    const segment = this.#segments[place % this.#segments.length] as Segment;
    const whole = concat(segment.parts);
    whole[place % SEGMENT_HEADER_BYTES] = ~(whole[place % SEGMENT_HEADER_BYTES] ?? 0);
    segment.parts = [whole];
  }

  /** A segment that is not the last is gone from the directory. False where there is only one. */
  loseSegment(place: number): boolean {
    if (this.#segments.length < 2) return false;
    const [gone] = this.#segments.splice(place % (this.#segments.length - 1), 1);
    this.#proven -= gone?.bytes ?? 0;
    return true;
  }

  /** The journal's directory is empty. */
  loseJournal(): void {
    this.#segments = [];
    this.#proven = 0;
  }

  /** Bytes of records, so that faults can choose among them. */
  get #recordBytes(): number {
    return this.bytes - SEGMENT_HEADER_BYTES * this.#segments.length;
  }

  /**
   * What a starting node finds. Cuts the torn tail, sets aside segments without a header, and names the groups that lost
   * records, all where that cannot be told.
   */
  recover(): RecoveredNode {
    const had = this.#segments.length;
    const judged = this.#judge();
    const last = judged[judged.length - 1];
    const readable = judged.filter(({ header }) => header !== null);
    const ends = last !== undefined && last.header !== null;
    const lastSeq = journalSeq((readable[readable.length - 1]?.verdict.nextSeq ?? 1) - 1);
    const { checkpoints, lost } = this.#readCheckpoints();
    const covers = new Map(checkpoints.map((one) => [one.group, one.covers]));
    const groups = [...new Set(readable.flatMap(({ verdict }) => verdict.groups))];
    const damage = damageIn(readable, [...groups, ...covers.keys(), ...lost]);
    const firstSeq = readable[0]?.segment.header.firstSeq ?? null;
    const begun = this.#begun || had > 0;
    const found = lossesOf({ firstSeq, lastSeq, ends, begun, damage, groups }, { covers, lost });
    const records = readable.flatMap(({ verdict }) =>
      verdict.records.map(
        (record): JournalRecord => ({ ...record, bytes: this.#slab.copy(record.bytes) }),
      ),
    );
    this.#segments = readable.map(({ segment }) => segment);
    if (ends) this.#cutTail(last.verdict.end);
    if (!ends || found.endLost) this.#begin(journalSeq(found.lastSeq + 1));
    this.#begun = true;
    this.#proven = Math.min(this.#proven, this.bytes);
    this.#durableSeq = found.lastSeq;
    const { damaged, birthsLost } = found;
    return { checkpoints, records, lastSeq: found.lastSeq, damaged, birthsLost };
  }

  #judge(): readonly Judged[] {
    return this.#segments.map((segment, at) => {
      const bytes = concat(segment.parts);
      const header = decodeSegmentHeader(bytes.subarray(0, SEGMENT_HEADER_BYTES));
      const verdict = inspectSegment(bytes, segment.header, at === this.#segments.length - 1);
      return { segment, bytes, verdict, header: header instanceof Malformed ? null : header };
    });
  }

  #begin(firstSeq: JournalSeq): void {
    const header: SegmentHeader = {
      format: JOURNAL_FORMAT,
      cluster: this.#cluster,
      node: this.#node,
      firstSeq,
      salt: this.#dice.id(),
    };
    const encoded = encodeSegmentHeader(header);
    this.#segments.push({
      header,
      seed: recordSeed(header),
      parts: [encoded],
      bytes: encoded.length,
    });
  }

  get #active(): Segment {
    return this.#segments[this.#segments.length - 1] as Segment;
  }

  #keepSome(lost: Bytes): void {
    if (!this.#dice.chance(this.faults.reorderPerMille)) {
      this.#keep(lost.subarray(0, this.#dice.below(lost.length)));
      return;
    }
    const start = this.#active.bytes;
    for (let at = 0; at < lost.length; ) {
      const end = Math.min(lost.length, at + SECTOR_BYTES - ((start + at) % SECTOR_BYTES));
      if (this.#dice.chance(500)) lost.fill(0, at, end);
      at = end;
    }
    this.#keep(lost);
  }

  #cutTail(end: number): void {
    const active = this.#active;
    active.parts = [concat(active.parts).slice(0, end)];
    active.bytes = end;
  }

  /** Changes durable bytes of records, `from` counted over all segments without their headers. */
  #alter(from: number, bytes: number, change: (byte: number) => number): void {
    let skipped = 0;
    for (const segment of this.#segments) {
      const whole = concat(segment.parts);
      const length = whole.length - SEGMENT_HEADER_BYTES;
      const begin = Math.max(0, from - skipped);
      const end = Math.min(length, from + bytes - skipped);
      for (let at = begin; at < end; at++) {
        const place = SEGMENT_HEADER_BYTES + at;
        whole[place] = change(whole[place] ?? 0);
      }
      segment.parts = [whole];
      skipped += length;
    }
  }

  #readCheckpoints(): {
    readonly checkpoints: readonly RecoveredCheckpoint[];
    readonly lost: readonly GroupId[];
  } {
    const checkpoints: RecoveredCheckpoint[] = [];
    const lost: GroupId[] = [];
    for (const [group, files] of this.#checkpoints) {
      const usable = files.filter(
        ({ file }) => !(verifyCheckpoint(reading(file)) instanceof Malformed),
      );
      const newest = usable[usable.length - 1];
      if (newest === undefined) lost.push(group);
      else {
        const chunks = [...checkpointBlocks(reading(newest.file))];
        checkpoints.push({ group, covers: newest.covers, chunks });
      }
    }
    return { checkpoints, lost };
  }

  #head(
    head: { readonly seq: JournalSeq; readonly group: GroupId; readonly kind: number },
    parts: readonly Bytes[],
  ): Bytes {
    const out = this.#slab.take(RECORD_HEAD_BYTES);
    writeRecordHead(out, 0, head, parts, this.#active.seed);
    return out;
  }

  #keep(part: Bytes): void {
    this.#active.parts.push(part);
    this.#active.bytes += part.length;
  }
}

/** What is missing in the segments and between them. */
function damageIn(judged: readonly Judged[], known: readonly GroupId[]): readonly LostRecords[] {
  return judged.flatMap(({ segment, bytes, verdict }, at) => {
    const before = judged[at - 1]?.verdict.nextSeq ?? segment.header.firstSeq;
    const missing =
      before === segment.header.firstSeq ? [] : [{ group: null, nextSeq: segment.header.firstSeq }];
    const gaps = verdict.damage.map((gap) => ({
      group: groupOfGap(bytes, gap, segment.seed, known),
      nextSeq: gap.nextSeq,
    }));
    return [...missing, ...gaps];
  });
}

const reading = (file: Bytes) => (at: number, length: number) => file.subarray(at, at + length);
