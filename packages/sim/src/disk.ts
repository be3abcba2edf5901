import {
  type Bytes,
  CheckpointWriter,
  type ClusterId,
  checkpointBlocks,
  concat,
  encodeSegmentHeader,
  type GroupId,
  groupOfGap,
  groupsOfLost,
  inspectSegment,
  JOURNAL_FORMAT,
  type JournalSeq,
  journalSeq,
  MARK_GROUP,
  Malformed,
  type NodeId,
  RECORD_HEAD_BYTES,
  recordSeed,
  recordsOf,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  verifyCheckpoint,
  writeRecordHead,
} from "@quorate/kernel/core";
import type { JournalRecord, RecoveredNode, Snapshot } from "@quorate/kernel/replica";
import type { Dice } from "./dice.ts";

/** What the disk does wrong. */
export interface DiskFaults {
  /** A sync takes between these many microseconds. */
  readonly syncMicrosMin: number;
  readonly syncMicrosMax: number;
  /** In so many of a thousand power cuts what was not synced is kept in part: a torn write. */
  readonly tornPerMille: number;
  /** Syncs say they are done and have done nothing, in so many of a thousand. */
  readonly lyingPerMille: number;
}

export const HEALTHY_DISK: DiskFaults = {
  syncMicrosMin: 50,
  syncMicrosMax: 2000,
  tornPerMille: 500,
  lyingPerMille: 0,
};

/**
 * A node's disk: one journal segment and its checkpoints, in the formats of the real one. What was written and not
 * synced is lost by a power cut, or kept in part. It grows without bound: runs are short.
 */
export class Disk {
  readonly #header: SegmentHeader;
  readonly #seed: number;
  readonly #dice: Dice;
  faults: DiskFaults;
  /** What is surely kept. */
  #durable: Bytes[] = [];
  #durableBytes = 0;
  /** Written, the sync still to come, or lied about. */
  #volatile: Bytes[] = [];
  #durableSeq = journalSeq(0);
  #checkpoints = new Map<GroupId, { readonly covers: JournalSeq; readonly file: Bytes }[]>();

  constructor(cluster: ClusterId, node: NodeId, dice: Dice, faults: DiskFaults) {
    this.#header = {
      format: JOURNAL_FORMAT,
      cluster,
      node,
      firstSeq: journalSeq(1),
      salt: dice.id(),
    };
    this.#seed = recordSeed(this.#header);
    this.#dice = dice;
    this.faults = faults;
    this.#keep(encodeSegmentHeader(this.#header));
  }

  get bytes(): number {
    return this.#durableBytes;
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
    this.#volatile.push(this.#head({ seq: this.#durableSeq, group: MARK_GROUP, kind: 0 }, []));
    for (const { parts, ...head } of records)
      this.#volatile.push(this.#head(head, parts), ...parts.map((part) => part.slice()));
  }

  syncMicros(): number {
    return this.#dice.between(this.faults.syncMicrosMin, this.faults.syncMicrosMax);
  }

  /** The sync is done, or says so. */
  synced(upTo: JournalSeq): void {
    if (this.#dice.chance(this.faults.lyingPerMille)) return;
    for (const part of this.#volatile) this.#keep(part);
    this.#volatile = [];
    this.#durableSeq = upTo;
  }

  /** Power fails. Of what was not synced, nothing is left, or the first bytes: as many as the dice say, or as told. */
  cutPower(keptBytes?: number): void {
    const lost = concat(this.#volatile);
    this.#volatile = [];
    if (keptBytes !== undefined) this.#keep(lost.subarray(0, keptBytes));
    else if (lost.length > 0 && this.#dice.chance(this.faults.tornPerMille))
      this.#keep(lost.subarray(0, this.#dice.below(lost.length)));
  }

  checkpoint(group: GroupId, covers: JournalSeq, snapshot: Snapshot): void {
    const parts: Bytes[] = [];
    const { cluster, node } = this.#header;
    const writer = new CheckpointWriter(
      { cluster, node, group, covers },
      { put: (part) => parts.push(part.slice()) },
    );
    let cursor: bigint | null = 0n;
    while (cursor !== null) cursor = snapshot.dump(cursor, 65536, writer);
    writer.finish(snapshot.hash);
    const known = this.#checkpoints.get(group) ?? [];
    this.#checkpoints.set(group, [...known.slice(-1), { covers, file: concat(parts) }]);
  }

  /** Bytes of records that would be read at a restart, for faults that hit them. */
  flipBit(at: number): void {
    const whole = concat(this.#durable);
    const offset = SEGMENT_HEADER_BYTES + (at % Math.max(1, whole.length - SEGMENT_HEADER_BYTES));
    whole[offset] = (whole[offset] ?? 0) ^ (1 << (at % 8));
    this.#durable = [whole];
  }

  /** A stretch of the journal reads back as something else: a bad sector, as far as it reaches. */
  spoil(from: number, bytes: number): void {
    const whole = concat(this.#durable);
    const end = Math.min(whole.length, SEGMENT_HEADER_BYTES + from + bytes);
    for (let at = SEGMENT_HEADER_BYTES + from; at < end; at++) whole[at] = ~(whole[at] ?? 0);
    this.#durable = [whole];
  }

  /** What a starting node finds. Cuts the torn tail; names the groups that lost records, all where that cannot be told. */
  recover(): RecoveredNode {
    const segment = concat(this.#durable);
    const inspection = inspectSegment(segment, this.#header, true);
    const found = [...recordsOf(segment, this.#header, inspection.end)];
    const { damage, groups } = inspection;
    const lost = damage.map((gap) => ({
      group: groupOfGap(segment, gap, this.#seed, groups),
      nextSeq: gap.nextSeq,
    }));
    this.#durable = [segment.slice(0, inspection.end)];
    this.#durableBytes = inspection.end;
    const lastSeq = journalSeq(inspection.nextSeq - 1);
    this.#durableSeq = lastSeq;
    const records = found.map(
      (record): JournalRecord => ({ ...record, bytes: record.bytes.slice() }),
    );
    const checkpoints = this.#readCheckpoints(lastSeq);
    const known = [...groups, ...checkpoints.map(({ group }) => group)];
    const covers = new Map(checkpoints.map((one) => [one.group, one.covers]));
    const damaged = groupsOfLost(lost, known, covers);
    const birthsLost = lost.some(({ group }) => group === null);
    return { checkpoints, records, lastSeq, damaged, birthsLost };
  }

  #readCheckpoints(lastSeq: JournalSeq): RecoveredNode["checkpoints"] {
    return [...this.#checkpoints].flatMap(([group, files]) => {
      const usable = files.filter(
        ({ covers, file }) =>
          covers <= lastSeq && !(verifyCheckpoint(reading(file)) instanceof Malformed),
      );
      const newest = usable[usable.length - 1];
      return newest === undefined
        ? []
        : [{ group, covers: newest.covers, chunks: [...checkpointBlocks(reading(newest.file))] }];
    });
  }

  #head(
    head: { readonly seq: JournalSeq; readonly group: GroupId; readonly kind: number },
    parts: readonly Bytes[],
  ): Bytes {
    const out = new Uint8Array(RECORD_HEAD_BYTES);
    writeRecordHead(out, 0, head, parts, this.#seed);
    return out;
  }

  #keep(part: Bytes): void {
    this.#durable.push(part);
    this.#durableBytes += part.length;
  }
}

const reading = (file: Bytes) => (at: number, length: number) => file.subarray(at, at + length);
