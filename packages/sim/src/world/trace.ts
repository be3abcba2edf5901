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
    this.#hash = crc32c(latin(`${time} ${what}`), this.#hash);
    this.recorder?.local(time, host, what, this.hash);
    this.#lines.push(`${(time / 1000).toFixed(3)} ${what}`);
    if (this.#lines.length > 2 * LINES_KEPT) this.#lines.splice(0, LINES_KEPT);
  }

  bytes(bytes: Bytes): void {
    this.#hash = crc32c(bytes, this.#hash);
  }
}

function latin(text: string): Bytes {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
