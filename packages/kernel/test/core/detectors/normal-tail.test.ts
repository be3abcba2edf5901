import { DEVIATE_ONE, PHI_MAX, PHI_ONE, phiOfDeviate } from "@quorate/kernel/core";
import { describe, expect, it } from "vitest";

/** −log10 of the tail of the normal distribution beyond y, in floats: a series near zero, Laplace's continued fraction far out. */
function truePhi(y: number): number {
  if (y < 3) {
    let term = y;
    let sum = y;
    for (let n = 1; n < 200; n++) {
      term *= (y * y) / (2 * n + 1);
      sum += term;
    }
    return -Math.log10(0.5 - (sum * Math.exp(-(y * y) / 2)) / Math.sqrt(2 * Math.PI));
  }
  let fraction = y;
  for (let k = 200; k >= 1; k--) fraction = y + k / fraction;
  return ((y * y) / 2 + Math.log(2 * Math.PI) / 2 + Math.log(fraction)) / Math.LN10;
}

describe("phi of a deviate", () => {
  it("is above the true value by at most 0.0009 and below it by at most 0.000002, all the way from -4 to 12", () => {
    let above = 0;
    let below = 0;
    for (let y = -4 * DEVIATE_ONE; y <= 12 * DEVIATE_ONE; y++) {
      const error = phiOfDeviate(y) / PHI_ONE - truePhi(y / DEVIATE_ONE);
      above = Math.max(above, error);
      below = Math.min(below, error);
    }
    expect(above).toBeLessThan(0.0009);
    expect(below).toBeGreaterThan(-0.000_002);
  });

  it("never falls, is 0 far below and PHI_MAX far above", () => {
    let last = 0;
    for (let y = -5 * DEVIATE_ONE; y <= 13 * DEVIATE_ONE; y++) {
      const phi = phiOfDeviate(y);
      expect(phi >= last && Number.isSafeInteger(phi)).toBe(true);
      last = phi;
    }
    expect([phiOfDeviate(-1e9), phiOfDeviate(1e9)]).toEqual([0, PHI_MAX]);
  });
});
