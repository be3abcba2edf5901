/** The most active choice first, of equals the one with the lower number. */
export class ActivityHeap {
  readonly #activity: readonly number[];
  readonly #heap: number[] = [];
  /** The place of each choice in the heap, −1 where it is not in it. */
  readonly #place: number[] = [];

  constructor(activity: readonly number[]) {
    this.#activity = activity;
  }

  /** −1 when it is empty. */
  pop(): number {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (top === undefined || last === undefined) return -1;
    this.#place[top] = -1;
    if (this.#heap.length > 0) this.#sink(0, last);
    return top;
  }

  insert(choice: number): void {
    if ((this.#place[choice] ?? -1) === -1) this.#rise(this.#heap.length, choice);
  }

  /** After its activity grew. */
  raise(choice: number): void {
    const place = this.#place[choice] ?? -1;
    if (place !== -1) this.#rise(place, choice);
  }

  #before(a: number, b: number): boolean {
    const more = (this.#activity[a] ?? 0) - (this.#activity[b] ?? 0);
    return more > 0 || (more === 0 && a < b);
  }

  #rise(place: number, choice: number): void {
    while (place > 0) {
      const up = (place - 1) >> 1;
      const above = this.#heap[up] ?? 0;
      if (!this.#before(choice, above)) break;
      this.#put(place, above);
      place = up;
    }
    this.#put(place, choice);
  }

  #sink(place: number, choice: number): void {
    for (;;) {
      let down = 2 * place + 1;
      if (down >= this.#heap.length) break;
      let below = this.#heap[down] ?? 0;
      const right = this.#heap[down + 1] ?? 0;
      if (down + 1 < this.#heap.length && this.#before(right, below)) {
        below = right;
        down++;
      }
      if (!this.#before(below, choice)) break;
      this.#put(place, below);
      place = down;
    }
    this.#put(place, choice);
  }

  #put(place: number, choice: number): void {
    this.#heap[place] = choice;
    this.#place[choice] = place;
  }
}
