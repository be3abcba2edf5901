import { putU32, putU64, u32At, u64At } from "../bytes.ts";
import { crc32c, crc32cOf } from "../crc32c.ts";
import { type Bytes, type StartId, startId } from "../ids.ts";
import type { Lane } from "../seam.ts";

/** What stands before a frame's payload. */
export interface FrameHead {
  /** In which life the sender sealed it. */
  readonly start: StartId;
  /** Counts the frames of this direction of this connection, from 0, modulo 2^32. */
  readonly sequence: number;
  readonly lane: Lane;
}

/**
 * Layout: length u32 (of all behind the checksum), crc32c u32 (of all that follows), start id u64, sequence u32,
 * lane u8, payload.
 */
export const FRAME_HEAD_BYTES = 21;
/** No payload is longer. A length beyond it is refused before anything is allocated for it. */
export const FRAME_PAYLOAD_BYTES_MAX = 8 * 1024 * 1024;

/** Bytes of length and checksum, which the length does not count. */
export const FRAME_PREFIX_BYTES = 8;
const BODY_HEAD_BYTES = FRAME_HEAD_BYTES - FRAME_PREFIX_BYTES;
/** Ids have 63 bits. */
const START_IDS = 1n << 63n;
const LANES: readonly Lane[] = ["control", "log", "bulk"];

/** The head of a frame whose payload is the parts joined; on the wire the parts follow it unchanged. */
export function encodeFrameHead(head: FrameHead, parts: readonly Bytes[]): Bytes {
  let length = BODY_HEAD_BYTES;
  for (const part of parts) length += part.length;
  const bytes = new Uint8Array(FRAME_HEAD_BYTES);
  putU32(bytes, 0, length);
  putU64(bytes, 8, head.start);
  putU32(bytes, 16, head.sequence);
  bytes[20] = LANES.indexOf(head.lane);
  putU32(bytes, 4, crc32cOf(parts, crc32c(bytes, 0, FRAME_PREFIX_BYTES)));
  return bytes;
}

/** The checksum in a head: of all that stands in the frame behind it. */
export const frameSum = (head: Bytes): number => u32At(head, 4);

/**
 * Length of the whole frame whose first four bytes are given, prefix included; null if no frame is that long.
 * The only thing believed before the checksum is known, and therefore bounded.
 */
export function frameBytes(length: number): number | null {
  if (length < BODY_HEAD_BYTES || length > BODY_HEAD_BYTES + FRAME_PAYLOAD_BYTES_MAX) return null;
  return FRAME_PREFIX_BYTES + length;
}

/** Opens one whole frame. Total: any bytes. The payload is a view. */
export function decodeFrame(
  bytes: Bytes,
): { readonly head: FrameHead; readonly payload: Bytes } | "malformed" | "checksum" {
  if (bytes.length < FRAME_HEAD_BYTES) return "malformed";
  if (frameBytes(u32At(bytes, 0)) !== bytes.length) return "malformed";
  if (crc32c(bytes, 0, FRAME_PREFIX_BYTES) !== u32At(bytes, 4)) return "checksum";
  const lane = LANES[bytes[20] ?? 0];
  const start = u64At(bytes, 8);
  if (lane === undefined || start >= START_IDS) return "malformed";
  const head = { start: startId(start), sequence: u32At(bytes, 16), lane };
  return { head, payload: bytes.subarray(FRAME_HEAD_BYTES) };
}
