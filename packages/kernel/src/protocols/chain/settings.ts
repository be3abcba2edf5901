import {
  ALL_APPOINTED_RULES,
  type AppointedRules,
  type AppointedSettings,
  DEFAULT_APPOINTED_BOUNDS,
  type ReadLeaseTerms,
} from "../../core/appointed/index.ts";

/**
 * The safety rules of chain replication, each with a switch. All hold in production: the server's configuration cannot express them.
 */
export interface ChainRules extends AppointedRules {
  /** An update leaves for the successor when it is on this replica's disk (card 10, On disk): what the tail holds all hold. */
  readonly persistBeforeForward: boolean;
  /** The tail commits what its own disk holds. */
  readonly commitWhenDurable: boolean;
  /** An update of an earlier chain says nothing of who holds what in this one: its sender may stand elsewhere by now. */
  readonly refuseOldChains: boolean;
  /** Whoever is to be in step is the tail, and whole, before group 0 hears of it: it may be appointed from then on. */
  readonly announceFirst: boolean;
  /** Group 0 has declared a member out of step before the chain goes on without it. */
  readonly shrinkFirst: boolean;
  /** The chain goes on without a member only when that one's right to answer readers is over (CR-3). */
  readonly waitOutLease: boolean;
  /** A member that is not the head answers readers within its lease only. */
  readonly readWithinLease: boolean;
  /** Nobody answers readers in a chain before it has committed all that any chain before may have. */
  readonly wholeBeforeReads: boolean;
  /** A member with an entry that it does not know to be committed asks the tail (CRAQ §3; CR-4). */
  readonly askWhenDirty: boolean;
}

export const ALL_RULES: ChainRules = Object.freeze({
  ...ALL_APPOINTED_RULES,
  persistBeforeForward: true,
  commitWhenDurable: true,
  refuseOldChains: true,
  announceFirst: true,
  shrinkFirst: true,
  waitOutLease: true,
  readWithinLease: true,
  wholeBeforeReads: true,
  askWhenDirty: true,
});

/** Times are ticks (milliseconds). */
export interface ChainSettings extends AppointedSettings, ReadLeaseTerms {
  /** Who answers a read that may miss nothing: the tail, or any member in the chain whose log is clean (CRAQ). */
  readonly reads: "tail" | "any";
  /** A member that was silent for so long, or holds up a write for so long, is declared out of step. */
  readonly shrinkTicks: number;
  readonly rules: ChainRules;
}

export const DEFAULT_SETTINGS: ChainSettings = Object.freeze({
  ...DEFAULT_APPOINTED_BOUNDS,
  reads: "tail",
  shrinkTicks: 1000,
  leaseTicks: 800,
  clockDriftDivisor: 10,
  rules: ALL_RULES,
});
