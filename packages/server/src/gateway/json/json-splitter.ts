import { Malformed } from "@quorate/kernel/core";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Cuts a body into the JSON objects that follow one another in it, with or without blanks between them, however
 * it was chunked. Each byte is looked at once, and an object beyond the bound is refused before it is whole.
 * Whether an object is valid inside is left to the parser.
 */
export class JsonSplitter {
  readonly #bytesMax: number;
  /** An object that has begun: the first `#length` bytes. Grown by doubling, as a body may come a byte at a time. */
  #begun: Buffer = NOTHING;
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
    return this.#begun.length;
  }

  /** Nothing more will be pushed. */
  clear(): void {
    this.#begun = NOTHING;
    this.#length = 0;
  }

  /** The texts of the objects that this chunk completes, in order. */
  push(chunk: Buffer): readonly string[] | Malformed {
    const texts: string[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (this.#depth === 0) {
        if (isBlank(byte)) continue;
        if (byte !== OPEN_BRACE) return new Malformed("a JSON object is expected");
        this.#depth = 1;
        from = at;
      } else if (this.#inString) this.#insideString(byte);
      else if (byte === QUOTE) this.#inString = true;
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

  #insideString(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inString = false;
  }

  #keep(part: Buffer): boolean {
    const length = this.#length + part.length;
    if (length > this.#bytesMax) return false;
    if (length > this.#begun.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#begun.length));
      this.#begun.copy(larger, 0, 0, this.#length);
      this.#begun = larger;
    }
    part.copy(this.#begun, this.#length);
    this.#length = length;
    return true;
  }

  /** The object that ends with this part. */
  #whole(part: Buffer): string {
    if (this.#length === 0) return part.toString("utf8");
    this.#keep(part);
    const text = this.#begun.toString("utf8", 0, this.#length);
    this.clear();
    return text;
  }

  #tooLarge(): Malformed {
    return new Malformed(`a JSON object of more than ${this.#bytesMax} bytes`);
  }
}

const NOTHING = Buffer.alloc(0);

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
