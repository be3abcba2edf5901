import type { Outcome } from "./failure.ts";
import type { Bytes, LogIndex, NodeId, PersistSeq, RequestId, Ticks } from "./ids.ts";
import type { Office, Petition } from "./office.ts";

/** What a turn knows of time. The hosts set it, nothing else reads a clock. */
export interface Now {
  readonly ticks: Ticks;
  /** Wall time in milliseconds, as an interval that surely contains it. */
  readonly wall: { readonly earliest: number; readonly latest: number };
}

/** What a reader may see: this replica's state, a confirmed leader's, or a leader's within its lease. */
export type ReadLevel = "local" | "readIndex" | "lease";
/** Strict priority on a peer link: control before log before bulk. */
export type Lane = "control" | "log" | "bulk";

export type EntryKind = "noop" | "command" | "configuration";
export interface Entry {
  readonly index: LogIndex;
  readonly epoch: number;
  readonly kind: EntryKind;
  readonly command: Bytes;
}
export interface Position {
  readonly epoch: number;
  readonly index: LogIndex;
}

/** The members of a group. Joint while `outgoing` is not null (Raft §6): decisions then need both majorities. */
export interface GroupConfig {
  /** Rises with every change of the group made by group 0: a fence for late reconcilers. */
  readonly epoch: number;
  readonly voters: readonly NodeId[];
  readonly outgoing: readonly NodeId[] | null;
  readonly learners: readonly NodeId[];
  /** Of Multi-Paxos, once its voters have changed. */
  readonly slots?: SlotConfig;
}

/** What Multi-Paxos knows of a configuration beside its members (`protocols/paxos/configuration.ts`). */
export interface SlotConfig {
  /** The first slot that the voters decide; those before are the outgoing voters'. */
  readonly from: LogIndex;
  /** The places in ballots: of the voters, and then of the outgoing ones, in their order. */
  readonly places: readonly number[];
  /** Places given so far, in all configurations: none is ever given to two. */
  readonly placesGiven: number;
}

/** A change of a group's members, as the reconciler or an operator asks for it. */
export interface MemberChange {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

/** What a replica brings back from stable storage. */
export interface Recovered {
  /**
   * The machine's position, from the last checkpoint or the group's birth; null for a replica that knows nothing yet.
   * `meta` is null until the protocol has persisted something.
   */
  readonly checkpoint: {
    readonly at: Position;
    readonly config: GroupConfig;
    readonly meta: Bytes | null;
  } | null;
  /** Everything persisted after that checkpoint's cover, in order. */
  readonly records: Iterable<Bytes>;
}

/** What can happen to a replica. */
export type Input<M> =
  | { readonly type: "Receive"; readonly from: NodeId; readonly message: M }
  | {
      readonly type: "Propose";
      readonly commands: readonly { readonly id: RequestId; readonly command: Bytes }[];
    }
  | { readonly type: "Read"; readonly ids: readonly RequestId[]; readonly level: ReadLevel }
  /** All this replica persisted up to here is on stable storage. */
  | { readonly type: "Durable"; readonly upTo: PersistSeq }
  /** The machine has applied up to here. */
  | { readonly type: "Applied"; readonly upTo: LogIndex }
  /** A hint, never a proof. */
  | { readonly type: "Link"; readonly peer: NodeId; readonly up: boolean }
  | {
      readonly type: "ChangeMembers";
      readonly id: RequestId;
      readonly change: MemberChange;
      readonly epoch: number;
    }
  /** The office of the group, by the word of the system keyspace. `until`: as its primary this replica may act so long, if not longer. */
  | { readonly type: "Configure"; readonly office: Office; readonly until: Ticks | null }
  | { readonly type: "TransferLeadership"; readonly id: RequestId; readonly to: NodeId }
  /** Give up leading, for example because the state deviated or the disk is full (cards 65, 66). */
  /** `heir`: hand leadership to the best placed member; else stand back, and let the others elect somebody. */
  | { readonly type: "Yield"; readonly heir: boolean }
  /** A snapshot sent to a peer has arrived there, or has not. */
  | {
      readonly type: "Transferred";
      readonly to: NodeId;
      readonly at: Position;
      readonly ok: boolean;
    }
  /** A snapshot received here is loaded and its checkpoint is being written: the log must stand still. */
  | { readonly type: "Installing"; readonly at: Position }
  /** That checkpoint is durable, and the machine has been replaced by it. */
  | { readonly type: "Installed"; readonly at: Position; readonly config: GroupConfig }
  /** The log up to here may be dropped from memory: a checkpoint covers it. */
  | { readonly type: "Compact"; readonly upTo: LogIndex }
  | { readonly type: "Wake" };

/** What a replica asks of the world. Plain data: printing a step tells the story. */
export type Effect<M> =
  /** `lastIndex` is the highest log index in the record, 0 if it holds no entries: what a checkpoint may leave out. */
  | { readonly type: "Persist"; readonly record: Bytes; readonly lastIndex: LogIndex }
  /** Waits for all this replica ever persisted, unless `early`: then the call site says why it promises nothing. */
  | {
      readonly type: "Send";
      readonly to: NodeId;
      readonly message: M;
      readonly early: boolean;
      readonly lane: Lane;
    }
  | { readonly type: "Commit"; readonly entries: readonly Entry[] }
  /** The named reads may look at the machine once it has applied `at`; `validUntil` bounds a lease read. */
  | {
      readonly type: "Readable";
      readonly ids: readonly RequestId[];
      readonly at: LogIndex;
      readonly validUntil: Ticks | null;
    }
  | { readonly type: "Settle"; readonly id: RequestId; readonly outcome: Outcome }
  /** This peer needs what the log no longer has: stream it a snapshot of the machine. */
  | { readonly type: "Transfer"; readonly to: NodeId }
  /** Entries of this replica's log that may have been acknowledged are no part of its group's any more: too few had them (card 63). */
  | {
      readonly type: "Lost";
      readonly from: LogIndex;
      readonly to: LogIndex;
      /** Those of them that are still in the log. What the effects behind this one remove is written out first. */
      readonly entries: readonly Entry[];
    }
  /** Asked of the system keyspace; the answer is the next `Configure`, or none. */
  | { readonly type: "Petition"; readonly petition: Petition; readonly version: number };

export type Step<S, M> = readonly [next: S, effects: readonly Effect<M>[]];

/** A replication protocol. `step` may reuse the storage of the state it is given: keep only the newest. */
export interface Protocol<S, M> {
  /** Null where the records contradict each other or leave a gap: the group must be repaired from peers. */
  start(
    self: NodeId,
    config: GroupConfig,
    recovered: Recovered,
    seed: bigint,
    now: Now,
  ): Step<S, M> | null;
  /** A replica that lost durable records begins anew; it promises nothing until its peers have made it whole. */
  repair(
    self: NodeId,
    config: GroupConfig,
    readable: Iterable<Bytes>,
    seed: bigint,
    now: Now,
  ): Step<S, M>;
  step(state: S, now: Now, inputs: readonly Input<M>[]): Step<S, M>;
  /** What of the state a checkpoint must carry beside the machine; given back as `Recovered.checkpoint.meta`. */
  meta(state: S): Bytes;
  /** False for a snapshot of what this replica holds already; only a wanted one may be installed. */
  wants(state: S, at: Position): boolean;
  /** Null: sleeps until spoken to. The node keeps one heap of these. */
  wakeAt(state: S): Ticks | null;
}
