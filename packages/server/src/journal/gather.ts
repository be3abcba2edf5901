import type { Bytes } from "@quorate/kernel/core";

/** Parts below this size are copied: cheaper than an entry of their own in the system call's vector. */
const COPY_BYTES_MAX = 4096;
const CHUNK_BYTES = 256 * 1024;

/**
 * Collects many parts for one vectored write: small ones are copied into reused chunks, large ones are referred
 * to. The parts stay valid until `reset`, which the owner calls when the write is done.
 */
export class Gather {
  readonly #chunks: Uint8Array[] = [new Uint8Array(CHUNK_BYTES)];
  #parts: Bytes[] = [];
  #chunk = 0;
  /** The open chunk's bytes from `#from` to `#at` are not among the parts yet. */
  #from = 0;
  #at = 0;
  length = 0;

  put(part: Bytes): void {
    if (part.length > COPY_BYTES_MAX) {
      this.#seal();
      this.#parts.push(part);
      this.length += part.length;
    } else if (part.length > 0) {
      const { chunk, at } = this.room(part.length);
      chunk.set(part, at);
    }
  }

  /** Room for `count` bytes, at most a chunk, to be filled by the caller at once. */
  room(count: number): { readonly chunk: Uint8Array; readonly at: number } {
    let chunk = this.#open();
    if (this.#at + count > chunk.length) {
      this.#seal();
      this.#chunk++;
      this.#from = this.#at = 0;
      chunk = this.#open();
    }
    const at = this.#at;
    this.#at += count;
    this.length += count;
    return { chunk, at };
  }

  /** All that was put, in order. */
  parts(): readonly Bytes[] {
    this.#seal();
    return this.#parts;
  }

  reset(): void {
    this.#parts = [];
    this.#chunk = this.#from = this.#at = this.length = 0;
  }

  #open(): Uint8Array {
    const chunk = this.#chunks[this.#chunk];
    if (chunk !== undefined) return chunk;
    const fresh = new Uint8Array(CHUNK_BYTES);
    this.#chunks.push(fresh);
    return fresh;
  }

  #seal(): void {
    if (this.#at === this.#from) return;
    this.#parts.push(this.#open().subarray(this.#from, this.#at));
    this.#from = this.#at;
  }
}
