import type { Brand, Entry, LogIndex, NodeId, Position } from "../../core/index.ts";

/** Counts leaders. Starts at 0; what a replica has accepted never decreases, crash or no crash. */
export type Epoch = Brand<number, "Epoch">;

export function epoch(n: number): Epoch {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`${n} is no epoch`);
  return n as Epoch;
}

/** Everything ZAB puts on the wire, by the paper's names or ZooKeeper's; the sender travels beside it. */
export type ZabMessage =
  | Notification
  | FollowerInfo
  | NewEpoch
  | AckEpoch
  | Truncate
  | Proposal
  | Acknowledgement
  | HistoryEnd
  | NewLeader
  | AckNewLeader
  | UpToDate
  | Commit
  | CommitReceived
  | Ping
  | Pong
  | Sync
  | SyncReply
  | Appoint;

/** What makes one candidate better than another: the newer epoch it followed, then the later zxid. */
export interface Credentials {
  readonly currentEpoch: Epoch;
  readonly last: Position;
}

/** One that could lead. */
export interface Candidate extends Credentials {
  /** It has just given up leading: of equals it is the last choice. */
  readonly reluctant: boolean;
}

/** Phase 0: where the sender stands, and whom it would have lead. A hint: nothing safe rests on it. */
export interface Notification {
  readonly type: "Notification";
  readonly standing: "looking" | "following" | "leading";
  /** The epoch it has accepted: tells a leader that gave up from one that had not begun. */
  readonly acceptedEpoch: Epoch;
  /** Null: it does not stand. */
  readonly candidate: Candidate | null;
  readonly vote: NodeId | null;
}

/** Phase 1, CEPOCH: a follower reports to its prospective leader. */
export interface FollowerInfo {
  readonly type: "FollowerInfo";
  readonly acceptedEpoch: Epoch;
  /** Not 0: it lost durable records and does not count; the mark is of this life of its repair. */
  readonly repairMark: number;
}

/** Phase 1, NEWEPOCH. */
export interface NewEpoch {
  readonly type: "NewEpoch";
  readonly epoch: Epoch;
  /** The receiver's repair mark, if the epoch was chosen after the leader had heard it; else 0. */
  readonly chosenAfter: number;
}

/** Phase 1, ACK-E: the promise to follow no leader of an earlier epoch, and what the follower's history is. */
export interface AckEpoch extends Credentials {
  readonly type: "AckEpoch";
  readonly epoch: Epoch;
  /** False where the epoch was promised to another leader, or the follower is being repaired: then it is no promise. */
  readonly counts: boolean;
}

/** Phase 2, TRUNC: of a history that ends at `from`, keep what lies at or below `to` in the order of zxids. */
export interface Truncate {
  readonly type: "Truncate";
  readonly epoch: Epoch;
  readonly from: Position;
  readonly to: Position;
}

/** Phases 2 and 3: DIFF is a run of these, PROPOSAL one. They follow `prev` in the leader's history. */
export interface Proposal {
  readonly type: "Proposal";
  readonly epoch: Epoch;
  readonly prev: Position;
  readonly entries: readonly Entry[];
}

/** ACK: the follower's durable history is the leader's up to here. */
export interface Acknowledgement {
  readonly type: "Acknowledgement";
  readonly epoch: Epoch;
  readonly upTo: LogIndex;
}

/** The follower's durable history ends here: what came does not join it. */
export interface HistoryEnd {
  readonly type: "HistoryEnd";
  readonly epoch: Epoch;
  readonly last: Position;
}

/** Phase 2, NEWLEADER: up to `last` your history is now mine. */
export interface NewLeader {
  readonly type: "NewLeader";
  readonly epoch: Epoch;
  readonly last: Position;
}

/** ACK of NEWLEADER: history and `currentEpoch` are durable. */
export interface AckNewLeader {
  readonly type: "AckNewLeader";
  readonly epoch: Epoch;
  readonly upTo: LogIndex;
  /** As in FollowerInfo: not 0 from one that is being repaired, which does not count. */
  readonly repairMark: number;
}

/** Phase 2, UPTODATE: the epoch is established; serve, and deliver up to `commit`. */
export interface UpToDate {
  readonly type: "UpToDate";
  readonly epoch: Epoch;
  readonly commit: LogIndex;
}

/** Phase 3, COMMIT. */
export interface Commit {
  readonly type: "Commit";
  readonly epoch: Epoch;
  readonly upTo: LogIndex;
}

/** Answers COMMIT where `acknowledgeCommits` asks for it; nobody acts on it. */
export interface CommitReceived {
  readonly type: "CommitReceived";
  readonly epoch: Epoch;
  readonly upTo: LogIndex;
}

export interface Ping {
  readonly type: "Ping";
  readonly epoch: Epoch;
  readonly round: number;
  readonly commit: LogIndex;
}

export interface Pong {
  readonly type: "Pong";
  readonly epoch: Epoch;
  readonly round: number;
  /** It has heard UPTODATE. */
  readonly upToDate: boolean;
}

/** A follower asks, for its readers, to be brought level with the leader. */
export interface Sync {
  readonly type: "Sync";
  readonly epoch: Epoch;
  /** The follower's own count of such questions. A retry is a new question. */
  readonly question: number;
}

export interface SyncReply {
  readonly type: "SyncReply";
  readonly epoch: Epoch;
  readonly question: number;
  readonly upTo: LogIndex;
}

/** The leader names who leads the next epoch, itself included: follow that one without an election. */
export interface Appoint {
  readonly type: "Appoint";
  readonly epoch: Epoch;
  readonly leader: NodeId;
}
