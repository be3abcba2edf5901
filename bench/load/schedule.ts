/**
 * When calls are due, in milliseconds of `performance.now()`: gaps drawn from the exponential distribution, as calls of many who
 * know nothing of each other come. Fixed before the first is sent, and the same for both systems: it depends on the seed alone.
 */
export function arrivals(
  begins: number,
  perSecond: number,
  seconds: number,
  seed: number,
): Float64Array {
  const due = new Float64Array(Math.round(perSecond * seconds));
  const dice = diceOf(seed);
  let at = 0;
  for (let i = 0; i < due.length; i++) {
    at += (-Math.log(1 - dice()) * 1000) / perSecond;
    due[i] = begins + at;
  }
  return due;
}

/** mulberry32: numbers from 0 to below 1. */
function diceOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
