import type {
  Acks,
  Bytes,
  ClusterId,
  Failure,
  GroupConfig,
  GroupId,
  JournalSeq,
  KeyspaceId,
  Lane,
  LogIndex,
  Machine,
  NodeId,
  Now,
  Outcome,
  Position,
  ReadLevel,
  RequestId,
  Sink,
  StartId,
  Ticks,
} from "../core/index.ts";
import type { LostWrite, WriteName } from "./lost-writes.ts";

/** Who this node is. The host drew the random parts and persisted them; the start id is new in every life. */
export interface Identity {
  readonly cluster: ClusterId;
  readonly node: NodeId;
  readonly start: StartId;
}

/** How much room the journal's disk has (contracts, Data directory). */
export type Space =
  /** All is served. */
  | "ample"
  /** The first reserved segment is in use: client writes are refused, renewals, deletes, compactions and appends go on. */
  | "low"
  /** The second is all there is: nothing is persisted any more but votes, and leadership is handed over. */
  | "exhausted";

/** A record as the journal holds it; `kind` is a `RecordKind`. */
export interface JournalRecord {
  readonly seq: JournalSeq;
  readonly group: GroupId;
  readonly kind: number;
  readonly bytes: Bytes;
}

/** A checkpoint as the host found it: verified, its blocks joined in order. */
export interface RecoveredCheckpoint {
  readonly group: GroupId;
  readonly covers: JournalSeq;
  readonly chunks: Iterable<Bytes>;
}

/** What the journal and the checkpoints held. Records come in order, all groups mixed. */
export interface RecoveredNode {
  readonly checkpoints: readonly RecoveredCheckpoint[];
  readonly records: Iterable<JournalRecord>;
  /** The sequence of the last record found, 0 if none. */
  readonly lastSeq: JournalSeq;
  /** Groups of which a damaged record was found: they stay silent and are rebuilt from their peers. */
  readonly damaged: readonly GroupId[];
  /**
   * Records are lost that nobody can name a group for, so a group that the disk does not know may have been here:
   * those that are born in this life are rebuilt from their peers too, until all are whole.
   */
  readonly birthsLost: boolean;
}

/** What the host tells the node. One turn carries any number, in the order in which they happened. */
export type NodeInput =
  /** The payload of a frame that `PeerLink.open` accepted. */
  | { readonly type: "Frame"; readonly from: NodeId; readonly bytes: Bytes }
  | { readonly type: "Link"; readonly peer: NodeId; readonly up: boolean }
  /** A command for the keyspace's machine (system keyspace: for group 0). Ends as one `Reply`. */
  | {
      readonly type: "Request";
      readonly id: RequestId;
      readonly keyspace: KeyspaceId;
      readonly kind: number;
      readonly body: Bytes;
      readonly deadline: Ticks;
      /** At most once: a repeated (session, sequence) gets the first outcome again (catalogue A4). */
      readonly session: { readonly id: bigint; readonly sequence: number } | null;
      /** The answer waits until so many disks surely hold it; null: for those alone that the keyspace waits for. */
      readonly acks: Acks | null;
    }
  /** Asks for the right to look. Ends as one `Readable`, or as a `Reply` that failed. */
  | {
      readonly type: "Read";
      readonly id: RequestId;
      readonly keyspace: KeyspaceId;
      readonly level: ReadLevel;
      readonly deadline: Ticks;
    }
  /**
   * A linearizable read of one key for a cache, at the leader. Ends as `Readable` with `leaseTicks`, or as a `Reply` that failed:
   * `NotLeader` says who leads. `holder` names the cache's stream; its leases outlive it.
   */
  | {
      readonly type: "CacheRead";
      readonly id: RequestId;
      readonly holder: RequestId;
      readonly keyspace: KeyspaceId;
      /** One character per byte. */
      readonly key: string;
      readonly deadline: Ticks;
    }
  /** A cache has dropped what it had of the key before that recall. */
  | {
      readonly type: "Returned";
      readonly holder: RequestId;
      readonly keyspace: KeyspaceId;
      readonly key: string;
      readonly recall: number;
    }
  /** The caller is gone: no answer is wanted any more. */
  | { readonly type: "Cancel"; readonly id: RequestId }
  | {
      readonly type: "MoveLeader";
      readonly id: RequestId;
      readonly keyspace: KeyspaceId;
      readonly to: NodeId;
      readonly deadline: Ticks;
    }
  /** Every record up to here is on stable storage. */
  | { readonly type: "Durable"; readonly upTo: JournalSeq }
  /** A sync failed: it is never retried, the node halts. */
  | { readonly type: "DiskFailed"; readonly reason: string }
  | { readonly type: "Space"; readonly space: Space }
  /** Opens a watch with the machine's own request bytes. Ends as `Watching`, then `Events`, or as `WatchEnded`. */
  | {
      readonly type: "Watch";
      readonly id: RequestId;
      readonly keyspace: KeyspaceId;
      readonly body: Bytes;
    }
  | { readonly type: "Unwatch"; readonly id: RequestId }
  /** The watcher's stream is full: nothing more until `Drained`, then from where it stopped. */
  | { readonly type: "Stalled"; readonly id: RequestId }
  | { readonly type: "Drained"; readonly id: RequestId }
  | {
      readonly type: "Checkpointed";
      readonly group: GroupId;
      readonly covers: JournalSeq;
      readonly ok: boolean;
    }
  | {
      readonly type: "Exported";
      readonly group: GroupId;
      readonly id: RequestId;
      readonly ok: boolean;
    }
  /** Hand over leadership of all groups and answer new requests with `Stopped`. */
  | { readonly type: "Drain" };

/** A frozen state that the host writes to a checkpoint file. Must be released. */
export interface Snapshot {
  readonly at: Position;
  readonly hash: bigint;
  /** As `MachineFork.dump`: the parts hold until the next call. */
  dump(from: bigint, bytesMax: number, out: Sink): bigint | null;
  release(): void;
}

/** What the node asks of its host. Plain data, but for the views and snapshots, which are live objects. */
export type NodeEffect =
  | {
      readonly type: "Append";
      readonly seq: JournalSeq;
      readonly group: GroupId;
      readonly kind: number;
      readonly parts: readonly Bytes[];
    }
  /** To be sealed by the peer's `PeerLink` once everything up to `after` is durable. Lost if the link is down. */
  | {
      readonly type: "Frame";
      readonly to: NodeId;
      readonly lane: Lane;
      readonly parts: readonly Bytes[];
      readonly after: JournalSeq;
    }
  | {
      readonly type: "Reply";
      readonly id: RequestId;
      readonly outcome: Outcome;
      /** Where a level was asked for: how many of the voters surely hold it. */
      readonly holders: number | null;
      readonly after: JournalSeq;
    }
  /**
   * The right to look at the machine, now: query it before the next turn, or fork it. Where `validUntil` is not
   * null the answer may leave only before that tick.
   */
  | {
      readonly type: "Readable";
      readonly id: RequestId;
      readonly view: Machine;
      readonly validUntil: Ticks | null;
      /** Of a `CacheRead`: the key may be cached so long, counted from when the cache asked and within its bound; null: not at all. */
      readonly leaseTicks: number | null;
    }
  /** Whoever caches the key is asked to drop it as `view` has it, and to answer with `Returned`. */
  | {
      readonly type: "Recall";
      readonly holder: RequestId;
      readonly key: string;
      readonly recall: number;
      readonly view: Machine;
    }
  /** The watch is open and the machine stands at `revision`; events follow. */
  | { readonly type: "Watching"; readonly id: RequestId; readonly revision: number }
  /** The same bytes for every watcher named: the events, whole revisions, in order. `revision` is the header's. */
  | {
      readonly type: "Events";
      readonly watchers: readonly RequestId[];
      readonly revision: number;
      readonly part: Bytes;
    }
  | { readonly type: "WatchEnded"; readonly id: RequestId; readonly ended: WatchEnd }
  | {
      readonly type: "Checkpoint";
      readonly group: GroupId;
      readonly from: Snapshot;
      readonly covers: JournalSeq;
    }
  /**
   * Writes that this node's log has and its group's has not, in a file of their own. Ends as `Exported`, once that is on stable storage
   * under its name; the same writes may be asked for again, after a crash or a failure.
   */
  | {
      readonly type: "Export";
      readonly id: RequestId;
      readonly group: GroupId;
      readonly keyspace: KeyspaceId;
      readonly from: LogIndex;
      readonly to: LogIndex;
      /** None of them is left out but what the log had dropped. */
      readonly writes: readonly LostWrite[];
    }
  /** These were undone, here or at another member: whoever asked for them may want to know. Told once, or not at all. */
  | {
      readonly type: "Undone";
      readonly keyspace: KeyspaceId;
      readonly writes: readonly WriteName[];
    }
  /** The group is gone for good: its checkpoints are of no use. After a crash before that it is asked for again. */
  | { readonly type: "Retire"; readonly group: GroupId }
  /** Segments whose records are all older than this may be deleted. */
  | { readonly type: "Retain"; readonly from: JournalSeq }
  /** The members of the cluster changed: dial these, and hang up on others. */
  | { readonly type: "Peers"; readonly peers: readonly PeerAddress[] }
  /** The keyspaces of the cluster changed: give each that is exposed its port, and no other. */
  | { readonly type: "Keyspaces"; readonly keyspaces: readonly KeyspaceStatus[] }
  /** Something an operator wants to read in the log. */
  | {
      readonly type: "Note";
      readonly level: "info" | "warn" | "error";
      readonly event: string;
      readonly fields: Readonly<Record<string, string | number | bigint | boolean | null>>;
    }
  /** Stop at once: going on would break a promise. */
  | { readonly type: "Halt"; readonly reason: string };

/** Why a watch ended. */
export type WatchEnd =
  /** History up to `compactRevision` is gone. */
  | { readonly type: "Compacted"; readonly compactRevision: number }
  /** The request itself was refused; the text is the API's own. */
  | { readonly type: "Refused"; readonly reason: string }
  /** The replica here stopped serving: watch elsewhere. */
  | { readonly type: "Lost"; readonly failure: Failure };

export interface PeerAddress {
  readonly node: NodeId;
  /** host:port of the peer port. */
  readonly address: string;
}

/** What an operator, a gateway's header or a metric may know of a keyspace's group as this node sees it. */
export interface GroupStatus {
  readonly group: GroupId;
  readonly keyspace: KeyspaceId;
  readonly role: "leader" | "follower" | "candidate" | "learner" | "none";
  readonly leader: NodeId | null;
  /** Who holds all that was acknowledged, as far as is heard here; null where the protocol elects its leader, who alone knows. */
  readonly inStep: readonly NodeId[] | null;
  readonly term: number;
  readonly commitIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly config: GroupConfig;
  /** True once all that was committed before the restart has been applied again. */
  readonly recovered: boolean;
  /** False while the replica deviates or is being rebuilt. */
  readonly serving: boolean;
  /** For local reads by gateways; null where this node holds no replica. */
  readonly view: Machine | null;
}

export interface MemberStatus {
  readonly node: NodeId;
  readonly name: string;
  readonly peerAddress: string;
  readonly clientAddresses: readonly string[];
  readonly learner: boolean;
  readonly space: Space;
}

export interface KeyspaceStatus {
  readonly keyspace: KeyspaceId;
  readonly name: string;
  readonly profile: string;
  readonly group: GroupId;
  /** The client port that speaks of this keyspace alone, as a node on the least client port of its host has it. */
  readonly exposed: number | null;
  /** Who holds its replicas for good; null: all voting members. */
  readonly replicas: readonly NodeId[] | null;
}

export interface NodeStatus {
  readonly identity: Identity;
  readonly clusterVersion: number;
  readonly members: readonly MemberStatus[];
  readonly keyspaces: readonly KeyspaceStatus[];
  readonly groups: number;
  readonly pending: number;
  readonly counters: Readonly<Record<string, number>>;
}

/** One node with all its groups. Made by `startNode`; driven by `server` and `sim` alike. */
export interface NodeKernel {
  turn(now: Now, inputs: readonly NodeInput[]): readonly NodeEffect[];
  wakeAt(): Ticks | null;
  status(): NodeStatus;
  groupOf(keyspace: KeyspaceId): GroupStatus | null;
  /** The revision up to which every one of these watchers has been given all its events; null while one is behind. */
  progress(keyspace: KeyspaceId, watchers: readonly RequestId[]): number | null;
}
