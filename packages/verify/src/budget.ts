/**
 * Is the budget used up? Searches ask it now and then (at least every 10,000 steps), and end as `unknown` when it is. It
 * is the caller who knows a clock, or counts.
 */
export type Spent = () => boolean;

/** For histories that are known to be small. */
export const never: Spent = () => false;
