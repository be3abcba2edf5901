import type { Ticks } from "../ids.ts";
import type { AppointedState } from "./state.ts";

/**
 * Read leases of members in step (C4): within one a member answers readers by itself, and the leader acknowledges nothing without it before
 * it is over. A member says its own time, and the leader, having heard it, says it back: both count from then, the member from what it said
 * and so earlier. No two clocks are compared (card 7).
 */
export interface ReadLeaseTerms {
  /** For so long after it has been heard the leader lets a member answer readers, and does not go on without it. */
  readonly leaseTicks: number;
  /** No two clocks differ in rate by more than one part in so many. */
  readonly clockDriftDivisor: number;
}

/** Shorter by what two clocks may differ. What another life of this replica said binds nobody: its clock may have been another. */
export function leasedUntil(
  { bornAt }: AppointedState,
  { leaseTicks, clockDriftDivisor }: ReadLeaseTerms,
  until: Ticks | null,
  echo: Ticks | null,
  now: Ticks,
): Ticks | null {
  if (echo === null || echo < bornAt || echo > now) return until;
  const valid = Math.floor(leaseTicks * (1 - 2 / clockDriftDivisor));
  return Math.max(until ?? 0, echo + valid) as Ticks;
}
