import type { HeaderField } from "../fields/index.ts";

/**
 * The dynamic table (RFC 7541 §2.3.2): first in, first out, bounded by the sum of its fields' sizes. Index 0 is the newest.
 * Fields lie in a ring; every field has a number, counted over all that were ever added, which stays while indexes shift.
 */
export class DynamicTable {
  #ring: (HeaderField | undefined)[] = Array.from({ length: 16 });
  #added = 0;
  #length = 0;
  #size = 0;
  #capacity: number;
  readonly #onEvict: ((field: HeaderField, number: number) => void) | null;

  constructor(capacity: number, onEvict: ((field: HeaderField, number: number) => void) | null) {
    this.#capacity = capacity;
    this.#onEvict = onEvict;
  }

  get length(): number {
    return this.#length;
  }

  get size(): number {
    return this.#size;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** The number that the next field will have. */
  get added(): number {
    return this.#added;
  }

  at(index: number): HeaderField | undefined {
    if (index >= this.#length) return undefined;
    return this.#ring[(this.#added - 1 - index) & (this.#ring.length - 1)];
  }

  /** A field larger than the capacity empties the table and is not added, which is no error (RFC 7541 §4.4). */
  add(field: HeaderField): boolean {
    this.#evictDownTo(this.#capacity - field.size);
    if (field.size > this.#capacity) return false;
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[this.#added & (this.#ring.length - 1)] = field;
    this.#added++;
    this.#length++;
    this.#size += field.size;
    return true;
  }

  resize(capacity: number): void {
    this.#capacity = capacity;
    this.#evictDownTo(capacity);
  }

  #evictDownTo(size: number): void {
    while (this.#size > size && this.#length > 0) {
      const number = this.#added - this.#length;
      const slot = number & (this.#ring.length - 1);
      const field = this.#ring[slot] as HeaderField;
      this.#ring[slot] = undefined;
      this.#length--;
      this.#size -= field.size;
      this.#onEvict?.(field, number);
    }
  }

  /** Bounded by the capacity: no field is smaller than the overhead that is counted for it. */
  #grow(): void {
    const old = this.#ring;
    const ring = Array.from<HeaderField | undefined>({ length: old.length * 2 });
    for (let number = this.#added - this.#length; number < this.#added; number++) {
      ring[number & (ring.length - 1)] = old[number & (old.length - 1)];
    }
    this.#ring = ring;
  }
}
