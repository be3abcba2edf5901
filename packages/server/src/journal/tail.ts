import { randomBytes } from "node:crypto";
import {
  encodeSegmentHeader,
  JOURNAL_FORMAT,
  type JournalSeq,
  recordSeed,
  SEGMENT_HEADER_BYTES,
  segmentName,
} from "@quorate/kernel/core";
import type { Identity } from "@quorate/kernel/replica";
import { below, type Files, type OpenFile } from "./files.ts";
import type { RecoveredJournal, Segment } from "./recover.ts";
import type { Spares } from "./spares.ts";

/** The segment in use. */
export interface Tail {
  readonly file: OpenFile;
  /** What its records' checksums start from. */
  readonly seed: number;
  /** Preallocated bytes. */
  readonly size: number;
  /** Where the next batch goes. */
  at: number;
}

/** Where segments are made, and for whom. */
export interface TailOptions {
  readonly files: Files;
  readonly directory: string;
  readonly identity: Pick<Identity, "cluster" | "node">;
  readonly segmentBytes: number;
  readonly freeBytesMin: number;
}

/** The disk is full and the reserve is used up. The kernel was told of both long before. */
export class DiskFull extends Error {
  override readonly name = "DiskFull";
}

/** Turns a spare into a segment. Its header is synced before it gets its name, its name before its first record. */
export async function beginTail(
  options: TailOptions,
  spares: Spares,
  firstSeq: JournalSeq,
): Promise<Tail> {
  const { files, directory, identity, segmentBytes, freeBytesMin } = options;
  const spare = await spares.take();
  if (spare === null) {
    const free = await files.freeBytes(directory);
    throw new DiskFull(
      `no room for a journal segment of ${segmentBytes} bytes in ${directory}: ` +
        `${free} bytes are free, of which ${freeBytesMin} must stay so`,
    );
  }
  const salt = randomBytes(8).readBigUInt64LE();
  const { cluster, node } = identity;
  const header = { format: JOURNAL_FORMAT, cluster, node, firstSeq, salt };
  const file = await files.open(spare, "existing");
  await file.write([encodeSegmentHeader(header)], 0);
  await file.sync();
  await files.rename(spare, below(directory, segmentName(firstSeq)));
  await files.syncDirectory(directory);
  return { file, seed: recordSeed(header), size: segmentBytes, at: SEGMENT_HEADER_BYTES };
}

/**
 * Goes on in the segment in which the last life ended: overwrites the torn tail, or a later crash could take its
 * leftovers for damage; and syncs what is kept, which a process that crashed may have written and never synced.
 */
export async function resumeTail(
  options: TailOptions,
  last: Segment,
  torn: RecoveredJournal["torn"],
): Promise<Tail> {
  const { files, directory } = options;
  const file = await files.open(last.file, "existing");
  if (torn !== null) await file.write([new Uint8Array(torn.to - torn.from)], torn.from);
  await file.sync();
  await files.syncDirectory(directory);
  const size = files.sizeOf(last.file);
  return { file, seed: recordSeed(last.header), size, at: last.end };
}
