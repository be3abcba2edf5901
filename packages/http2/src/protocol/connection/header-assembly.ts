import { EMPTY } from "../bytes.ts";
import type { ConnectionLimits } from "../limits.ts";

/**
 * Puts a header section together whose frame did not carry END_HEADERS. Until its end no other frame may come (RFC 9113 §4.3,
 * §6.10), and neither its bytes nor its frames may be more than the limits say.
 */
export class HeaderAssembly {
  /** 0 when none is open. */
  streamId = 0;
  endStream = false;
  readonly #limits: ConnectionLimits;
  #bytes: Uint8Array = EMPTY;
  #length = 0;
  #frames = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  get block(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  open(streamId: number, endStream: boolean): void {
    this.streamId = streamId;
    this.endStream = endStream;
    this.#frames = -1;
    this.#length = 0;
  }

  /** False where this fragment is one too many, or the section too long. */
  add(bytes: Uint8Array, from: number, to: number): boolean {
    const { headerBlockBytesMax, continuationsMax } = this.#limits;
    const length = this.#length + to - from;
    if (++this.#frames > continuationsMax || length > headerBlockBytesMax) return false;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes.subarray(from, to), this.#length);
    this.#length = length;
    return true;
  }

  close(): void {
    this.streamId = 0;
    this.#bytes = EMPTY;
    this.#length = 0;
  }
}
