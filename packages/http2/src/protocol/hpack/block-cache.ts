import type { HeaderList } from "../fields/index.ts";

/** Longer blocks are not remembered: what an established connection repeats is a few bytes of indexes. */
const BLOCK_BYTES_MAX = 64;
const SLOTS = 32;

interface Known {
  readonly bytes: Uint8Array;
  readonly list: HeaderList;
  /** The state of the dynamic table for which this holds. */
  readonly epoch: number;
}

/**
 * Remembers what blocks decode to. A block that leaves the dynamic table as it is means the same again as long as nothing else
 * changes the table, and that is how nearly every request of a long-lived connection looks. One place for each hash, so
 * that the memory is bounded and nothing is searched. A block is kept when its hash comes for the second time in
 * a row at its place: those that differ each time are not worth the copy.
 */
export class BlockCache {
  readonly #slots: (Known | null)[] = Array.from({ length: SLOTS }, () => null);
  readonly #lastHashes = new Int32Array(SLOTS);

  find(bytes: Uint8Array, from: number, to: number, epoch: number): HeaderList | null {
    const length = to - from;
    if (length > BLOCK_BYTES_MAX) return null;
    const known = this.#slots[hashOf(bytes, from, to) & (SLOTS - 1)] ?? null;
    if (known === null || known.epoch !== epoch || known.bytes.length !== length) return null;
    for (let i = 0; i < length; i++) if (known.bytes[i] !== bytes[from + i]) return null;
    return known.list;
  }

  keep(bytes: Uint8Array, from: number, to: number, epoch: number, list: HeaderList): void {
    if (to - from > BLOCK_BYTES_MAX) return;
    const hash = hashOf(bytes, from, to);
    const slot = hash & (SLOTS - 1);
    if (this.#lastHashes[slot] === hash) {
      this.#slots[slot] = { bytes: new Uint8Array(bytes.subarray(from, to)), list, epoch };
    }
    this.#lastHashes[slot] = hash;
  }
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = to - from;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash ^ (hash >>> 15);
}
