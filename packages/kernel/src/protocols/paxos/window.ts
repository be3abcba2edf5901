import type { Slot } from "./message.ts";

/**
 * Something for each of the slots that are not known to be chosen: at most `alpha` of them, with gaps. It is changed in place: a
 * step may reuse the storage of the state it is given (`Protocol`), and a copy of all undecided slots for each message would cost
 * more than the message.
 */
export class Window<T> {
  readonly #items = new Map<Slot, T>();

  get size(): number {
    return this.#items.size;
  }

  get(slot: Slot): T | undefined {
    return this.#items.get(slot);
  }

  set(slot: Slot, item: T): void {
    this.#items.set(slot, item);
  }

  delete(slot: Slot): void {
    this.#items.delete(slot);
  }

  /** Forgets all up to this slot. */
  dropUpTo(slot: Slot): void {
    for (const known of this.#items.keys()) if (known <= slot) this.#items.delete(known);
  }

  clear(): void {
    this.#items.clear();
  }

  /** The slots from this one on that hold something, in order. */
  slotsFrom(first: Slot): readonly Slot[] {
    return [...this.#items.keys()].filter((slot) => slot >= first).sort((a, b) => a - b);
  }

  /** In the order of their slots. */
  values(): readonly T[] {
    return [...this.#items].sort(([a], [b]) => a - b).map(([, item]) => item);
  }
}
