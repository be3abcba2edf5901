import type { Brand, Entry, LogIndex } from "../../core/index.ts";

/** Counts elections. Starts at 0 and never decreases on a replica, crash or no crash. */
export type Term = Brand<number, "Term">;

export function term(n: number): Term {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`${n} is no term`);
  return n as Term;
}

/** Everything Raft puts on the wire. Field names are those of the paper's Figure 2; the sender travels beside it. */
export type RaftMessage =
  | PreVote
  | PreVoteReply
  | RequestVote
  | RequestVoteReply
  | AppendEntries
  | AppendEntriesReply
  | Heartbeat
  | HeartbeatReply
  | TimeoutNow
  | ReadIndex
  | ReadIndexReply;

/** Would you vote for me in this term? Changes nothing at either end (dissertation §9.6). */
export interface PreVote {
  readonly type: "PreVote";
  /** The term the sender would stand in: its own plus one. */
  readonly term: Term;
  readonly lastLogIndex: LogIndex;
  readonly lastLogTerm: Term;
}

export interface PreVoteReply {
  readonly type: "PreVoteReply";
  /** The term asked about if granted, the replier's own if not. */
  readonly term: Term;
  readonly voteGranted: boolean;
}

export interface RequestVote {
  readonly type: "RequestVote";
  readonly term: Term;
  readonly lastLogIndex: LogIndex;
  readonly lastLogTerm: Term;
  /** The old leader asked for this election, so hearing from it is no reason to refuse (dissertation §3.10). */
  readonly transfer: boolean;
}

export interface RequestVoteReply {
  readonly type: "RequestVoteReply";
  readonly term: Term;
  readonly voteGranted: boolean;
}

export interface AppendEntries {
  readonly type: "AppendEntries";
  readonly term: Term;
  readonly prevLogIndex: LogIndex;
  readonly prevLogTerm: Term;
  readonly entries: readonly Entry[];
  readonly leaderCommit: LogIndex;
  /** The leader's newest round of confirmations; the reply repeats it, which confirms every read begun before. */
  readonly round: number;
}

export interface AppendEntriesReply {
  readonly type: "AppendEntriesReply";
  readonly term: Term;
  readonly success: boolean;
  /** Success: the highest index known to equal the leader's. Failure: where to look next, never above it. */
  readonly matchIndex: LogIndex;
  /** Failure only: the term at `matchIndex` here, so that a whole conflicting term is skipped at a time. */
  readonly conflictTerm: Term;
  /** Failure only: the `prevLogIndex` that was refused, to tell an old refusal from a new one. */
  readonly rejectedIndex: LogIndex;
  readonly round: number;
}

export interface Heartbeat {
  readonly type: "Heartbeat";
  readonly term: Term;
  /** Never above what the receiver is known to hold. */
  readonly leaderCommit: LogIndex;
  /** 0 where it only tells of a commit: that asks for no answer. */
  readonly round: number;
  /** All are in step and nothing is under way: sleep until spoken to. */
  readonly quiesce: boolean;
}

export interface HeartbeatReply {
  readonly type: "HeartbeatReply";
  readonly term: Term;
  readonly round: number;
  readonly lastLogIndex: LogIndex;
}

/** Stand for election now (dissertation §3.10). */
export interface TimeoutNow {
  readonly type: "TimeoutNow";
  readonly term: Term;
}

/** A follower asks for a confirmed commit index on behalf of its readers (dissertation §6.4). */
export interface ReadIndex {
  readonly type: "ReadIndex";
  readonly term: Term;
  /** The follower's own count of such questions. A retry is a new question. */
  readonly question: number;
}

export interface ReadIndexReply {
  readonly type: "ReadIndexReply";
  readonly term: Term;
  readonly question: number;
  readonly readIndex: LogIndex;
}
