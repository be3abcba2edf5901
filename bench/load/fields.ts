const DELIMITED = 2;

/** A walk over the fields of a protobuf message, with no object for any of them. The message is a server's: it is taken to be sound. */
export class Fields {
  readonly bytes: Uint8Array;
  #at = 0;
  field = 0;
  #type = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  next(end: number): boolean {
    if (this.#at >= end) return false;
    const tag = this.varint();
    this.field = tag >>> 3;
    this.#type = tag & 7;
    return true;
  }

  /** As a number: exact up to 2^53, which no revision or id of a benchmark reaches. */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  /** Where the field ends; the next field is its first. */
  delimited(): number {
    const length = this.varint();
    return this.#at + length;
  }

  /** Where a delimited field's content begins, without going there. */
  afterLength(): number {
    const here = this.#at;
    this.varint();
    const begins = this.#at;
    this.#at = here;
    return begins;
  }

  skip(): void {
    if (this.#type === DELIMITED) this.#at = this.delimited();
    else this.varint();
  }
}
