import { Malformed } from "./malformed.ts";

/** No length, index or size on the wire is larger: what is larger is an attack or an accident (RFC 7541 §5.1). */
export const INTEGER_MAX = 0x0fff_ffff;

/** Bytes that a number may take behind its prefix, zeros that say nothing included. */
const CONTINUATION_BYTES_MAX = 5;

/** A place in bytes, moved on by whoever reads there. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
}

/** Reads an integer whose prefix has `bits` bits, the first byte included. */
export function readInteger(cursor: Cursor, bits: number): number {
  const { bytes, end } = cursor;
  if (cursor.at >= end) throw new Malformed("an integer is missing");
  const mask = (1 << bits) - 1;
  let value = (bytes[cursor.at++] as number) & mask;
  if (value < mask) return value;
  for (let i = 0; i < CONTINUATION_BYTES_MAX; i++) {
    if (cursor.at >= end) throw new Malformed("an integer is cut off");
    const byte = bytes[cursor.at++] as number;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (value > INTEGER_MAX) throw new Malformed("an integer is too large");
    if (byte < 0x80) return value;
  }
  throw new Malformed("an integer is too long");
}

/** Writes `value` behind the pattern in the high bits of the first byte, and says where it ends: 6 bytes on at most. */
export function writeInteger(
  to: Uint8Array,
  at: number,
  pattern: number,
  bits: number,
  value: number,
): number {
  const mask = (1 << bits) - 1;
  if (value < mask) {
    to[at] = pattern | value;
    return at + 1;
  }
  to[at++] = pattern | mask;
  value -= mask;
  while (value >= 0x80) {
    to[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  to[at] = value;
  return at + 1;
}
