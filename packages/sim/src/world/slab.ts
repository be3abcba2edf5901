import type { Bytes } from "@quorate/kernel/core";

const SLAB_BYTES = 1 << 16;
/** What is longer gets memory of its own, so that no slab is left half empty. */
const PART_BYTES_MAX = SLAB_BYTES >> 3;

/**
 * Small buffers cut from large ones: an engine takes a microsecond to make a buffer that does not fit into its own heap, and a tenth of
 * that to make a view of one. No byte is given out twice.
 */
export class Slab {
  #bytes: Bytes = new Uint8Array(0);
  #used = 0;

  /** So many zeros that nobody else holds. */
  take(length: number): Bytes {
    if (length > PART_BYTES_MAX) return new Uint8Array(length);
    if (this.#used + length > this.#bytes.length) {
      this.#bytes = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
    const from = this.#used;
    this.#used = from + length;
    return this.#bytes.subarray(from, this.#used);
  }

  copy(bytes: Bytes): Bytes {
    const copy = this.take(bytes.length);
    copy.set(bytes);
    return copy;
  }

  /** The parts behind each other, and behind a head if there is one. */
  join(head: Bytes | null, parts: readonly Bytes[]): Bytes {
    let length = head?.length ?? 0;
    for (const part of parts) length += part.length;
    const whole = this.take(length);
    if (head !== null) whole.set(head);
    let at = head?.length ?? 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}
