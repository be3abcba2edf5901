import type { SynodRules } from "../../core/index.ts";

/**
 * The rules of Multi-Paxos, each with a switch. All hold in production: the server's configuration cannot express them. Tests switch
 * one off to show that the checks then find the break (card 32, check 7). Those of the single decision are `SynodRules`.
 */
export interface PaxosRules extends SynodRules {
  /** A hole that a new leader finds is filled by proposing a no-op, never by taking one for chosen. */
  readonly fillHoles: boolean;
  /**
   * What an acceptor holds at a slot that is said to be decided is what was decided only if it accepted it under the ballot of who says so.
   */
  readonly learnByBallot: boolean;
  /** The leader counts itself only for what its own disk holds. */
  readonly countSelfWhenDurable: boolean;
  /** A read waits for a round of confirmations begun after it came. */
  readonly confirmReads: boolean;
  /** A lease ends before any acceptor that gave it may promise another ballot, by the bound on clock drift (card 19: master leases). */
  readonly leaseWithinBound: boolean;
  /** A replica that lost records takes part only in ballots above all that it can have promised (MP-6). */
  readonly repairPastLostPromises: boolean;
  /** A replica that was rebuilt counts only once it knows all that can have been chosen with its lost voice (MP-6). */
  readonly repairedBySeeing: boolean;
  /** A slot is decided by the configuration in force there: the one chosen at least alpha slots before (MP-5). */
  readonly slotsByOwnConfiguration: boolean;
  /** Phase 1 asks a majority of every configuration that may decide a slot which is not known to be decided (MP-5). */
  readonly prepareEveryConfiguration: boolean;
  /** Voters are proposed once a majority of them has promised the ballot under which they are. */
  readonly promisedByIncoming: boolean;
  /** Members are not proposed before those proposed last are in force. */
  readonly oneChangeAtATime: boolean;
  /** Voters decide alone when a majority of them knows so; from when they are chosen on a lease must be theirs too. */
  readonly incomingToldFirst: boolean;
  /** An acceptor ignores prepares while it hears a leader (card 18). */
  readonly leaderStickiness: boolean;
  /** Asks before using up a ballot (card 18). */
  readonly preVote: boolean;
  /** Whoever was rejected waits for a random time that grows (card 18). */
  readonly backOff: boolean;
  /** A leader that hears no majority for an election time-out steps down. */
  readonly checkQuorum: boolean;
  /** A leader whose own disk hangs steps down. */
  readonly stepDownOnHungDisk: boolean;
}

export const ALL_RULES: PaxosRules = Object.freeze({
  persistBeforeReply: true,
  promiseHolds: true,
  adoptHighest: true,
  quorumOfOneBallot: true,
  fillHoles: true,
  learnByBallot: true,
  countSelfWhenDurable: true,
  confirmReads: true,
  leaseWithinBound: true,
  repairPastLostPromises: true,
  repairedBySeeing: true,
  slotsByOwnConfiguration: true,
  prepareEveryConfiguration: true,
  promisedByIncoming: true,
  oneChangeAtATime: true,
  incomingToldFirst: true,
  leaderStickiness: true,
  preVote: true,
  backOff: true,
  checkQuorum: true,
  stepDownOnHungDisk: true,
});

/** Times are ticks (milliseconds), sizes bytes; each bound says what happens when it is hit. */
export interface PaxosSettings {
  readonly heartbeatTicks: number;
  /** A follower that hears nothing for a random time in [min, max) stands. */
  readonly electionTicksMin: number;
  readonly electionTicksMax: number;
  /** After each ballot in a row that was rejected the time to the next doubles, so many times at most. */
  readonly backOffDoublingsMax: number;
  /**
   * After a closed link to the leader, the random wait before a pre-vote: [0, this), behind twice this for each voter that stands before.
   */
  readonly linkLossTicksMax: number;
  /** Lease reads are served without a round of messages. Off by default. */
  readonly leaseReads: boolean;
  /** Clocks of two members differ in rate by at most 1/this: a lease is shortened by that share. */
  readonly clockDriftDivisor: number;
  /**
   * Undecided slots, the paper's window: a leader proposes, and an acceptor accepts, at most so far beyond what is decided. Beyond it
   * `Overloaded`. Voters decide so many slots behind the one in which they are chosen; those between are filled with no-ops. The entry
   * itself tells how many: members of a group may differ in this.
   */
  readonly alpha: number;
  /** Bytes of the commands in a leader's undecided slots; beyond it `Overloaded`. */
  readonly undecidedBytesMax: number;
  /** Entries and bytes of one message or record. */
  readonly batchEntriesMax: number;
  readonly batchBytesMax: number;
  /** Accept messages and their bytes under way to one follower; beyond it entries wait. */
  readonly inflightMessagesMax: number;
  readonly inflightBytesMax: number;
  /** Without an answer for so long, what is under way to a follower counts as lost and is sent again. */
  readonly retransmitTicks: number;
  /**
   * `ride`: followers hear of a decision with the next accept or heartbeat; `eager`: at once; `acknowledged`: at once, and answer (explicit
   * mode).
   */
  readonly decisions: "ride" | "eager" | "acknowledged";
  /** Reads waiting for a confirmation; beyond it `Overloaded`. */
  readonly readsMax: number;
  /** A read that could not be confirmed for so long is dropped with `NoLeader`. */
  readonly readTicksMax: number;
  /** A member this many entries behind is in step. */
  readonly inStepLagMax: number;
  readonly rules: PaxosRules;
}

export const DEFAULT_SETTINGS: PaxosSettings = Object.freeze({
  heartbeatTicks: 100,
  electionTicksMin: 500,
  electionTicksMax: 1000,
  backOffDoublingsMax: 4,
  linkLossTicksMax: 50,
  leaseReads: false,
  clockDriftDivisor: 10,
  alpha: 4096,
  undecidedBytesMax: 64 << 20,
  batchEntriesMax: 4096,
  batchBytesMax: 1 << 20,
  inflightMessagesMax: 64,
  inflightBytesMax: 8 << 20,
  retransmitTicks: 500,
  decisions: "eager",
  readsMax: 8192,
  readTicksMax: 10_000,
  inStepLagMax: 1000,
  rules: ALL_RULES,
});
