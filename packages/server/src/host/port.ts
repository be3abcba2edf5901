import type {
  Acks,
  Bytes,
  KeyspaceId,
  Machine,
  NodeId,
  Outcome,
  ReadLevel,
  RequestId,
  Ticks,
} from "@quorate/kernel/core";
import type { GroupStatus, Identity, NodeStatus, WatchEnd } from "@quorate/kernel/replica";
import type { LostFile } from "../lost/index.ts";
import type { LossListener } from "./losses.ts";

/** One object per call, so that a request costs no closure. Exactly one of the two is called, once. */
export interface Caller {
  /** `holders`: where a level of acknowledgement was asked for, how many voters surely hold the write. */
  onReply(id: RequestId, outcome: Outcome, holders: number | null): void;
  /** Query the view before returning, or fork it. `leaseTicks`: of a `cacheRead`, how long the answer may be cached. */
  onReadable(id: RequestId, view: Machine, leaseTicks: number | null): void;
}

/** One object per client that caches. */
export interface CacheCaller {
  /** The key is to be dropped as this view has it, and that to be said with `returned`. */
  onRecall(key: string, recall: number, view: Machine): void;
}

/** One object per watch. Called in order; nothing follows `onWatchEnded`. */
export interface WatchCaller {
  onWatching(id: RequestId, revision: number): void;
  /** The events as the machine encoded them, once for all watchers: copy or write them out, never change them. */
  onEvents(id: RequestId, revision: number, part: Bytes): void;
  onWatchEnded(id: RequestId, ended: WatchEnd): void;
}

/**
 * What gateways and the embedded API see of a running node. Calls are gathered and reach the kernel as one
 * turn per turn of the event loop; answers come from a later turn, never from inside the call.
 */
export interface NodePort {
  readonly identity: Identity;
  now(): Ticks;
  request(
    caller: Caller,
    keyspace: KeyspaceId,
    kind: number,
    body: Bytes,
    deadline: Ticks,
    session?: { readonly id: bigint; readonly sequence: number },
    acks?: Acks,
  ): RequestId;
  read(caller: Caller, keyspace: KeyspaceId, level: ReadLevel, deadline: Ticks): RequestId;
  /** No answer is wanted any more; the caller is not called again. */
  cancel(id: RequestId): void;
  moveLeader(caller: Caller, keyspace: KeyspaceId, to: NodeId, deadline: Ticks): RequestId;
  watch(caller: WatchCaller, keyspace: KeyspaceId, body: Bytes): RequestId;
  unwatch(id: RequestId): void;
  /** The watcher's stream is full: no more events until `drained`, then from where it stopped. */
  stalled(id: RequestId): void;
  drained(id: RequestId): void;
  /** The revision up to which all of these watchers have been handed all events; null while one is behind. */
  progress(keyspace: KeyspaceId, watchers: readonly RequestId[]): number | null;
  /** Runs `task` once, when all callers have been told what is known by now: a place to write out what they answered. */
  afterAnswers(task: () => void): void;
  /** Tells of writes to this keyspace that are undone, from now on, until what it gives is called. Null: too many listen. */
  followLosses(keyspace: KeyspaceId, tell: LossListener): (() => void) | null;
  /** What this member wrote out before it undid it. */
  lostFiles(keyspace: KeyspaceId): readonly LostFile[];
  status(): NodeStatus;
  /** What this process has counted of itself since it started: turns, journal, links to peers. */
  counters(): Readonly<Record<string, number>>;
  groupOf(keyspace: KeyspaceId): GroupStatus | null;
}

/** What the gateway of caches sees of it, beside that. */
export interface CachePort {
  /** The number under which a client holds leases; null: there are too many such clients. */
  openCache(caller: CacheCaller): RequestId | null;
  /** Nobody is asked to drop anything any more: what was leased stays so until its time is over. */
  closeCache(holder: RequestId): void;
  /** A linearizable read of one key (one character per byte), at the node that leads: see `NodeInput`. */
  cacheRead(
    caller: Caller,
    holder: RequestId,
    keyspace: KeyspaceId,
    key: string,
    deadline: Ticks,
  ): RequestId;
  returned(holder: RequestId, keyspace: KeyspaceId, key: string, recall: number): void;
}
