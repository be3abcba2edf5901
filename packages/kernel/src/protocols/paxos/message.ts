import type { Accepted, Ballot, Entry, LogIndex } from "../../core/index.ts";

/** A place in the sequence of decisions: the index that its entry has in the log. */
export type Slot = LogIndex;

/**
 * Everything Multi-Paxos puts on the wire, in Lamport's words. `Promised` is his PROMISE: the plain word belongs to the language. The
 * sender travels beside it.
 */
export type PaxosMessage =
  | PreVote
  | PreVoteReply
  | Prepare
  | Promised
  | Reject
  | Accept
  | AcceptedSlots
  | Decided
  | Ack
  | Heartbeat
  | HeartbeatReply
  | TakeOver
  | ReadIndex
  | ReadIndexReply;

/** Would you promise me this ballot? Changes nothing at either end (card 18: refuse prepares while a leader is heard). */
export interface PreVote {
  readonly type: "PreVote";
  readonly ballot: Ballot;
  /** The first slot that the sender does not know to be chosen. */
  readonly fromSlot: Slot;
}

export interface PreVoteReply {
  readonly type: "PreVoteReply";
  /** The ballot asked about if granted, what the replier has promised if not. */
  readonly ballot: Ballot;
  readonly granted: boolean;
}

/** Phase 1a, for this slot and all after it. An acceptor whose answer does not fit into one message is asked again for the rest. */
export interface Prepare {
  readonly type: "Prepare";
  readonly ballot: Ballot;
  readonly fromSlot: Slot;
  /** The old leader asked for this, so hearing from it is no reason to ignore it. */
  readonly takeOver: boolean;
}

/** Phase 1b. */
export interface Promised {
  readonly type: "Promised";
  readonly ballot: Ballot;
  /** As asked: the entries of `chosen` begin there. */
  readonly fromSlot: Slot;
  readonly chosen: readonly Entry[];
  readonly accepted: readonly Accepted<Entry>[];
  /** All slots up to here are known to be chosen, and their entries are there. */
  readonly decided: Slot;
  /** The highest ballot under which anything may have been accepted there: never less, perhaps more. */
  readonly acceptedUnder: Ballot;
  /** From where on to ask for the rest; null where this was all. */
  readonly rest: Slot | null;
}

/** Of phase 1 or 2: this acceptor has promised a higher ballot. Binds nobody. */
export interface Reject {
  readonly type: "Reject";
  readonly ballot: Ballot;
  readonly promised: Ballot;
}

/** Phase 2a, for consecutive slots. Of those up to `decided` it tells what was chosen. */
export interface Accept {
  readonly type: "Accept";
  readonly ballot: Ballot;
  readonly slot: Slot;
  readonly entries: readonly Entry[];
  /** All slots up to here are chosen, with what this ballot's leader proposed there or knows. */
  readonly decided: Slot;
  /** The leader's newest round of confirmations; the answer repeats it. */
  readonly round: number;
}

/** Phase 2b. */
export interface AcceptedSlots {
  readonly type: "AcceptedSlots";
  readonly ballot: Ballot;
  /** As in the message that is answered. */
  readonly slot: Slot;
  /** Accepted from `slot` on: fewer than were sent where the window was full, 0 from a replica that is being rebuilt. */
  readonly count: number;
  /** All slots up to here are known to be chosen, and their entries are here. */
  readonly decided: Slot;
  readonly round: number;
}

/** What was accepted under this ballot up to here is chosen. */
export interface Decided {
  readonly type: "Decided";
  readonly ballot: Ballot;
  readonly decided: Slot;
  /** Explicit mode: to be answered by an `Ack`. */
  readonly acknowledge: boolean;
}

export interface Ack {
  readonly type: "Ack";
  readonly ballot: Ballot;
  readonly decided: Slot;
}

export interface Heartbeat {
  readonly type: "Heartbeat";
  readonly ballot: Ballot;
  readonly decided: Slot;
  /** The first slot that this leader gave to an entry of its own: nothing chosen under an older ballot lies behind it. */
  readonly ownFrom: Slot;
  readonly round: number;
}

export interface HeartbeatReply {
  readonly type: "HeartbeatReply";
  readonly ballot: Ballot;
  readonly decided: Slot;
  readonly round: number;
  /** It is being rebuilt: nothing that it says counts. */
  readonly repairing: boolean;
}

/** The leader asks the receiver to take its place. */
export interface TakeOver {
  readonly type: "TakeOver";
  readonly ballot: Ballot;
}

/** A follower asks for a confirmed slot on behalf of its readers. */
export interface ReadIndex {
  readonly type: "ReadIndex";
  readonly ballot: Ballot;
  /** The follower's own count of such questions. A retry is a new question. */
  readonly question: number;
}

export interface ReadIndexReply {
  readonly type: "ReadIndexReply";
  readonly ballot: Ballot;
  readonly question: number;
  readonly readIndex: Slot;
}
