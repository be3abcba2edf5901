import type { Ticks } from "../ids.ts";

/**
 * Suspects a peer after so many missed beats (card 12). A hint for availability: no safety may depend on it.
 */
export interface FixedTimeout {
  readonly settings: FixedTimeoutSettings;
  readonly lastBeatAt: Ticks;
  /** Beats that came from a peer while it was suspected. */
  readonly falsePositives: number;
}

export interface FixedTimeoutSettings {
  readonly intervalTicks: number;
  /** Suspected when so many beats in a row are missing. */
  readonly missesMax: number;
}

/** The peer counts as heard now, for it needs time for a first beat. */
export const fixedTimeout = (settings: FixedTimeoutSettings, now: Ticks): FixedTimeout => ({
  settings,
  lastBeatAt: now,
  falsePositives: 0,
});

/** A beat has come. One that overtook a later one changes nothing, for time does not run back. */
export function onFixedBeat(detector: FixedTimeout, now: Ticks): FixedTimeout {
  const wrong = now >= fixedSuspectAt(detector) ? 1 : 0;
  return { ...detector, lastBeatAt: now, falsePositives: detector.falsePositives + wrong };
}

/** From when on the peer is suspected, if it is not heard before. */
export const fixedSuspectAt = ({ settings, lastBeatAt }: FixedTimeout): Ticks =>
  (lastBeatAt + settings.intervalTicks * settings.missesMax) as Ticks;
