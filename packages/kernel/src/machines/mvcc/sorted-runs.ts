const RUN_LENGTH = 4096;

/**
 * Sorts the numbers 0, 1, 2… by a comparison, in steps that each take little time: full runs are sorted as
 * they fill, and `next` merges them. Where only the first `keep` are wanted, each run keeps no more.
 */
export class SortedRuns {
  readonly #compare: (a: number, b: number) => number;
  readonly #keep: number;
  #run: number[] = [];
  /** A binary heap of runs by their heads, once `seal` was called. */
  readonly #heap: { readonly run: readonly number[]; at: number }[] = [];

  constructor(compare: (a: number, b: number) => number, keep: number) {
    this.#compare = compare;
    this.#keep = keep;
  }

  add(n: number): void {
    this.#run.push(n);
    if (this.#run.length === RUN_LENGTH) this.seal();
  }

  /** Ends the current run; to be called after the last `add`. */
  seal(): void {
    if (this.#run.length === 0) return;
    const run = this.#run.sort(this.#compare).slice(0, this.#keep);
    this.#run = [];
    this.#heap.push({ run, at: 0 });
    for (let i = this.#heap.length - 1; i > 0; i = (i - 1) >>> 1)
      this.#swapIfBefore(i, (i - 1) >>> 1);
  }

  /** The next number in order, or null after the last. */
  next(): number | null {
    const top = this.#heap[0];
    const n = top?.run[top.at];
    if (top === undefined || n === undefined) return null;
    top.at++;
    if (top.at === top.run.length) {
      const last = this.#heap.pop();
      if (last !== undefined && last !== top) this.#heap[0] = last;
    }
    this.#sink();
    return n;
  }

  #sink(): void {
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const least = right < this.#heap.length && this.#isBefore(right, left) ? right : left;
      if (!this.#swapIfBefore(least, i)) return;
      i = least;
    }
  }

  #swapIfBefore(i: number, j: number): boolean {
    const a = this.#heap[i];
    const b = this.#heap[j];
    if (a === undefined || b === undefined || !this.#isBefore(i, j)) return false;
    this.#heap[i] = b;
    this.#heap[j] = a;
    return true;
  }

  #isBefore(i: number, j: number): boolean {
    const a = this.#heap[i];
    const b = this.#heap[j];
    if (a === undefined || b === undefined) return false;
    return this.#compare(a.run[a.at] ?? 0, b.run[b.at] ?? 0) < 0;
  }
}
