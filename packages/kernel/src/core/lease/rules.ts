/** What a cache lease stands on (Gray and Cheriton 1989; card 7), each with a switch for tests. */
export interface LeaseRules {
  /** A holder counts from when it sent its request. Off: from when the answer came. */
  readonly countFromSending: boolean;
  /** The holder gives up earlier, and the issuer waits longer, by the bound on clock drift. Off: both take the duration as it is. */
  readonly driftMargin: boolean;
  /** A holder that was asked to drop a version caches no answer of that version that was under way. */
  readonly rememberRevoked: boolean;
  /** A restarted issuer changes nothing that may be leased from its earlier life. */
  readonly waitAfterRestart: boolean;
  /** While a write waits, no lease is given that ends later than those that it waits for. Off: reads can keep a write waiting for ever. */
  readonly boundDuringWrite: boolean;
  /** A write waits until nobody can rely on what it changes. Off: it is done at once, and leases are of no use. */
  readonly writesWait: boolean;
}

export const ALL_LEASE_RULES: LeaseRules = Object.freeze({
  countFromSending: true,
  driftMargin: true,
  rememberRevoked: true,
  waitAfterRestart: true,
  boundDuringWrite: true,
  writesWait: true,
});
