/**
 * How far a monotonic clock's rate may be from true: rho of card 7, in millionths. Nothing else about clocks is assumed, and no
 * time of day ever travels.
 */
export interface Drift {
  readonly perMillion: number;
}

const MILLION = 1_000_000;

/** For how many ticks of its own clock a holder may use a lease, counted from when it sent its request: duration × (1 − rho), and a
 * tick less, for a clock read in whole ticks may have been almost one further when the issuer granted. Never negative. */
export const heldTicks = (durationTicks: number, { perMillion }: Drift): number =>
  Math.max(0, Math.floor((durationTicks * (MILLION - perMillion)) / MILLION) - 1);

/** For how many ticks of its own clock an issuer is bound by a lease, counted from when it granted: duration × (1 + rho). */
export const owedTicks = (durationTicks: number, { perMillion }: Drift): number =>
  Math.ceil((durationTicks * (MILLION + perMillion)) / MILLION);
