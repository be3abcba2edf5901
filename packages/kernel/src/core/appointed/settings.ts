/** The safety rules of every protocol whose leader is appointed, each with a switch. */
export interface AppointedRules {
  /** Messages of a lower epoch are refused (card 8, rule 3). */
  readonly refuseOldEpochs: boolean;
  /** The leader takes nothing and makes nothing visible once its tenure is over (card 8, rules 1 and 4). */
  readonly actWithinTenure: boolean;
  /** A leader that restarts acts in a new epoch only: it has forgotten what it gave away in the old one. */
  readonly newEpochInNewLife: boolean;
  /** Nothing leaves in an epoch before this leader's disk knows that it has begun: after a crash it would act in it again. */
  readonly persistEpochFirst: boolean;
  /** Entries are removed only where one conflicts, never because a message was shorter (CU-2). */
  readonly truncateOnlyOnConflict: boolean;
  /** A leader whose own disk hangs gives its office back. */
  readonly resignOnHungDisk: boolean;
}

export const ALL_APPOINTED_RULES: AppointedRules = Object.freeze({
  refuseOldEpochs: true,
  actWithinTenure: true,
  newEpochInNewLife: true,
  persistEpochFirst: true,
  truncateOnlyOnConflict: true,
  resignOnHungDisk: true,
});

/** Times are ticks (milliseconds), sizes bytes; each bound says what happens when it is hit. */
export interface AppointedBounds {
  /** With fewer members in step, the leader among them, writes are refused, those under way wait, and reads go on (catalogue C8). */
  readonly inSyncMin: number;
  readonly heartbeatTicks: number;
  /** A member that has heard nothing of its leader for so long knows of none. */
  readonly silenceTicks: number;
  /** A disk that has not written for so long hangs. */
  readonly hungTicks: number;
  /** Without an answer for so long, what is under way to a member counts as lost and is sent again. */
  readonly retransmitTicks: number;
  /** Entries and bytes of one update. */
  readonly batchEntriesMax: number;
  readonly batchBytesMax: number;
  /** Updates under way to one member; beyond it entries wait in the log. */
  readonly inflightMessagesMax: number;
  /** Commands proposed and not yet committed; beyond it `Overloaded`. */
  readonly uncommittedEntriesMax: number;
  readonly uncommittedBytesMax: number;
  /** Reads that wait; beyond it `Overloaded`. */
  readonly readsMax: number;
  /** A read that could not be served for so long is dropped with `NoLeader`. */
  readonly readTicksMax: number;
  /** How long a hand-over may take before the leader goes on. */
  readonly handOverTicksMax: number;
}

export interface AppointedSettings extends AppointedBounds {
  readonly rules: AppointedRules;
}

export const DEFAULT_APPOINTED_BOUNDS: AppointedBounds = Object.freeze({
  inSyncMin: 2,
  heartbeatTicks: 100,
  silenceTicks: 500,
  hungTicks: 1000,
  retransmitTicks: 500,
  batchEntriesMax: 4096,
  batchBytesMax: 1 << 20,
  inflightMessagesMax: 64,
  uncommittedEntriesMax: 16_384,
  uncommittedBytesMax: 64 << 20,
  readsMax: 8192,
  readTicksMax: 10_000,
  handOverTicksMax: 1000,
});
