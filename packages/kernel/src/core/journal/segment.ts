import { decoded, Malformed, Reader, Writer } from "../bytes.ts";
import { crc32c } from "../crc32c.ts";
import {
  type Bytes,
  type ClusterId,
  clusterId,
  type JournalSeq,
  journalSeq,
  type NodeId,
  nodeId,
} from "../ids.ts";

/** The first bytes of a segment file: whose journal it is part of, and where in it it begins. */
export interface SegmentHeader {
  readonly format: number;
  readonly cluster: ClusterId;
  readonly node: NodeId;
  /** The sequence of the first record, were there one. Also the file's name, in 20 digits. */
  readonly firstSeq: JournalSeq;
  /** 64 random bits that no client ever sees; part of what checksums in this segment start from. */
  readonly salt: bigint;
}

/** Rises with every change of the layout of segments or records. A release reads its own and the one before. */
export const JOURNAL_FORMAT = 1;
export const SEGMENT_HEADER_BYTES = 48;

/** "QRTJRNL\n": a text tool that translates line ends breaks it visibly. */
const MAGIC = 0x0a4c4e524a545251n;

/** Layout: magic u64, format u8, three zeros, cluster u64, node u64, first seq u64, salt u64, crc32c u32. */
export function encodeSegmentHeader(header: SegmentHeader): Bytes {
  const w = new Writer(SEGMENT_HEADER_BYTES).u64(MAGIC).u8(header.format).u8(0).u16(0);
  w.u64(header.cluster).u64(header.node).uint(header.firstSeq).u64(header.salt);
  const summed = w.take();
  return new Writer(SEGMENT_HEADER_BYTES).raw(summed).u32(crc32c(summed)).take();
}

export function decodeSegmentHeader(bytes: Bytes): SegmentHeader | Malformed {
  return decoded(() => {
    const r = new Reader(bytes);
    if (r.u64() !== MAGIC)
      throw new Malformed("no journal segment: its first eight bytes are others");
    const format = r.u8();
    if (format !== JOURNAL_FORMAT) {
      throw new Malformed(`journal format ${format}; this release reads ${JOURNAL_FORMAT}`);
    }
    r.raw(3);
    const [cluster, node, firstSeq, salt] = [r.u64(), r.u64(), r.uint(), r.u64()];
    const sum = crc32c(bytes.subarray(0, r.at));
    if (r.u32() !== sum) throw new Malformed("segment header damaged");
    const ids = { cluster: readId(cluster, clusterId), node: readId(node, nodeId) };
    return { format, ...ids, firstSeq: journalSeq(firstSeq), salt };
  });
}

/**
 * What the checksums of a segment's records start from. It makes a record valid in its own segment only: bytes of
 * another segment, or a record that a client hid inside a value, never pass for a record here.
 */
export function recordSeed(header: SegmentHeader): number {
  // Without the header's own sum: a sum that runs over its own value is the same for all headers.
  return crc32c(encodeSegmentHeader(header).subarray(0, SEGMENT_HEADER_BYTES - 4));
}

function readId<T>(bits: bigint, make: (bits: bigint) => T): T {
  if (bits >= 1n << 63n) throw new Malformed("an id of more than 63 bits");
  return make(bits);
}

/** Segments sort by name as their sequences do. */
export function segmentName(firstSeq: JournalSeq): string {
  return `${String(firstSeq).padStart(20, "0")}.seg`;
}
