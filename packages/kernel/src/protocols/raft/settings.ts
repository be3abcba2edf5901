/**
 * The safety rules of Raft, each with a switch. All hold in production: the server's configuration cannot express
 * them. Simulator and tests switch one off to show that the suite then finds the break (card 32, check 7).
 */
export interface RaftRules {
  /** Votes, terms and entries are on stable storage before anything that promises them leaves (§5). */
  readonly persistBeforeReply: boolean;
  /** One vote per term (§5.2). */
  readonly voteOncePerTerm: boolean;
  /** A vote only for a log at least as complete as one's own (§5.4.1). */
  readonly upToDateLog: boolean;
  /** Only entries of the leader's own term are committed by counting (§5.4.2). */
  readonly commitOnlyOwnTerm: boolean;
  /** A new leader appends an entry of its own term (§8). */
  readonly noopOnElection: boolean;
  /** Entries are removed only where one conflicts, never because a message was shorter (§5.3). */
  readonly truncateOnlyOnConflict: boolean;
  /** Messages of older terms are refused (§5.1). */
  readonly termCheck: boolean;
  /** A read waits for a round of confirmations begun after it came (§8). */
  readonly confirmReads: boolean;
  /** A configuration is changed only after an entry of the leader's own term committed (Ongaro's note of 2015). */
  readonly changeNeedsOwnTerm: boolean;
  /** While joint, decisions need both majorities (§6). */
  readonly jointNeedsBoth: boolean;
  /** A replica that lost records begins past every term in which it can have voted (RF-13). */
  readonly repairPastLostVotes: boolean;
  /** A replica that was rebuilt votes only once an entry of its leader's own term is committed here (RF-13). */
  readonly repairedByOwnTerm: boolean;
  /** The leader counts itself only for what its own disk holds. */
  readonly countSelfWhenDurable: boolean;
  /** A lease ends before any other replica may vote, by the bound on clock drift (dissertation §6.4.1). */
  readonly leaseWithinBound: boolean;
  /** Asks before raising the term (dissertation §9.6). */
  readonly preVote: boolean;
  /** A leader that hears no majority for an election time-out steps down (dissertation §6.2). */
  readonly checkQuorum: boolean;
  /** A leader whose own disk hangs steps down. */
  readonly stepDownOnHungDisk: boolean;
}

export const ALL_RULES: RaftRules = Object.freeze({
  persistBeforeReply: true,
  voteOncePerTerm: true,
  upToDateLog: true,
  commitOnlyOwnTerm: true,
  noopOnElection: true,
  truncateOnlyOnConflict: true,
  termCheck: true,
  confirmReads: true,
  changeNeedsOwnTerm: true,
  jointNeedsBoth: true,
  repairPastLostVotes: true,
  repairedByOwnTerm: true,
  countSelfWhenDurable: true,
  leaseWithinBound: true,
  preVote: true,
  checkQuorum: true,
  stepDownOnHungDisk: true,
});

/** Times are ticks (milliseconds), sizes bytes; each bound says what happens when it is hit. */
export interface RaftSettings {
  readonly heartbeatTicks: number;
  /** A follower that hears nothing for a random time in [min, max) asks to be elected. */
  readonly electionTicksMin: number;
  readonly electionTicksMax: number;
  /**
   * After a closed link to the leader, the random wait before a pre-vote: [0, this), behind twice this for each voter that stands before.
   */
  readonly linkLossTicksMax: number;
  /** Lease reads are served without a round of messages. Off by default. */
  readonly leaseReads: boolean;
  /** Clocks of two members differ in rate by at most 1/this: a lease is shortened by that share. */
  readonly clockDriftDivisor: number;
  /** Entries and bytes of one append message. */
  readonly batchEntriesMax: number;
  readonly batchBytesMax: number;
  /** Append messages and their bytes under way to one follower; beyond it entries wait in the log. */
  readonly inflightMessagesMax: number;
  readonly inflightBytesMax: number;
  /** Without an answer for so long, what is under way to a follower counts as lost and is probed again. */
  readonly retransmitTicks: number;
  /** `eager`: followers hear of a commit at once; `ride`: with the next append or heartbeat (explicit mode). */
  readonly commitNotice: "eager" | "ride";
  /** Commands proposed and not yet committed; beyond it `Overloaded`. */
  readonly uncommittedEntriesMax: number;
  readonly uncommittedBytesMax: number;
  /** Reads waiting for a confirmation; beyond it `Overloaded`. */
  readonly readsMax: number;
  /** A read that could not be confirmed for so long is dropped with `NoLeader`. */
  readonly readTicksMax: number;
  /** A learner this many entries behind may be promoted. */
  readonly promoteLagMax: number;
  /** Idle for so long, with every follower in step, a group falls asleep and costs nothing. 0: never. */
  readonly quiesceTicks: number;
  readonly rules: RaftRules;
}

export const DEFAULT_SETTINGS: RaftSettings = Object.freeze({
  heartbeatTicks: 100,
  electionTicksMin: 500,
  electionTicksMax: 1000,
  linkLossTicksMax: 50,
  leaseReads: false,
  clockDriftDivisor: 10,
  batchEntriesMax: 4096,
  batchBytesMax: 1 << 20,
  inflightMessagesMax: 64,
  inflightBytesMax: 8 << 20,
  retransmitTicks: 500,
  commitNotice: "eager",
  uncommittedEntriesMax: 16_384,
  uncommittedBytesMax: 64 << 20,
  readsMax: 8192,
  readTicksMax: 10_000,
  promoteLagMax: 1000,
  quiesceTicks: 3000,
  rules: ALL_RULES,
});
