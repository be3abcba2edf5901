/** Runs this short are sorted by insertion. */
const RUN = 16;

/**
 * Sorts numbers in place by a comparison, stably: by merging, which leaves alone what is in order already, so that nearly sorted
 * numbers cost little more than a look. No garbage but one copy.
 */
export function sortByKey(numbers: Int32Array, compare: (a: number, b: number) => number): void {
  const n = numbers.length;
  for (let from = 0; from < n; from += RUN)
    insertion(numbers, from, Math.min(n, from + RUN), compare);
  const copy = new Int32Array(n);
  for (let width = RUN; width < n; width *= 2) {
    for (let from = 0; from + width < n; from += 2 * width) {
      merge(numbers, copy, from, from + width, Math.min(n, from + 2 * width), compare);
    }
  }
}

function insertion(
  numbers: Int32Array,
  from: number,
  to: number,
  compare: (a: number, b: number) => number,
): void {
  for (let i = from + 1; i < to; i++) {
    const number = numbers[i] as number;
    let j = i - 1;
    for (; j >= from && compare(numbers[j] as number, number) > 0; j--) {
      numbers[j + 1] = numbers[j] as number;
    }
    numbers[j + 1] = number;
  }
}

function merge(
  numbers: Int32Array,
  copy: Int32Array,
  from: number,
  middle: number,
  to: number,
  compare: (a: number, b: number) => number,
): void {
  if (compare(numbers[middle - 1] as number, numbers[middle] as number) <= 0) return;
  copy.set(numbers.subarray(from, middle), from);
  let left = from;
  let right = middle;
  for (let at = from; left < middle; at++) {
    const takeRight = right < to && compare(copy[left] as number, numbers[right] as number) > 0;
    numbers[at] = takeRight ? (numbers[right++] as number) : (copy[left++] as number);
  }
}
