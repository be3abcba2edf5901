/**
 * The safety rules of ZAB, each with a switch. All hold in production: the server's configuration cannot express
 * them. Tests switch one off to show that the suite then finds the break (card 32, check 7).
 */
export interface ZabRules {
  /** Epochs and histories are on stable storage before anything that promises them leaves, the leader's own included. */
  readonly persistBeforeReply: boolean;
  /** `acceptedEpoch` is written at all: a follower that forgets it promises one epoch to two leaders. */
  readonly persistAcceptedEpoch: boolean;
  /** `currentEpoch` is written at all: without it a later history loses to an earlier one that is longer. */
  readonly persistCurrentEpoch: boolean;
  /** An epoch is promised to one leader only. */
  readonly promiseEpochOnce: boolean;
  /** A follower cuts what its leader's history does not have. */
  readonly truncate: boolean;
  /** That cut is on stable storage before NEWLEADER is acknowledged. */
  readonly truncateFlushed: boolean;
  /** A new leader proposes and delivers only once a majority has taken over its history. */
  readonly syncBeforeBroadcast: boolean;
  /** What is proposed while a follower is between NEWLEADER and UPTODATE goes to it too. */
  readonly laterProposalsToJoiner: boolean;
  /** A proposal is delivered once a majority holds it. */
  readonly commitByMajority: boolean;
  /** A prospective leader that meets a follower with a newer history gives up. */
  readonly giveUpWhenFollowerAhead: boolean;
  /** One that lost records counts again only in an epoch that was chosen after it told of its loss. */
  readonly repairedByLaterEpoch: boolean;
}

export const ALL_RULES: ZabRules = Object.freeze({
  persistBeforeReply: true,
  persistAcceptedEpoch: true,
  persistCurrentEpoch: true,
  promiseEpochOnce: true,
  truncate: true,
  truncateFlushed: true,
  syncBeforeBroadcast: true,
  laterProposalsToJoiner: true,
  commitByMajority: true,
  giveUpWhenFollowerAhead: true,
  repairedByLaterEpoch: true,
});

/** Times are ticks (milliseconds), sizes bytes; each bound says what happens when it is hit. */
export interface ZabSettings {
  /** Between two pings of a leader. */
  readonly pingTicks: number;
  /** Looking, a member tells its vote again after so long; reporting to a leader that does not answer, likewise. */
  readonly notifyTicks: number;
  /** A majority agrees on a leader and not all have spoken: so long a better candidate is waited for. */
  readonly settleTicks: number;
  /** A candidate that was not heard for so long is none. */
  readonly candidateTicks: number;
  /** Discovery that takes longer is given up, at either end. */
  readonly initLimitTicks: number;
  /** A leader that hears no majority, or a follower that does not hear its leader, for so long goes back to looking. */
  readonly syncLimitTicks: number;
  /** After a yield without an heir, so long it does not stand. */
  readonly yieldTicks: number;
  /** Entries and bytes of one proposal message. */
  readonly batchEntriesMax: number;
  readonly batchBytesMax: number;
  /** Proposal messages and their bytes under way to one follower; beyond it entries wait in the log. */
  readonly inflightMessagesMax: number;
  readonly inflightBytesMax: number;
  /** Without an answer for so long, what is under way to a follower counts as lost and is sent again. */
  readonly retransmitTicks: number;
  /** Followers answer COMMIT (explicit mode, 4n). Off by default: nothing depends on it. */
  readonly acknowledgeCommits: boolean;
  /** Reads at readIndex level wait for a round of confirmations. Off as in ZooKeeper, whose `sync` is no quorum operation. */
  readonly strictReads: boolean;
  /** Commands proposed and not yet committed; beyond it `Overloaded`. */
  readonly uncommittedEntriesMax: number;
  readonly uncommittedBytesMax: number;
  /** Reads waiting for an answer; beyond it `Overloaded`. */
  readonly readsMax: number;
  /** A read that could not be answered for so long is dropped with `NoLeader`. */
  readonly readTicksMax: number;
  /** A follower this many entries behind counts as in step. */
  readonly inStepLagMax: number;
  /** The greatest counter of a zxid; behind it the leader begins another epoch. */
  readonly counterMax: number;
  readonly rules: ZabRules;
}

export const DEFAULT_SETTINGS: ZabSettings = Object.freeze({
  pingTicks: 100,
  notifyTicks: 100,
  settleTicks: 50,
  candidateTicks: 350,
  initLimitTicks: 1000,
  syncLimitTicks: 1000,
  yieldTicks: 2000,
  batchEntriesMax: 4096,
  batchBytesMax: 1 << 20,
  inflightMessagesMax: 64,
  inflightBytesMax: 8 << 20,
  retransmitTicks: 500,
  acknowledgeCommits: false,
  strictReads: false,
  uncommittedEntriesMax: 16_384,
  uncommittedBytesMax: 64 << 20,
  readsMax: 8192,
  readTicksMax: 10_000,
  inStepLagMax: 1000,
  counterMax: 2 ** 32 - 1,
  rules: ALL_RULES,
});
