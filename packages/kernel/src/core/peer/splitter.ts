import { u32At } from "../bytes.ts";
import type { Bytes } from "../ids.ts";
import { FRAME_PREFIX_BYTES, frameBytes } from "./frame.ts";

const FIRST_ALLOCATION_BYTES = 4096;

/**
 * Cuts a stream of chunks into frames. Every frame handed out owns its memory: a slice of a receive chunk is
 * never kept. A frame that is announced but does not come costs no more than twice what did come.
 */
export class FrameSplitter {
  #held: Uint8Array = new Uint8Array(0);
  #filled = 0;
  /** Length of the frame under way; 0 while its first bytes are not all here. */
  #wanted = 0;

  /** True while a frame has begun and not ended. */
  get midFrame(): boolean {
    return this.#filled > 0;
  }

  /**
   * Calls `each` for every frame that this chunk completes, in order, until it returns false. Returns false if
   * it did, or at a length that no frame has: then the stream is lost and must be closed.
   */
  push(chunk: Bytes, each: (frame: Bytes) => boolean): boolean {
    for (let at = 0; at < chunk.length; ) {
      const goal = this.#wanted === 0 ? FRAME_PREFIX_BYTES : this.#wanted;
      const taken = Math.min(goal - this.#filled, chunk.length - at);
      this.#take(chunk.subarray(at, at + taken), goal);
      at += taken;
      if (this.#filled < goal) break;
      if (this.#wanted === 0) {
        const wanted = frameBytes(u32At(this.#held, 0));
        if (wanted === null) return false;
        this.#wanted = wanted;
      } else {
        const frame = this.#held.subarray(0, this.#filled);
        this.#held = new Uint8Array(0);
        this.#filled = this.#wanted = 0;
        if (!each(frame)) return false;
      }
    }
    return true;
  }

  #take(bytes: Bytes, goal: number): void {
    const need = this.#filled + bytes.length;
    if (need > this.#held.length) {
      // A frame that is whole in this chunk is allocated once, at its size.
      const size = Math.max(need, Math.min(goal, Math.max(FIRST_ALLOCATION_BYTES, need * 2)));
      const grown = new Uint8Array(size);
      grown.set(this.#held.subarray(0, this.#filled));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#filled);
    this.#filled = need;
  }
}
