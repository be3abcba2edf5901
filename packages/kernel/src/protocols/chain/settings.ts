/**
 * The safety rules of chain replication, each with a switch. All hold in production: the server's configuration cannot express them.
 */
export interface ChainRules {
  /** An update leaves for the successor when it is on this replica's disk (card 10, On disk): what the tail holds all hold. */
  readonly persistBeforeForward: boolean;
  /** The tail commits what its own disk holds. */
  readonly commitWhenDurable: boolean;
  /** Messages of a lower epoch are refused (card 10, Traps). */
  readonly refuseOldEpochs: boolean;
  /** An update of an earlier chain says nothing of who holds what in this one: its sender may stand elsewhere by now. */
  readonly refuseOldChains: boolean;
  /** The head takes and grants nothing once its tenure is over (card 8, rules 1 and 4). */
  readonly actWithinTenure: boolean;
  /** A head that restarts acts in a new epoch only: it has forgotten which chains it announced and whom it let answer readers. */
  readonly newEpochInNewLife: boolean;
  /** No chain is announced in an epoch before this head's disk knows that it has begun: after a crash it would announce another. */
  readonly persistEpochFirst: boolean;
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
  /** Entries are removed only where one conflicts, never because a message was shorter (CU-2). */
  readonly truncateOnlyOnConflict: boolean;
  /** A head whose own disk hangs gives its office back. */
  readonly resignOnHungDisk: boolean;
}

export const ALL_CHAIN_RULES: ChainRules = Object.freeze({
  persistBeforeForward: true,
  commitWhenDurable: true,
  refuseOldEpochs: true,
  refuseOldChains: true,
  actWithinTenure: true,
  newEpochInNewLife: true,
  persistEpochFirst: true,
  announceFirst: true,
  shrinkFirst: true,
  waitOutLease: true,
  readWithinLease: true,
  wholeBeforeReads: true,
  askWhenDirty: true,
  truncateOnlyOnConflict: true,
  resignOnHungDisk: true,
});

/** Times are ticks (milliseconds), sizes bytes; each bound says what happens when it is hit. */
export interface ChainSettings {
  /** Who answers a read that may miss nothing: the tail, or any member in the chain whose log is clean (CRAQ). */
  readonly reads: "tail" | "any";
  /** A member that was silent for so long, or holds up a write for so long, is declared out of step. */
  readonly shrinkTicks: number;
  /** With fewer members in step, the head among them, writes are refused, those under way wait, and reads go on (catalogue C8). */
  readonly inSyncMin: number;
  /** For so long after it has been heard the head lets a member answer readers, and does not go on without it. */
  readonly leaseTicks: number;
  /** No two clocks differ in rate by more than one part in so many. */
  readonly clockDriftDivisor: number;
  readonly heartbeatTicks: number;
  /** A member that has heard nothing of its head for so long knows of none. */
  readonly silenceTicks: number;
  /** A disk that has not written for so long hangs. */
  readonly hungTicks: number;
  /** Without an answer for so long, what is under way to a successor counts as lost and is sent again. */
  readonly retransmitTicks: number;
  /** Entries and bytes of one update. */
  readonly batchEntriesMax: number;
  readonly batchBytesMax: number;
  /** Updates under way on one link; beyond it entries wait in the log. */
  readonly inflightMessagesMax: number;
  /** Commands proposed and not yet committed; beyond it `Overloaded`. */
  readonly uncommittedEntriesMax: number;
  readonly uncommittedBytesMax: number;
  /** Reads that wait; beyond it `Overloaded`. */
  readonly readsMax: number;
  /** A read that could not be served for so long is dropped with `NoLeader`. */
  readonly readTicksMax: number;
  /** How long a hand-over may take before the head goes on. */
  readonly handOverTicksMax: number;
  readonly rules: ChainRules;
}

export const DEFAULT_CHAIN_SETTINGS: ChainSettings = Object.freeze({
  reads: "tail",
  shrinkTicks: 1000,
  inSyncMin: 2,
  leaseTicks: 800,
  clockDriftDivisor: 10,
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
  rules: ALL_CHAIN_RULES,
});
