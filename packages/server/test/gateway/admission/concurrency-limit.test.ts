import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ConcurrencyLimit,
  LIMIT_OPTIONS,
} from "../../../src/gateway/admission/concurrency-limit.ts";

const { callsMin, callsMax, targetMs, intervalMs, callsStep, observationsMin } = LIMIT_OPTIONS;
const SEED = 4;

/** A limit that is told of delays as a timer of 10 ms tells them, which is late by each. */
function stage() {
  const limit = new ConcurrencyLimit();
  let now = 0;
  const stand = (delayMs: number, forMs: number, refused = 0): number => {
    for (const until = now + forMs; now < until; ) {
      now += 10 + delayMs;
      limit.observe(delayMs, 100, refused, now);
    }
    return limit.calls;
  };
  return { limit, stand };
}

describe("a concurrency limit", () => {
  it("begins at its ceiling and stays there while delays are below the target", () => {
    const { limit, stand } = stage();
    expect(limit.calls).toBe(callsMax);
    expect(stand(targetMs, 10_000)).toBe(callsMax);
  });

  it("falls an interval after a delay above the target stands, in proportion to it, by half at most", () => {
    const afterOne = (delayMs: number): number => {
      const { limit, stand } = stage();
      for (let i = 0; i < observationsMin || i * (delayMs + 10) < intervalMs; i++) {
        expect(limit.calls).toBe(callsMax);
        stand(delayMs, 1);
      }
      stand(delayMs, 1);
      return limit.calls;
    };
    expect(afterOne(1.25 * targetMs)).toBe(Math.floor(callsMax * 0.9));
    expect(afterOne(2 * targetMs)).toBe(Math.floor(callsMax * 0.6));
    expect(afterOne(20 * targetMs)).toBe(callsMax / 2);
  });

  it("stops at its floor, and comes back to its ceiling when the delay is gone, a step an interval", () => {
    const { stand } = stage();
    expect(stand(1000, 60_000)).toBe(callsMin);
    const risen = stand(0, 10 * intervalMs);
    expect(risen).toBeGreaterThanOrEqual(callsMin + 8 * callsStep);
    expect(risen).toBeLessThanOrEqual(callsMin + 11 * callsStep);
    expect(stand(0, 10_000)).toBe(callsMax);
  });

  it("takes one long delay among short ones for a burst, however long it was", () => {
    const { limit, stand } = stage();
    for (let i = 0; i < 20; i++) {
      stand(6000, 1);
      stand(0, intervalMs);
    }
    expect(limit.calls).toBe(callsMax);
  });

  it("does not judge by fewer observations than it needs, though an interval has passed", () => {
    const limit = new ConcurrencyLimit();
    for (let i = 1; i < observationsMin; i++) limit.observe(6000, 1, 0, i * 6000);
    expect(limit.calls).toBe(callsMax);
    limit.observe(6000, 1, 0, observationsMin * 6000);
    expect(limit.calls).toBe(callsMax / 2);
  });

  it("is halved once an interval where somebody behind refuses, however often", () => {
    const { limit, stand } = stage();
    for (let i = 0; i < 1000; i++) limit.onRefusedBehind();
    expect(stand(0, intervalMs + 10)).toBe(callsMax / 2);
    expect(stand(0, intervalMs)).toBe(callsMax / 2 + callsStep);
  });

  it("is not cut while most are refused: whoever asks again at once makes the delay, and would be refused more", () => {
    const { stand } = stage();
    expect(stand(10 * targetMs, 10_000, 101)).toBe(callsMax);
    expect(stand(10 * targetMs, 10_000, 100)).toBe(callsMin);
    expect(stand(0, 10_000, 101), "and it rises").toBe(callsMax);
  });

  it("is an integer between floor and ceiling whatever it is told", () => {
    const told = fc.array(
      fc.record({
        delayMs: fc.double({ min: -5, max: 1e6, noNaN: true }),
        gapMs: fc.integer({ min: 0, max: 10_000 }),
        behind: fc.boolean(),
        entered: fc.nat(5000),
        refused: fc.nat(5000),
      }),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(told, (observations) => {
        const limit = new ConcurrencyLimit();
        let now = 0;
        for (const { delayMs, gapMs, behind, entered, refused } of observations) {
          now += gapMs;
          if (behind) limit.onRefusedBehind();
          limit.observe(delayMs, entered, refused, now);
          expect(Number.isInteger(limit.calls)).toBe(true);
          expect(limit.calls).toBeGreaterThanOrEqual(callsMin);
          expect(limit.calls).toBeLessThanOrEqual(callsMax);
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it("holds the delay near the target where more clients wait than can be served, whatever a call costs", () => {
    fc.assert(
      fc.property(fc.integer({ min: 12, max: 200 }), (micros) => {
        const limit = new ConcurrencyLimit();
        const delayOf = (calls: number): number => (calls * micros) / 1000;
        let now = 0;
        let worst = 0;
        for (let i = 0; i < 4000; i++) {
          const delayMs = delayOf(limit.calls);
          now += 10 + delayMs;
          limit.observe(delayMs, 1, 0, now);
          if (i >= 1000) worst = Math.max(worst, delayMs);
        }
        expect(worst).toBeLessThanOrEqual(targetMs + delayOf(callsStep));
        // A cut never takes more than what is above the target and its part: the server stays busy.
        expect(delayOf(limit.calls)).toBeGreaterThanOrEqual(targetMs / 2);
      }),
      { seed: SEED, numRuns: 100 },
    );
  });
});
