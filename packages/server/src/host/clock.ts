import { type Now, ticks } from "@quorate/kernel/core";

/** The clock port of a host (contracts, Clock port). */
export interface Clock {
  now(): Now;
}

/** How far this machine's wall clock is taken to be off at most, where nobody configured a bound. */
export const WALL_ERROR_MILLIS = 250;

/** Ticks are whole milliseconds since this process began, and never go back; the wall is an interval. */
export function systemClock(wallErrorMillis = WALL_ERROR_MILLIS): Clock {
  return {
    now() {
      const wall = Date.now();
      return {
        ticks: ticks(Math.floor(performance.now())),
        wall: { earliest: wall - wallErrorMillis, latest: wall + wallErrorMillis },
      };
    },
  };
}
