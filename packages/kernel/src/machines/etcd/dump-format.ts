import type { Hash64 } from "../../core/hash64.ts";

/**
 * The format of a dump. It is a sequence of frames: type u8, length u32, check u32, body. First one `header`, then
 * frames of each type in this order, last one `end`. A dump may be cut anywhere into chunks.
 */
export const DUMP_VERSION = 2;

export const Frame = {
  /** version u8, revision uint, compact revision + 1 uint, chain u32 high and u32 low, quota uint (from version 2 on) */
  header: 1,
  /** An encoded KeyValue written before the compact revision and still readable at it. */
  base: 2,
  /** An encoded KeyValue of the compact revision or later, in the order of the writes. */
  put: 3,
  /** The same of a deletion. */
  tombstone: 4,
  /** id u64, seconds granted uint, deadline uint */
  lease: 5,
  /** hash u64 of the whole state, bytes in use uint: history that is missing shows in those */
  end: 6,
} as const;

export const FRAME_HEAD_BYTES = 9;
/** More than any request can carry; a longer frame is damage. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024;

/** What stands in the head of a frame with the body [from, to), so that history, which the state's hash does not cover, is covered too. */
export function frameCheck(
  hash: Hash64,
  type: number,
  view: DataView,
  from: number,
  to: number,
): number {
  return (hash.of(view, from, to).low + type) >>> 0;
}
