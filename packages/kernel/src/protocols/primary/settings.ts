/**
 * The safety rules of primary–secondary replication, each with a switch. All hold in production: the server's configuration cannot
 * express them.
 */
export interface PrimaryRules {
  /** A secondary's acknowledgement leaves when what it acknowledges is on its disk (card 2, On disk). */
  readonly persistBeforeAck: boolean;
  /** The primary counts itself only for what its own disk holds (card 1: reply after the local flush). */
  readonly countSelfWhenDurable: boolean;
  /** Commands of a lower epoch are refused (card 8, rule 3). */
  readonly refuseOldEpochs: boolean;
  /** The primary makes nothing visible once its tenure is over (card 8, rules 1 and 4). */
  readonly actWithinTenure: boolean;
  /** Group 0 has declared a secondary out of step before anything is acknowledged without it (card 2, shrink). */
  readonly shrinkFirst: boolean;
  /** What was asked of group 0 counts from then on, beside what is known: it may be granted before this primary hears of it. */
  readonly growFirst: boolean;
  /** A primary that restarts acts in a new epoch only: it has forgotten which entries of the old one it gave away. */
  readonly newEpochInNewLife: boolean;
  /** Nothing leaves in an epoch before this primary's disk knows that it has begun: after a crash it would act in it again. */
  readonly persistEpochFirst: boolean;
  /** A secondary answers no reader, but for its own state, before its log was found to be its primary's (PA-3). */
  readonly joinBeforeReads: boolean;
  /** Entries are removed only where one conflicts, never because a message was shorter (CU-2). */
  readonly truncateOnlyOnConflict: boolean;
  /** A primary whose own disk hangs gives its office back. */
  readonly resignOnHungDisk: boolean;
  /** A new primary serves reads only when an entry of its own epoch is committed: only then it knows what was. */
  readonly readsAfterOwnEpoch: boolean;
}

export const ALL_PRIMARY_RULES: PrimaryRules = Object.freeze({
  persistBeforeAck: true,
  countSelfWhenDurable: true,
  refuseOldEpochs: true,
  actWithinTenure: true,
  shrinkFirst: true,
  growFirst: true,
  newEpochInNewLife: true,
  persistEpochFirst: true,
  joinBeforeReads: true,
  truncateOnlyOnConflict: true,
  resignOnHungDisk: true,
  readsAfterOwnEpoch: true,
});

/** Times are ticks (milliseconds), sizes bytes; each bound says what happens when it is hit. */
export interface PrimarySettings {
  /** Secondaries whose acknowledgement a write waits for: all that are in step, or so many of these. 0: asynchronous. */
  readonly acks: "all" | number;
  /**
   * A write that has waited so long for secondaries goes on without those that are missing, once group 0 has declared them out of step.
   * Null: it waits for them, however long, and where all are waited for nothing new is taken while one is missing.
   */
  readonly shrinkTicks: number | null;
  /** With fewer members in step, the primary among them, writes are refused, those under way wait, and reads go on (catalogue C8). */
  readonly inSyncMin: number;
  /** Who answers a read that may miss nothing: the primary, or any member once nothing in its log is uncommitted (card 3). */
  readonly reads: "primary" | "any";
  readonly heartbeatTicks: number;
  /** A secondary that has heard nothing for so long knows of no primary. */
  readonly silenceTicks: number;
  /** A disk that has not written for so long hangs. */
  readonly hungTicks: number;
  /** Without an answer for so long, what is under way to a secondary counts as lost and is sent again. */
  readonly retransmitTicks: number;
  /** Entries and bytes of one update. */
  readonly batchEntriesMax: number;
  readonly batchBytesMax: number;
  /** Updates under way to one secondary; beyond it entries wait in the log. */
  readonly inflightMessagesMax: number;
  /** `eager`: secondaries hear of a commit at once; `ride`: with the next update or heartbeat (explicit mode). */
  readonly commitNotice: "eager" | "ride";
  /** Commands proposed and not yet committed; beyond it `Overloaded`. */
  readonly uncommittedEntriesMax: number;
  readonly uncommittedBytesMax: number;
  /** Reads that wait; beyond it `Overloaded`. */
  readonly readsMax: number;
  /** A read that could not be served for so long is dropped with `NoLeader`. */
  readonly readTicksMax: number;
  /** How long a hand-over may take before the primary goes on. */
  readonly handOverTicksMax: number;
  readonly rules: PrimaryRules;
}

export const DEFAULT_PRIMARY_SETTINGS: PrimarySettings = Object.freeze({
  acks: "all",
  shrinkTicks: 1000,
  inSyncMin: 2,
  reads: "primary",
  heartbeatTicks: 100,
  silenceTicks: 500,
  hungTicks: 1000,
  retransmitTicks: 500,
  batchEntriesMax: 4096,
  batchBytesMax: 1 << 20,
  inflightMessagesMax: 64,
  commitNotice: "eager",
  uncommittedEntriesMax: 16_384,
  uncommittedBytesMax: 64 << 20,
  readsMax: 8192,
  readTicksMax: 10_000,
  handOverTicksMax: 1000,
  rules: ALL_PRIMARY_RULES,
});
