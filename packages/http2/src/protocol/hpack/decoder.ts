import { latin1 } from "../bytes.ts";
import { HeaderField, HeaderList } from "../fields/index.ts";
import { BlockCache } from "./block-cache.ts";
import { DynamicTable } from "./dynamic-table.ts";
import { decodedBytesMax, readHuffman } from "./huffman.ts";
import { type Cursor, readInteger } from "./integer.ts";
import { Malformed } from "./malformed.ts";
import { STATIC_TABLE } from "./static-table.ts";

/** What both sides begin with (RFC 9113 §6.5.2, SETTINGS_HEADER_TABLE_SIZE). */
export const TABLE_BYTES_INITIAL = 4096;

export interface DecoderLimits {
  /** Fields beyond these are decoded, as the tables must stay in step, and left out of the list. */
  readonly headerCountMax: number;
  readonly headerListBytesMax: number;
}

/**
 * One direction's decompression (RFC 7541). Blocks must be given whole and in the order in which they came. After a
 * `Malformed` the tables of both ends differ, and the connection is of no more use (RFC 9113 §4.3).
 */
export class HpackDecoder {
  readonly #limits: DecoderLimits;
  readonly #table = new DynamicTable(TABLE_BYTES_INITIAL, null);
  readonly #cache = new BlockCache();
  /** What we have told the peer that its table may take. */
  #capacityMax = TABLE_BYTES_INITIAL;
  #updateDue = false;
  /** Counts the changes of the dynamic table. */
  #epoch = 0;

  constructor(limits: DecoderLimits) {
    this.#limits = limits;
  }

  /** Our SETTINGS_HEADER_TABLE_SIZE has been acknowledged: a smaller table than before must now be said (RFC 7541 §4.2). */
  setCapacityMax(bytes: number): void {
    this.#capacityMax = bytes;
    this.#updateDue = this.#table.capacity > bytes;
  }

  decode(bytes: Uint8Array, from = 0, to: number = bytes.length): HeaderList | Malformed {
    const known = this.#updateDue ? null : this.#cache.find(bytes, from, to, this.#epoch);
    if (known !== null) return known;
    try {
      return this.#decode({ bytes, at: from, end: to }, from);
    } catch (error) {
      if (error instanceof Malformed) return error;
      throw error;
    }
  }

  #decode(cursor: Cursor, from: number): HeaderList {
    const { headerCountMax, headerListBytesMax } = this.#limits;
    const { bytes, end } = cursor;
    const fields: HeaderField[] = [];
    let size = 0;
    const epoch = this.#epoch;
    let isRepeatable = true;
    let truncated = false;
    this.#sizeUpdates(cursor);
    while (cursor.at < end) {
      const first = bytes[cursor.at] as number;
      let field: HeaderField;
      if (first >= 0x80) field = this.#fieldAt(readInteger(cursor, 7));
      else {
        if (first >= 0x40) field = this.#insert(this.#literal(cursor, 6, false));
        else if (first >= 0x20) throw new Malformed("a table size update inside a block");
        else field = this.#literal(cursor, 4, first >= 0x10);
        if (field.sensitive) isRepeatable = false;
      }
      size += field.size;
      if (size > headerListBytesMax || fields.length >= headerCountMax) truncated = true;
      else fields.push(field);
    }
    const list = new HeaderList(fields, size, truncated);
    if (isRepeatable && epoch === this.#epoch) this.#cache.keep(bytes, from, end, epoch, list);
    return list;
  }

  /** RFC 7541 §4.2, §6.3: at the beginning of a block, and within what was allowed. */
  #sizeUpdates(cursor: Cursor): void {
    while (cursor.at < cursor.end && ((cursor.bytes[cursor.at] as number) & 0xe0) === 0x20) {
      const capacity = readInteger(cursor, 5);
      if (capacity > this.#capacityMax) throw new Malformed("a table larger than was allowed");
      this.#table.resize(capacity);
      this.#epoch++;
      this.#updateDue = false;
    }
    if (this.#updateDue) throw new Malformed("the table had to be made smaller");
  }

  #fieldAt(index: number): HeaderField {
    const field =
      index <= STATIC_TABLE.length
        ? STATIC_TABLE[index - 1]
        : this.#table.at(index - STATIC_TABLE.length - 1);
    if (field === undefined) throw new Malformed(`no field has index ${index}`);
    return field;
  }

  #insert(field: HeaderField): HeaderField {
    this.#table.add(field);
    this.#epoch++;
    return field;
  }

  #literal(cursor: Cursor, bits: number, sensitive: boolean): HeaderField {
    const index = readInteger(cursor, bits);
    const name = index === 0 ? this.#string(cursor) : this.#fieldAt(index).name;
    return new HeaderField(name, this.#string(cursor), { sensitive });
  }

  /** Allocates nothing before the bytes are there. */
  #string(cursor: Cursor): string {
    const { bytes, end } = cursor;
    const coded = cursor.at < end && (bytes[cursor.at] as number) >= 0x80;
    const length = readInteger(cursor, 7);
    const from = cursor.at;
    if (length > end - from) throw new Malformed("a string is cut off");
    cursor.at += length;
    if (!coded) return latin1(bytes, from, cursor.at);
    const out = new Uint8Array(decodedBytesMax(length));
    return latin1(out, 0, readHuffman(bytes, from, cursor.at, out));
  }
}
