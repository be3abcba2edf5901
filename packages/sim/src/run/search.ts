/** How often a checker may ask whether it has searched enough, about every thousand steps. */
const ASKED_MAX = 60_000;

/** A bound on one search for an order, the same on every machine. */
export function bounded(): () => boolean {
  let asked = 0;
  return () => ++asked > ASKED_MAX;
}
