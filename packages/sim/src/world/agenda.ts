/** What happens when, in microseconds of the world's own time; what is due at the same instant happens in the order it was planned. */
export class Agenda {
  readonly #heap: Planned[] = [];
  #orders = 0;
  #now = 0;

  /** The world's time in microseconds. */
  get now(): number {
    return this.#now;
  }

  get size(): number {
    return this.#heap.length;
  }

  at(time: number, act: () => void): void {
    this.#push({ time: Math.max(time, this.#now), order: this.#orders++, act });
  }

  after(micros: number, act: () => void): void {
    this.at(this.#now + micros, act);
  }

  /** Does the next thing. False when nothing is planned up to `until`; then time stands at `until`. */
  step(until: number): boolean {
    const next = this.#heap[0];
    if (next === undefined || next.time > until) {
      this.#now = Math.max(this.#now, until);
      return false;
    }
    this.#pop();
    this.#now = next.time;
    next.act();
    return true;
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let at = heap.push(planned) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Planned;
      if (!sooner(planned, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = planned;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Planned;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && sooner(heap[child + 1] as Planned, heap[child] as Planned))
        child++;
      const below = heap[child] as Planned;
      if (!sooner(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

interface Planned {
  readonly time: number;
  readonly order: number;
  readonly act: () => void;
}

const sooner = (a: Planned, b: Planned): boolean =>
  a.time < b.time || (a.time === b.time && a.order < b.order);
