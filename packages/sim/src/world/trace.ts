import { type Bytes, crc32c } from "@quorate/kernel/core";
import type { Recorder } from "./recorder.ts";

/** Events kept as text, for the story of a failure; older ones are only in the hash. */
const LINES_KEPT = 4000;

/** What happened, as a rolling hash of every event: same seed, same hash. The last events are kept to be read. */
export class Trace {
  /** Set to keep every event. */
  recorder: Recorder | null = null;
  #hash = 0;
  #events = 0;
  readonly #lines: string[] = [];
  #text = new Uint8Array(256);

  get hash(): number {
    return this.#hash >>> 0;
  }

  get events(): number {
    return this.#events;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** `host` is where it happened, if at one place. */
  note(time: number, what: string, host = "world"): void {
    this.#events++;
    const line = `${time} ${what}`;
    this.#hash = crc32c(this.#latin(line), this.#hash, 0, line.length);
    this.recorder?.local(time, host, what, this.hash);
    this.#lines.push(`${(time / 1000).toFixed(3)} ${what}`);
    if (this.#lines.length > 2 * LINES_KEPT) this.#lines.splice(0, LINES_KEPT);
  }

  bytes(bytes: Bytes): void {
    this.#hash = crc32c(bytes, this.#hash);
  }

  /** Bytes of which only a checksum goes into the hash: every later hash tells two checksums apart. */
  sum(checksum: number): void {
    this.#hash = Math.imul(this.#hash, 0x01000193) ^ checksum;
  }

  /** One byte for each character, at the beginning of a buffer that is used again. */
  #latin(text: string): Bytes {
    if (text.length > this.#text.length) this.#text = new Uint8Array(2 * text.length);
    for (let i = 0; i < text.length; i++) this.#text[i] = text.charCodeAt(i);
    return this.#text;
  }
}
