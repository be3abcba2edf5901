import type { Bytes } from "../../core/index.ts";

/** A key as a string with one character per byte: such strings sort as their bytes do. Never empty. */
export type Key = string;

/** The keys k with from <= k < to; `to` null is beyond every key. */
export interface KeyRange {
  readonly from: Key;
  readonly to: Key | null;
  /** True where the range was asked for as one key: then `to` is that key followed by a zero byte. */
  readonly isSingle: boolean;
}

const APPLY_BYTES_MAX = 4096;

/** The key of those bytes, as a flat string: a rope would cost three objects a key for as long as it lives. */
export function keyOf(bytes: Bytes): Key {
  if (bytes.length <= APPLY_BYTES_MAX) return flat(bytes);
  let text = "";
  for (let at = 0; at < bytes.length; at += APPLY_BYTES_MAX) {
    text += flat(bytes.subarray(at, at + APPLY_BYTES_MAX));
  }
  return text;
}

/**
 * What (key, range_end) means in every request of the API: an empty end is exactly that key, a single zero
 * byte is "and all that follow".
 */
export function keyRange(key: Bytes, rangeEnd: Bytes): KeyRange {
  const from = keyOf(key);
  if (rangeEnd.length === 0) return { from, to: `${from}\0`, isSingle: true };
  if (rangeEnd.length === 1 && rangeEnd[0] === 0) return { from, to: null, isSingle: false };
  return { from, to: keyOf(rangeEnd), isSingle: false };
}

export function isInRange(key: Key, range: KeyRange): boolean {
  return key >= range.from && (range.to === null || key < range.to);
}

function flat(bytes: Bytes): string {
  // Any array-like will do for `apply`; its declaration knows arrays only, and a spread costs three times as much.
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}
