import { type Bytes, latin1 } from "../../core/index.ts";

/** A key as a string with one character per byte: such strings sort as their bytes do. Never empty. */
export type Key = string;

/** The keys k with from <= k < to; `to` null is beyond every key. */
export interface KeyRange {
  readonly from: Key;
  readonly to: Key | null;
  /** True where the range was asked for as one key: then `to` is that key followed by a zero byte. */
  readonly isSingle: boolean;
}

/** The key of those bytes. */
export const keyOf = (bytes: Bytes): Key => latin1(bytes);

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
