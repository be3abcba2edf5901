import type { Ticks } from "../core/index.ts";

interface Alarm<T> {
  readonly at: Ticks;
  readonly order: number;
  readonly sleeper: T;
}

const NOBODY: readonly never[] = [];

/**
 * One heap of wake-up times for all groups of a node. Setting a time again leaves the old alarm in the heap, to be
 * passed over: a thousand sleeping groups cost nothing. Equal times ring in the order they were set.
 */
export class AlarmClock<T> {
  readonly #heap: Alarm<T>[] = [];
  readonly #setFor = new Map<T, Alarm<T>>();
  #orders = 0;

  set(sleeper: T, at: Ticks | null): void {
    const before = this.#setFor.get(sleeper);
    if (before !== undefined && before.at === at) return;
    if (at === null) {
      this.#setFor.delete(sleeper);
      return;
    }
    const alarm = { at, order: this.#orders++, sleeper };
    this.#setFor.set(sleeper, alarm);
    this.#push(alarm);
  }

  get next(): Ticks | null {
    this.#dropStale();
    return this.#heap[0]?.at ?? null;
  }

  /** Everybody whose time has come. */
  ring(now: Ticks): readonly T[] {
    const { next } = this;
    if (next === null || next > now) return NOBODY;
    const awake: T[] = [];
    for (;;) {
      this.#dropStale();
      const first = this.#heap[0];
      if (first === undefined || first.at > now) return awake;
      this.#pop();
      this.#setFor.delete(first.sleeper);
      awake.push(first.sleeper);
    }
  }

  #dropStale(): void {
    for (
      let first = this.#heap[0];
      first !== undefined && this.#setFor.get(first.sleeper) !== first;
      first = this.#heap[0]
    ) {
      this.#pop();
    }
  }

  #push(alarm: Alarm<T>): void {
    const heap = this.#heap;
    let at = heap.push(alarm) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(alarm, heap[parent])) break;
      heap[at] = heap[parent] as Alarm<T>;
      at = parent;
    }
    heap[at] = alarm;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Alarm<T>, heap[child])) child++;
      if (!before(heap[child] as Alarm<T>, last)) break;
      heap[at] = heap[child] as Alarm<T>;
      at = child;
    }
    heap[at] = last;
  }
}

const before = <T>(a: Alarm<T>, b: Alarm<T> | undefined): boolean =>
  b === undefined || a.at < b.at || (a.at === b.at && a.order < b.order);
