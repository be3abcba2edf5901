import { Malformed } from "@quorate/kernel/core";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** What a part is counted with beside its bytes: a body may come a byte at a time, and each is an object. */
const PART_BYTES = 256;

/**
 * Cuts a body into the JSON objects that follow one another in it, with or without blanks between them, however
 * it was chunked. Each byte is looked at once, and an object beyond the bound is refused before it is whole.
 * Whether an object is valid inside is left to the parser.
 */
export class JsonSplitter {
  readonly #bytesMax: number;
  /** Of an object that has begun. */
  #parts: Uint8Array[] = [];
  #length = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** True while an object has begun and not ended. */
  get inside(): boolean {
    return this.#depth > 0;
  }

  /** What is held of an object that is not whole. */
  get heldBytes(): number {
    return this.#length + PART_BYTES * this.#parts.length;
  }

  /** Nothing more will be pushed. */
  clear(): void {
    this.#parts = [];
    this.#length = 0;
  }

  /** The texts of the objects that this chunk completes, in order. */
  push(chunk: Buffer): readonly string[] | Malformed {
    const texts: string[] = [];
    let from = 0;
    let quote = -1;
    let backslash = -1;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (this.#depth === 0) {
        if (isBlank(byte)) continue;
        if (byte !== OPEN_BRACE) return new Malformed("a JSON object is expected");
        this.#depth = 1;
        from = at;
      } else if (this.#escaped) this.#escaped = false;
      else if (this.#inString) {
        // Values are long, and little in them means something: what does is looked for natively, and once.
        if (quote < at) quote = positionOf(QUOTE, chunk, at);
        if (backslash < at) backslash = positionOf(BACKSLASH, chunk, at);
        at = Math.min(quote, backslash);
        if (backslash < quote) this.#escaped = true;
        else if (at < chunk.length) this.#inString = false;
      } else if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth++;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        this.#depth--;
        if (this.#depth > 0) continue;
        if (this.#length + at + 1 - from > this.#bytesMax) return this.#tooLarge();
        texts.push(this.#whole(chunk.subarray(from, at + 1)));
      }
    }
    if (this.#depth > 0 && !this.#keep(chunk.subarray(from))) return this.#tooLarge();
    return texts;
  }

  #keep(part: Buffer): boolean {
    this.#length += part.length;
    if (this.#length > this.#bytesMax) return false;
    // A small part is copied, or it would keep the whole chunk, which nobody counts.
    this.#parts.push(2 * part.length < part.buffer.byteLength ? new Uint8Array(part) : part);
    return true;
  }

  /** The object that ends with this part. */
  #whole(part: Buffer): string {
    if (this.#parts.length === 0) return part.toString("utf8");
    this.#parts.push(part);
    const text = Buffer.concat(this.#parts).toString("utf8");
    this.clear();
    return text;
  }

  #tooLarge(): Malformed {
    return new Malformed(`a JSON object of more than ${this.#bytesMax} bytes`);
  }
}

/** The next such byte; behind all where there is none. */
function positionOf(byte: number, chunk: Buffer, from: number): number {
  const at = chunk.indexOf(byte, from);
  return at < 0 ? chunk.length : at;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
