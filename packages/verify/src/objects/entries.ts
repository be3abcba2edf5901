import type { Operation } from "../history/index.ts";

/**
 * Calls and returns in the order of time, as a doubly linked list in arrays (Lowe 2017). Entry i below `count` is the call of
 * operation i, entry i + count its return. What is linearized is lifted out, and put back in the opposite order.
 */
export class Entries {
  readonly count: number;
  /** What stands behind the last entry. */
  readonly end: number;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly times: Float64Array;
  private readonly head: number;
  /** For each operation, how many were called before it returned. */
  private readonly calledBefore: Int32Array;

  /** `operations` in the order of their calls. */
  constructor(operations: readonly Operation[]) {
    const n = operations.length;
    this.count = n;
    this.head = 2 * n;
    this.end = this.head;
    this.next = new Int32Array(2 * n + 1);
    this.previous = new Int32Array(2 * n + 1);
    this.times = new Float64Array(2 * n + 1);
    operations.forEach(({ called, returned }, i) => {
      this.times[i] = called;
      this.times[i + n] = returned;
    });
    const order = Array.from({ length: 2 * n }, (_, i) => i);
    // Equal times are concurrent: calls stand before returns.
    order.sort(
      (a, b) => this.timeOf(a) - this.timeOf(b) || Number(a >= n) - Number(b >= n) || a - b,
    );
    this.calledBefore = new Int32Array(n);
    let last = this.head;
    let called = 0;
    for (const entry of order) {
      if (entry < n) called++;
      else this.calledBefore[entry - n] = called;
      this.next[last] = entry;
      this.previous[entry] = last;
      last = entry;
    }
    this.next[last] = this.head;
    this.previous[this.head] = last;
  }

  /** The first entry that is left. */
  first(): number {
    return this.next[this.head] as number;
  }

  after(entry: number): number {
    return this.next[entry] as number;
  }

  timeOf(entry: number): number {
    return this.times[entry] as number;
  }

  /** How many operations were called before the first return that is left. */
  calledBeforeReturn(): number {
    let entry = this.first();
    while (entry < this.count) entry = this.after(entry);
    return this.calledBefore[entry - this.count] as number;
  }

  /** Calls before the first return. */
  open(): readonly number[] {
    const found: number[] = [];
    for (let entry = this.first(); entry < this.count; entry = this.after(entry)) found.push(entry);
    return found;
  }

  lift(operation: number): void {
    this.unlink(operation);
    this.unlink(operation + this.count);
  }

  unlift(operation: number): void {
    this.relink(operation + this.count);
    this.relink(operation);
  }

  private unlink(entry: number): void {
    const before = this.previous[entry] as number;
    const after = this.next[entry] as number;
    this.next[before] = after;
    this.previous[after] = before;
  }

  private relink(entry: number): void {
    this.next[this.previous[entry] as number] = entry;
    this.previous[this.next[entry] as number] = entry;
  }
}
