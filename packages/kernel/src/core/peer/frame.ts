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
const LANES: readonly Lane[] = ["control", "log", "bulk"];

/** The head of a frame whose payload is the parts joined; on the wire the parts follow it unchanged. */
export function encodeFrameHead(head: FrameHead, parts: readonly Bytes[]): Bytes {
  let length = BODY_HEAD_BYTES;
  for (const part of parts) length += part.length;
  const bytes = new Uint8Array(FRAME_HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setBigUint64(8, head.start, true);
  view.setUint32(16, head.sequence, true);
  view.setUint8(20, LANES.indexOf(head.lane));
  view.setUint32(4, crc32cOf(parts, crc32c(bytes.subarray(FRAME_PREFIX_BYTES))), true);
  return bytes;
}

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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (frameBytes(view.getUint32(0, true)) !== bytes.length) return "malformed";
  if (crc32c(bytes.subarray(FRAME_PREFIX_BYTES)) !== view.getUint32(4, true)) return "checksum";
  const lane = LANES[view.getUint8(20)];
  const start = view.getBigUint64(8, true);
  if (lane === undefined || start >= 1n << 63n) return "malformed";
  const head = { start: startId(start), sequence: view.getUint32(16, true), lane };
  return { head, payload: bytes.subarray(FRAME_HEAD_BYTES) };
}
