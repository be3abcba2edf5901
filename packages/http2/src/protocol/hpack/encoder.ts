import { copy } from "../bytes.ts";
import type { HeaderField, HeaderList } from "../fields/index.ts";
import { TABLE_BYTES_INITIAL } from "./decoder.ts";
import { DynamicTable } from "./dynamic-table.ts";
import { huffmanLength, writeHuffman } from "./huffman.ts";
import { writeInteger } from "./integer.ts";
import { STATIC_BY_KEY, STATIC_BY_NAME, STATIC_TABLE } from "./static-table.ts";

/** Lists whose encoding is remembered. */
const REMEMBERED_MAX = 16;

/** An integer's bytes at most, for each of name, value and index. */
const INTEGERS_BYTES = 18;

interface Remembered {
  readonly list: HeaderList;
  readonly epoch: number;
  readonly bytes: Uint8Array;
}

/**
 * One direction's compression. A list is remembered by identity with the bytes it became, which hold as long as the
 * dynamic table stays as it is: so keep the lists that come again and again as constants, and give what differs
 * from message to message as `extra`.
 */
export class HpackEncoder {
  readonly #table: DynamicTable;
  readonly #byKey = new Map<string, number>();
  readonly #byName = new Map<string, number>();
  readonly #remembered: (Remembered | null)[] = Array.from({ length: REMEMBERED_MAX }, () => null);
  #nextPlace = 0;
  /** Counts the changes of the dynamic table. */
  #epoch = 0;
  /** The smallest and the last capacity since the last block, where the peer has not been told yet (RFC 7541 §4.2). */
  #smallest: number | null = null;
  #block = new Uint8Array(256);
  #at = 0;

  constructor() {
    this.#table = new DynamicTable(TABLE_BYTES_INITIAL, (field, number) => {
      if (this.#byKey.get(field.key) === number) this.#byKey.delete(field.key);
      if (this.#byName.get(field.name) === number) this.#byName.delete(field.name);
    });
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. We never use more than it was at first, however much is offered. */
  setCapacityMax(offered: number): void {
    const capacity = Math.min(offered, TABLE_BYTES_INITIAL);
    if (capacity === this.#table.capacity) return;
    this.#smallest = Math.min(this.#smallest ?? capacity, capacity);
    this.#table.resize(capacity);
    this.#epoch++;
  }

  /** The encoded block: of use until the next call. Blocks must be sent in the order in which they were encoded. */
  encode(list: HeaderList, extra: readonly HeaderField[] = NONE): Uint8Array {
    this.#at = 0;
    if (this.#smallest !== null) this.#writeUpdates(this.#smallest);
    const known = this.#find(list);
    if (known !== null) {
      if (extra.length === 0 && this.#at === 0) return known;
      this.#room(known.length);
      copy(known, this.#block, this.#at);
      this.#at += known.length;
    } else this.#encodeAnew(list);
    for (let i = 0; i < extra.length; i++) this.#field(extra[i] as HeaderField);
    return this.#block.subarray(0, this.#at);
  }

  #find(list: HeaderList): Uint8Array | null {
    const remembered = this.#remembered;
    for (let i = 0; i < REMEMBERED_MAX; i++) {
      const known = remembered[i];
      if (known?.list === list) return known.epoch === this.#epoch ? known.bytes : null;
    }
    return null;
  }

  #encodeAnew(list: HeaderList): void {
    const from = this.#at;
    const epoch = this.#epoch;
    for (const field of list.fields) this.#field(field);
    // What added to the table will read differently the next time, when it can refer to what it added.
    if (epoch === this.#epoch) this.#remember(list, this.#block.slice(from, this.#at));
  }

  #remember(list: HeaderList, bytes: Uint8Array): void {
    const known = this.#remembered.findIndex((each) => each?.list === list);
    const place = known >= 0 ? known : this.#nextPlace;
    if (known < 0) this.#nextPlace = (this.#nextPlace + 1) % REMEMBERED_MAX;
    this.#remembered[place] = { list, epoch: this.#epoch, bytes };
  }

  #field(field: HeaderField): void {
    this.#room(INTEGERS_BYTES + field.name.length + field.value.length);
    const { sensitive } = field;
    const index = sensitive ? 0 : this.#indexOf(field);
    if (index > 0) {
      this.#at = writeInteger(this.#block, this.#at, 0x80, 7, index);
      return;
    }
    const name = this.#nameIndexOf(field.name);
    if (field.indexed && field.size <= this.#table.capacity / 2) {
      this.#literal(0x40, 6, name, field);
      this.#add(field);
    } else this.#literal(sensitive ? 0x10 : 0, 4, name, field);
  }

  #indexOf(field: HeaderField): number {
    const number = this.#byKey.get(field.key);
    if (number !== undefined) return this.#indexFrom(number);
    return STATIC_BY_KEY.get(field.key) ?? 0;
  }

  #nameIndexOf(name: string): number {
    const fixed = STATIC_BY_NAME.get(name);
    if (fixed !== undefined) return fixed;
    const number = this.#byName.get(name);
    return number === undefined ? 0 : this.#indexFrom(number);
  }

  #indexFrom(number: number): number {
    return STATIC_TABLE.length + this.#table.added - number;
  }

  #add(field: HeaderField): void {
    const number = this.#table.added;
    this.#table.add(field);
    this.#byKey.set(field.key, number);
    this.#byName.set(field.name, number);
    this.#epoch++;
  }

  #literal(pattern: number, bits: number, name: number, field: HeaderField): void {
    this.#at = writeInteger(this.#block, this.#at, pattern, bits, name);
    if (name === 0) this.#string(field.name);
    this.#string(field.value);
  }

  #string(text: string): void {
    const coded = huffmanLength(text);
    if (coded < text.length) {
      this.#at = writeInteger(this.#block, this.#at, 0x80, 7, coded);
      this.#at = writeHuffman(text, this.#block, this.#at);
      return;
    }
    this.#at = writeInteger(this.#block, this.#at, 0, 7, text.length);
    for (let i = 0; i < text.length; i++) this.#block[this.#at++] = text.charCodeAt(i);
  }

  #writeUpdates(smallest: number): void {
    const { capacity } = this.#table;
    if (smallest < capacity) this.#at = writeInteger(this.#block, this.#at, 0x20, 5, smallest);
    this.#at = writeInteger(this.#block, this.#at, 0x20, 5, capacity);
    this.#smallest = null;
  }

  #room(bytes: number): void {
    const wanted = this.#at + bytes;
    if (wanted <= this.#block.length) return;
    const larger = new Uint8Array(Math.max(wanted, this.#block.length * 2));
    larger.set(this.#block.subarray(0, this.#at));
    this.#block = larger;
  }
}

const NONE: readonly HeaderField[] = [];
