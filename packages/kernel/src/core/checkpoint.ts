import { decoded, Malformed, Reader, Writer } from "./bytes.ts";
import { crc32c } from "./crc32c.ts";
import {
  type Bytes,
  type ClusterId,
  clusterId,
  type GroupId,
  groupId,
  type JournalSeq,
  journalSeq,
  type NodeId,
  nodeId,
} from "./ids.ts";
import type { Sink } from "./machine.ts";

/** Whose state a checkpoint file holds, and which records of the journal it makes superfluous. */
export interface CheckpointHeader {
  readonly cluster: ClusterId;
  readonly node: NodeId;
  readonly group: GroupId;
  /** All records of the group up to this one are contained. */
  readonly covers: JournalSeq;
}

/** The end of a complete file: without it, or if it disagrees with what came before, the file does not count. */
export interface CheckpointFooter {
  /** The machine's hash of its logical state. */
  readonly hash: bigint;
  readonly blocks: number;
}

/** Rises with every change of the layout. A release reads its own and the one before. */
export const CHECKPOINT_FORMAT = 1;
export const CHECKPOINT_BLOCK_BYTES = 64 * 1024;
export const CHECKPOINT_HEADER_BYTES = 44;
export const CHECKPOINT_FOOTER_BYTES = 28;

/** "QRTCKPT\n" */
const MAGIC = 0x0a54504b43545251n;
const BLOCK_HEAD_BYTES = 8;
const NOTHING = new Uint8Array(0);
const SMALL_BYTES = 1024;

/**
 * Turns a dump into a file, part by part, with at most one block held back. The parts of the file are lent: they hold until the
 * next one is put.
 *
 * Layout: header (magic u64, format u8, three zeros, cluster u64, node u64, group u32, covers u64, crc32c u32),
 * blocks (length u32, crc32c u32, bytes), footer (zero u32 where a length would be, crc32c u32, hash u64, covers u64,
 * blocks u32). Every checksum starts from the one before it, so a block that is lost, repeated, moved or from
 * another file is found, and not just one that is altered.
 */
export class CheckpointWriter {
  readonly #header: CheckpointHeader;
  readonly #out: Sink;
  /** The open block. Grows to its size, because most groups are small, and is then used for every block. */
  #pending: Uint8Array = NOTHING;
  #filled = 0;
  #sum: number;
  #blocks = 0;

  constructor(header: CheckpointHeader, out: Sink) {
    this.#header = header;
    this.#out = out;
    const w = new Writer(CHECKPOINT_HEADER_BYTES).u64(MAGIC).u8(CHECKPOINT_FORMAT).u8(0).u16(0);
    const summed = w
      .u64(header.cluster)
      .u64(header.node)
      .u32(header.group)
      .uint(header.covers)
      .take();
    this.#sum = crc32c(summed);
    out.put(new Writer(CHECKPOINT_HEADER_BYTES).raw(summed).u32(this.#sum).take());
  }

  put(part: Bytes): void {
    for (let at = 0; at < part.length; ) {
      const taken = Math.min(part.length - at, CHECKPOINT_BLOCK_BYTES - this.#filled);
      this.#reserve(this.#filled + taken);
      this.#pending.set(part.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === CHECKPOINT_BLOCK_BYTES) this.#flush();
    }
  }

  /** Ends the file. Nothing may be put afterwards. */
  finish(hash: bigint): void {
    if (this.#filled > 0) this.#flush();
    const footer = new Writer(20).u64(hash).uint(this.#header.covers).u32(this.#blocks).take();
    const sum = crc32c(footer, crc32c(ZERO_LENGTH, this.#sum));
    this.#out.put(new Writer(CHECKPOINT_FOOTER_BYTES).u32(0).u32(sum).raw(footer).take());
  }

  #flush(): void {
    const block = this.#pending.subarray(0, this.#filled);
    const length = new Writer(4).u32(block.length).take();
    this.#sum = crc32c(block, crc32c(length, this.#sum));
    this.#out.put(new Writer(BLOCK_HEAD_BYTES).raw(length).u32(this.#sum).take());
    this.#out.put(block);
    this.#filled = 0;
    this.#blocks++;
  }

  #reserve(bytes: number): void {
    const before = this.#pending;
    if (bytes <= before.length) return;
    const wanted = Math.max(bytes, 2 * before.length, SMALL_BYTES);
    this.#pending = new Uint8Array(Math.min(wanted, CHECKPOINT_BLOCK_BYTES));
    this.#pending.set(before.subarray(0, this.#filled));
  }
}

const ZERO_LENGTH = new Uint8Array(4);

/** Where a file's bytes come from: up to `length` bytes at `at`, fewer only at the end of the file. */
export type ReadAt = (at: number, length: number) => Bytes;

export function decodeCheckpointHeader(bytes: Bytes): CheckpointHeader | Malformed {
  return decoded(() => readHeader(bytes).header);
}

/**
 * The dump's bytes, block by block, in memory of one block; returns the footer. Throws `Malformed` at the first
 * thing that is not as it was written: a reader that must not see half a state runs it to the end first.
 */
export function* checkpointBlocks(read: ReadAt): Generator<Bytes, CheckpointFooter> {
  const opened = readHeader(read(0, CHECKPOINT_HEADER_BYTES));
  let { sum } = opened;
  let at = CHECKPOINT_HEADER_BYTES;
  for (let blocks = 0; ; blocks++) {
    const head = new Reader(read(at, BLOCK_HEAD_BYTES));
    const [length, expected] = [head.u32(), head.u32()];
    at += BLOCK_HEAD_BYTES;
    if (length === 0) return readFooter(read(at, 21), expected, sum, blocks, opened.header.covers);
    if (length > CHECKPOINT_BLOCK_BYTES) throw new Malformed(`block ${blocks}: ${length} bytes`);
    const block = read(at, length);
    if (block.length !== length) throw new Malformed(`block ${blocks}: the file ends within it`);
    sum = crc32c(block, crc32c(new Writer(4).u32(length).take(), sum));
    if (sum !== expected) throw new Malformed(`block ${blocks} at offset ${at}: checksum differs`);
    yield block;
    at += length;
  }
}

/** Reads a whole file for its verdict alone. */
export function verifyCheckpoint(read: ReadAt): CheckpointFooter | Malformed {
  return decoded(() => {
    const blocks = checkpointBlocks(read);
    for (;;) {
      const next = blocks.next();
      if (next.done) return next.value;
    }
  });
}

function readHeader(bytes: Bytes): { readonly header: CheckpointHeader; readonly sum: number } {
  const r = new Reader(bytes);
  if (r.u64() !== MAGIC) throw new Malformed("no checkpoint: its first eight bytes are others");
  const format = r.u8();
  if (format !== CHECKPOINT_FORMAT) {
    throw new Malformed(`checkpoint format ${format}; this release reads ${CHECKPOINT_FORMAT}`);
  }
  r.raw(3);
  const [cluster, node, group, covers] = [r.u64(), r.u64(), r.u32(), r.uint()];
  const sum = crc32c(bytes.subarray(0, r.at));
  if (r.u32() !== sum) throw new Malformed("checkpoint header damaged");
  if (cluster >= 1n << 63n || node >= 1n << 63n) throw new Malformed("an id of more than 63 bits");
  const header = { cluster: clusterId(cluster), node: nodeId(node), group: groupId(group) };
  return { header: { ...header, covers: journalSeq(covers) }, sum };
}

function readFooter(
  bytes: Bytes,
  expected: number,
  sum: number,
  blocks: number,
  covers: JournalSeq,
): CheckpointFooter {
  const r = new Reader(bytes);
  const [hash, covered, counted] = [r.u64(), r.uint(), r.u32()];
  r.end();
  if (crc32c(bytes, crc32c(ZERO_LENGTH, sum)) !== expected) throw new Malformed("footer damaged");
  if (counted !== blocks || covered !== covers) throw new Malformed("footer and file disagree");
  return { hash, blocks };
}
