import {
  ALL_APPOINTED_RULES,
  type AppointedRules,
  type AppointedSettings,
  DEFAULT_APPOINTED_BOUNDS,
  type ReadLeaseTerms,
} from "../../core/appointed/index.ts";

/**
 * The safety rules of primary–secondary replication, each with a switch. All hold in production: the server's configuration cannot
 * express them.
 */
export interface PrimaryRules extends AppointedRules {
  /** A secondary's acknowledgement leaves when what it acknowledges is on its disk (card 2, On disk). */
  readonly persistBeforeAck: boolean;
  /** The primary counts itself only for what its own disk holds (card 1: reply after the local flush). */
  readonly countSelfWhenDurable: boolean;
  /** Group 0 has declared a secondary out of step before anything is acknowledged without it (card 2, shrink). */
  readonly shrinkFirst: boolean;
  /** What was asked of group 0 counts from then on, beside what is known: it may be granted before this primary hears of it. */
  readonly growFirst: boolean;
  /** A secondary answers no reader, but for its own state, before its log was found to be its primary's (PA-3). */
  readonly joinBeforeReads: boolean;
  /** Nothing is acknowledged without a secondary before its right to answer readers is over (RM-6). */
  readonly waitOutLease: boolean;
  /** A secondary answers readers by itself within its lease only. */
  readonly readWithinLease: boolean;
  /** Nothing is committed before an entry of the primary's own epoch is: what fewer than all hold of an earlier one may yet be replaced. */
  readonly commitOwnEpochFirst: boolean;
  /** A secondary that has lost what it acknowledged takes no office before it has that again. */
  readonly wholeBeforeOffice: boolean;
  /** A new primary serves reads only when an entry of its own epoch is committed: only then it knows what was. */
  readonly readsAfterOwnEpoch: boolean;
}

export const ALL_RULES: PrimaryRules = Object.freeze({
  ...ALL_APPOINTED_RULES,
  persistBeforeAck: true,
  countSelfWhenDurable: true,
  shrinkFirst: true,
  growFirst: true,
  joinBeforeReads: true,
  waitOutLease: true,
  readWithinLease: true,
  commitOwnEpochFirst: true,
  wholeBeforeOffice: true,
  readsAfterOwnEpoch: true,
});

/** What its five forms differ in. Times are ticks (milliseconds). */
export interface PrimarySettings extends AppointedSettings, ReadLeaseTerms {
  /**
   * Secondaries whose acknowledgement a write waits for: all that are in step, or so many of these; as many as make a majority of the
   * members with the primary. 0: asynchronous.
   */
  readonly acks: "all" | "majority" | number;
  /**
   * A write that has waited so long for secondaries goes on without those that are missing, once group 0 has declared them out of step.
   * Null: it waits for them, however long, and where all are waited for nothing new is taken while one is missing.
   */
  readonly shrinkTicks: number | null;
  /**
   * Who answers a read that may miss nothing: the primary, or any member once nothing in its log is uncommitted (card 3), where some may be
   * out of step within its lease.
   */
  readonly reads: "primary" | "any" | "leased";
  /**
   * Not null: a secondary asks so often for what is new, and is sent nothing else of the log. Only where no write waits for secondaries
   * (card 1, pulled).
   */
  readonly pullTicks: number | null;
  /** `eager`: secondaries hear of a commit at once; `ride`: with the next update or heartbeat (explicit mode). */
  readonly commitNotice: "eager" | "ride";
  readonly rules: PrimaryRules;
}

/** Is a write acknowledged with fewer than the next primary is chosen by? Then it may be lost with its primary. */
export const mayLose = ({ acks, shrinkTicks }: PrimarySettings): boolean =>
  acks === 0 || (typeof acks === "number" && shrinkTicks !== null);

export const DEFAULT_SETTINGS: PrimarySettings = Object.freeze({
  ...DEFAULT_APPOINTED_BOUNDS,
  acks: "all",
  shrinkTicks: 1000,
  reads: "primary",
  leaseTicks: 800,
  clockDriftDivisor: 10,
  pullTicks: null,
  commitNotice: "eager",
  rules: ALL_RULES,
});
