import {
  DEFAULT_PHI_SETTINGS,
  drawBelow,
  type FixedTimeout,
  fixedSuspectAt,
  fixedTimeout,
  onFixedBeat,
  onPhiBeat,
  PHI_MAX,
  PHI_ONE,
  type PhiAccrual,
  type PhiSettings,
  phiAccrual,
  phiAt,
  phiSuspectAt,
  seeded,
  type Ticks,
  ticks,
} from "@quorate/kernel/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const INTERVAL = 100;

const phiSettings = (settings: Partial<PhiSettings> = {}): PhiSettings => ({
  ...DEFAULT_PHI_SETTINGS,
  deviationTicksMin: 10,
  firstIntervalTicks: INTERVAL,
  ...settings,
});

/** Either detector, as this page needs it. */
interface Watch {
  beat(now: Ticks): void;
  readonly suspectAt: Ticks;
  readonly falsePositives: number;
}

function phi(settings: Partial<PhiSettings>): Watch & { readonly detector: PhiAccrual } {
  let detector = phiAccrual(phiSettings(settings), ticks(0));
  return {
    beat: (now) => {
      detector = onPhiBeat(detector, now);
    },
    get suspectAt() {
      return phiSuspectAt(detector);
    },
    get falsePositives() {
      return detector.falsePositives;
    },
    get detector() {
      return detector;
    },
  };
}

function fixed(missesMax: number): Watch {
  let detector: FixedTimeout = fixedTimeout({ intervalTicks: INTERVAL, missesMax }, ticks(0));
  return {
    beat: (now) => {
      detector = onFixedBeat(detector, now);
    },
    get suspectAt() {
      return fixedSuspectAt(detector);
    },
    get falsePositives() {
      return detector.falsePositives;
    },
  };
}

/** When beats arrive that are sent every 100 ms, are up to `jitter` under way, and of which `lossPercent` get lost. */
function arrivals(seed: number, millis: number, jitter: number, lossPercent: number): Ticks[] {
  let random = seeded(BigInt(seed));
  const below = (bound: number): number => {
    const [value, next] = drawBelow(random, bound);
    random = next;
    return value;
  };
  const found: number[] = [];
  for (let sent = INTERVAL; sent <= millis; sent += INTERVAL)
    if (below(100) >= lossPercent) found.push(sent + below(jitter + 1));
  return found.sort((a, b) => a - b).map(ticks);
}

describe("FD-1: kill -9, at three settings of each detector", () => {
  /** Detection times of 200 peers that die at a random moment, sorted. */
  function detectionTimes(watch: () => Watch): readonly number[] {
    const found: number[] = [];
    for (let seed = 1; seed <= 200; seed++) {
      const one = watch();
      const died = 20_000 + ((seed * 37) % INTERVAL);
      for (const at of arrivals(seed, died, 20, 0)) one.beat(at);
      expect(one.falsePositives).toBe(0);
      found.push(one.suspectAt - died);
    }
    return found.sort((a, b) => a - b);
  }

  const quantiles = (times: readonly number[]) => [0, 100, 199].map((at) => times[at] ?? 0);

  it("fixed time-out: between k - 1 and k intervals, and the delay of the last beat", () => {
    for (const misses of [3, 5, 10]) {
      const [least = 0, , most = 0] = quantiles(detectionTimes(() => fixed(misses)));
      expect(least).toBeGreaterThan((misses - 1) * INTERVAL - 1);
      expect(most).toBeLessThanOrEqual(misses * INTERVAL + 20);
    }
  });

  it("phi: a higher threshold takes longer, and 8 is sooner here than three missed beats", () => {
    const table = [5, 8, 12].map((threshold) =>
      quantiles(detectionTimes(() => phi({ threshold: threshold * PHI_ONE }))),
    );
    for (let row = 1; row < table.length; row++)
      for (let at = 0; at < 3; at++)
        expect(table[row]?.[at]).toBeGreaterThan(table[row - 1]?.[at] ?? 0);
    expect(table[1]?.[2]).toBeLessThan(3 * INTERVAL);
  });
});

describe("FD-3: 20 % of the beats get lost for a minute", () => {
  const wrong = (watch: () => Watch): number => {
    let sum = 0;
    for (let seed = 1; seed <= 50; seed++) {
      const one = watch();
      for (const at of arrivals(seed, 60_000, 20, 20)) one.beat(at);
      sum += one.falsePositives;
    }
    return sum;
  };

  it("no healthy peer is suspected, by ten missed beats or by phi with room for a pause", () => {
    expect(wrong(() => fixed(10))).toBe(0);
    expect(wrong(() => phi({ threshold: 12 * PHI_ONE, pauseTicks: 500 }))).toBe(0);
  });

  it("a patience that is too short counts what it got wrong", () => {
    expect(wrong(() => fixed(3))).toBeGreaterThan(50);
    expect(wrong(() => phi({ threshold: 5 * PHI_ONE }))).toBeGreaterThan(50);
  });
});

it("FD-4: one direction is lost: who hears nothing suspects and goes on suspecting, the other never does", () => {
  for (const watch of [() => fixed(5), () => phi({})]) {
    const deaf = watch();
    const hearing = watch();
    for (const at of arrivals(1, 10_000, 20, 0)) deaf.beat(at);
    for (const at of arrivals(1, 300_000, 20, 0)) hearing.beat(at);
    expect(deaf.suspectAt).toBeLessThan(11_000);
    expect([deaf.falsePositives, hearing.falsePositives]).toEqual([0, 0]);
    expect(hearing.suspectAt).toBeGreaterThan(300_000);
  }
});

describe("FD-7: beats as regular as a clock", () => {
  const regular = (): PhiAccrual => {
    let detector = phiAccrual(phiSettings({ windowMax: 50 }), ticks(0));
    for (let at = INTERVAL; at <= 10_000; at += INTERVAL) detector = onPhiBeat(detector, ticks(at));
    return detector;
  };

  it("have no deviation: nothing is divided by it, and a beat that is a tick late is no suspicion", () => {
    const detector = regular();
    expect(phiAt(detector, ticks(10_000))).toBe(0);
    expect(phiAt(detector, ticks(10_100))).toBeCloseTo(0.301_03 * PHI_ONE, -1);
    expect(phiAt(detector, ticks(10_101))).toBeLessThan(PHI_ONE / 2);
    const patience = phiSuspectAt(detector) - 10_000;
    expect(patience, "5.6 times the floor of 10").toBe(157);
    expect(phiAt(detector, ticks(1e15))).toBe(PHI_MAX);
  });

  it("the floor and the allowance for pauses are added to what was measured", () => {
    let detector = phiAccrual(phiSettings({ windowMax: 50, pauseTicks: 1000 }), ticks(0));
    for (let at = INTERVAL; at <= 10_000; at += INTERVAL) detector = onPhiBeat(detector, ticks(at));
    expect(phiSuspectAt(detector) - 10_000).toBe(1157);
  });
});

describe("phi", () => {
  it("judges by a first estimate before it has measured anything", () => {
    const detector = phiAccrual(phiSettings({ firstIntervalTicks: 1000 }), ticks(0));
    expect(phiAt(detector, ticks(1000))).toBeLessThan(PHI_ONE);
    // 5.6 deviations of a quarter of a second.
    expect(phiSuspectAt(detector)).toBeGreaterThan(2350);
    expect(phiSuspectAt(detector)).toBeLessThan(2450);
  });

  it("reaches its threshold in the tick in which it says so, whatever it has measured", () => {
    const intervals = fc.array(fc.nat(70_000), { maxLength: 60 });
    fc.assert(
      fc.property(intervals, fc.integer({ min: 1, max: PHI_MAX }), (lengths, threshold) => {
        let now = 0;
        let detector = phiAccrual(phiSettings({ threshold, windowMax: 20 }), ticks(0));
        for (const length of lengths) {
          now += length;
          detector = onPhiBeat(detector, ticks(now));
        }
        const at = phiSuspectAt(detector);
        expect(phiAt(detector, at)).toBeGreaterThanOrEqual(threshold);
        if (at > now) expect(phiAt(detector, ticks(at - 1))).toBeLessThan(threshold);
      }),
      { seed: 12, numRuns: 300 },
    );
  });

  it("knows the same of a window as one who adds it up anew", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100_000), { minLength: 1, maxLength: 100 }), (lengths) => {
        let now = 0;
        let detector = phiAccrual(phiSettings({ windowMax: 10, pauseTicks: 1e6 }), ticks(0));
        for (const length of lengths) {
          now += length;
          detector = onPhiBeat(detector, ticks(now));
        }
        const { intervals, sum, sumOfSquares } = detector.window;
        expect(sum).toBe(intervals.reduce((all, one) => all + one, 0));
        expect(sumOfSquares).toBe(intervals.reduce((all, one) => all + one * one, 0));
        const latest = lengths.slice(-10).map((length) => Math.min(length, 60_000));
        if (lengths.length >= 10)
          expect([...intervals].sort(byNumber)).toEqual(latest.sort(byNumber));
      }),
      { seed: 13, numRuns: 200 },
    );
  });

  it("learns that a peer became slower, and forgets an hour of absence", () => {
    const slower = phi({ windowMax: 100 });
    for (const at of arrivals(1, 20_000, 20, 0)) slower.beat(at);
    for (let at = 20_500; at <= 80_000; at += 500) slower.beat(ticks(at));
    expect(slower.falsePositives).toBeGreaterThan(0);
    expect(slower.suspectAt).toBeGreaterThan(80_500);
    const absent = phi({ windowMax: 100 });
    for (const at of arrivals(1, 20_000, 20, 0)) absent.beat(at);
    const patience = absent.suspectAt - 20_000;
    absent.beat(ticks(3_600_000));
    expect(absent.suspectAt - 3_600_000).toBeLessThan(2 * patience);
  });

  it("refuses settings with which its sums would not be exact", () => {
    const unsound: Partial<PhiSettings>[] = [
      { windowMax: 10_000 },
      { deviationTicksMin: 0 },
      { threshold: PHI_MAX + 1 },
      { pauseTicks: 1e12 },
      { windowMax: 0 },
    ];
    for (const settings of unsound)
      expect(() => phiAccrual(phiSettings(settings), ticks(0))).toThrow(RangeError);
  });
});

const byNumber = (a: number, b: number): number => a - b;
