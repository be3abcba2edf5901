import type { Ticks } from "../ids.ts";
import {
  type ArrivalWindow,
  EMPTY_WINDOW,
  isExact,
  scaledDeviation,
  type WindowBounds,
  withInterval,
} from "./arrival-window.ts";
import { DEVIATE_MAX, DEVIATE_ONE, PHI_MAX, PHI_ONE, phiOfDeviate } from "./normal-tail.ts";

/**
 * The phi accrual detector (Hayashibara 2004; card 12): phi is −log10 of the probability that a beat so late still comes, if beats come
 * as they used to. A hint for availability: no safety may depend on it. In integers throughout, so that every engine suspects in the
 * same tick.
 */
export interface PhiAccrual {
  readonly settings: PhiSettings;
  readonly window: ArrivalWindow;
  readonly lastBeatAt: Ticks;
  /** Beats that came from a peer while it was suspected. */
  readonly falsePositives: number;
}

export interface PhiSettings extends WindowBounds {
  /** Suspected from this phi on, in parts of `PHI_ONE`, at most `PHI_MAX`: 8 in a local network, 12 where machines are shared. */
  readonly threshold: number;
  /** The deviation counts as no less, or the most regular peer would be suspected for the first beat that is a tick late. */
  readonly deviationTicksMin: number;
  /** A beat may be so much later without a reason: for pauses of the peer, or of this process. */
  readonly pauseTicks: number;
  /** What is expected before anything was measured. */
  readonly firstIntervalTicks: number;
}

export const DEFAULT_PHI_SETTINGS: PhiSettings = Object.freeze({
  threshold: 8 * PHI_ONE,
  windowMax: 1000,
  intervalTicksMax: 60_000,
  deviationTicksMin: 100,
  pauseTicks: 0,
  firstIntervalTicks: 1000,
});

/** The peer counts as heard now. Two made-up intervals, a quarter around the expected one, leave the window like any others. */
export function phiAccrual(settings: PhiSettings, now: Ticks): PhiAccrual {
  const { firstIntervalTicks, threshold, deviationTicksMin } = settings;
  const exact =
    isExact(settings) &&
    Number.isSafeInteger(settings.windowMax * silenceMax(settings) * DEVIATE_ONE);
  const sound = exact && deviationTicksMin > 0 && threshold > 0 && threshold <= PHI_MAX;
  if (!sound) throw new RangeError("a window, a threshold or a deviation out of its bounds");
  const quarter = Math.floor(firstIntervalTicks / 4);
  const first = withInterval(EMPTY_WINDOW, firstIntervalTicks - quarter, settings);
  const window = withInterval(first, firstIntervalTicks + quarter, settings);
  return { settings, window, lastBeatAt: now, falsePositives: 0 };
}

/**
 * A beat has come. An interval that ended a suspicion counts as no longer than the patience that it showed to be too short: the detector
 * learns that its peer is slower, and does not learn that hours of absence are usual.
 */
export function onPhiBeat(detector: PhiAccrual, now: Ticks): PhiAccrual {
  const { settings, lastBeatAt, window } = detector;
  const interval = Math.max(0, now - lastBeatAt);
  const wrong = phiAfter(detector, interval) >= settings.threshold;
  return {
    settings,
    window: withInterval(window, wrong ? patienceTicks(detector) : interval, settings),
    lastBeatAt: now,
    falsePositives: detector.falsePositives + (wrong ? 1 : 0),
  };
}

/** Phi at this time, in parts of `PHI_ONE`, at most `PHI_MAX`. Non-decreasing until the next beat. */
export const phiAt = (detector: PhiAccrual, now: Ticks): number =>
  phiAfter(detector, Math.max(0, now - detector.lastBeatAt));

/** From when on the peer is suspected, if it is not heard before: the first tick whose phi reaches the threshold. */
export const phiSuspectAt = (detector: PhiAccrual): Ticks =>
  (detector.lastBeatAt + patienceTicks(detector)) as Ticks;

/** count × (time − pause − mean), over count × deviation: the deviate, without ever dividing by the count. */
function phiAfter({ settings, window }: PhiAccrual, silentTicks: number): number {
  const count = window.intervals.length;
  const deviation = Math.max(scaledDeviation(window), count * settings.deviationTicksMin);
  // Beyond what could matter the silence is cut off, so that its product with the count is exact.
  const silent = Math.min(silentTicks, silenceMax(settings));
  const late = count * (silent - settings.pauseTicks) - window.sum;
  return phiOfDeviate(Math.floor((late * DEVIATE_ONE) / deviation));
}

function patienceTicks(detector: PhiAccrual): number {
  let low = 0;
  let high = silenceMax(detector.settings);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (phiAfter(detector, middle) >= detector.settings.threshold) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A silence that reaches `PHI_MAX` whatever is in the window: no mean and no deviation is above the longest interval. */
const silenceMax = ({ intervalTicksMax, pauseTicks, deviationTicksMin }: PhiSettings): number =>
  pauseTicks +
  intervalTicksMax +
  Math.ceil(DEVIATE_MAX / DEVIATE_ONE) * Math.max(intervalTicksMax, deviationTicksMin);
