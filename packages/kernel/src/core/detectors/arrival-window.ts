import { assert } from "../assert.ts";

/**
 * The last inter-arrival times, with their sums, all in integers. Mean and deviation are never divided out: what is asked of them is
 * asked of `count` times them.
 */
export interface ArrivalWindow {
  readonly intervals: readonly number[];
  /** Where the next interval goes, once the window is full. */
  readonly next: number;
  readonly sum: number;
  readonly sumOfSquares: number;
}

export interface WindowBounds {
  /** Intervals that are remembered. */
  readonly windowMax: number;
  /** A longer interval counts as this. */
  readonly intervalTicksMax: number;
}

export const EMPTY_WINDOW: ArrivalWindow = { intervals: [], next: 0, sum: 0, sumOfSquares: 0 };

/** With one more interval; the oldest leaves where the window is full. */
export function withInterval(
  window: ArrivalWindow,
  interval: number,
  { windowMax, intervalTicksMax }: WindowBounds,
): ArrivalWindow {
  const added = Math.max(0, Math.min(interval, intervalTicksMax));
  const { intervals, next } = window;
  const full = intervals.length >= windowMax;
  const gone = full ? (intervals[next] ?? 0) : 0;
  const kept = intervals.slice();
  kept[full ? next : intervals.length] = added;
  return {
    intervals: kept,
    next: full ? (next + 1) % windowMax : 0,
    sum: window.sum + added - gone,
    sumOfSquares: window.sumOfSquares + added * added - gone * gone,
  };
}

/** count × the standard deviation, rounded down. */
export function scaledDeviation({ intervals, sum, sumOfSquares }: ArrivalWindow): number {
  const square = intervals.length * sumOfSquares - sum * sum;
  assert(square >= 0, "the sums are exact, and no variance is negative");
  return squareRoot(square);
}

/** The sums of such a window are exact: count × the sum of squares stays a safe integer. */
export const isExact = ({ windowMax, intervalTicksMax }: WindowBounds): boolean =>
  Number.isSafeInteger((windowMax * intervalTicksMax) ** 2) &&
  Number.isSafeInteger(windowMax) &&
  windowMax > 0;

/** Rounded down; Newton's way from above, each step in integers. */
function squareRoot(n: number): number {
  if (n < 2) return n;
  let root = 2 ** 27;
  for (;;) {
    const better = Math.floor((root + Math.floor(n / root)) / 2);
    if (better >= root) return root;
    root = better;
  }
}
