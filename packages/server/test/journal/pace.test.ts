import { expect, it } from "vitest";
import {
  Pace,
  REST_BATCHES_MAX,
  REST_BATCHES_MIN,
  TRUSTED_BATCHES,
} from "../../src/journal/pace.ts";

const SMALL = 300;
const QUICK = 60;
const SLOW = 200_000;

/** How many batches go to the other thread before one is written at once again. */
function rest(pace: Pace): number {
  let batches = 0;
  while (!pace.atOnce(SMALL)) batches++;
  return batches;
}

it("a quick disk is waited for, but not for a large batch", () => {
  const pace = new Pace();
  for (let i = 0; i < 100; i++) {
    expect(pace.atOnce(SMALL)).toBe(true);
    pace.took(QUICK);
  }
  expect(pace.atOnce(1 << 20)).toBe(false);
});

it("a disk that is slow again and again is tried half as often each time, down to a bound", () => {
  const pace = new Pace();
  let expected = REST_BATCHES_MIN;
  for (let i = 0; i < 12; i++) {
    pace.took(SLOW);
    expect(rest(pace)).toBe(expected);
    expected = Math.min(2 * expected, REST_BATCHES_MAX);
  }
});

it("a disk that has been quick for long is trusted again", () => {
  const pace = new Pace();
  pace.took(SLOW);
  rest(pace);
  pace.took(SLOW);
  expect(rest(pace)).toBe(2 * REST_BATCHES_MIN);
  for (let i = 0; i < TRUSTED_BATCHES; i++) pace.took(QUICK);
  pace.took(SLOW);
  expect(rest(pace)).toBe(REST_BATCHES_MIN);
});

it("nothing is waited for while large files are written beside the journal", () => {
  const pace = new Pace();
  pace.beside(true);
  pace.beside(true);
  pace.beside(false);
  expect(pace.atOnce(SMALL)).toBe(false);
  pace.beside(false);
  expect(pace.atOnce(SMALL)).toBe(true);
});
