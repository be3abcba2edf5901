import {
  type Acks,
  type Bytes,
  clusterId,
  DEFAULT_KEYSPACE,
  type Failure,
  fail,
  groupId,
  type KeyspaceId,
  keyspaceId,
  logIndex,
  type NodeId,
  nodeId,
  type Outcome,
  type ReadLevel,
  type RequestId,
  type Results,
  requestId,
  SYSTEM_KEYSPACE,
  startId,
  type Ticks,
  ticks,
} from "@quorate/kernel/core";
import { EtcdMachine, QUOTA_BYTES_DEFAULT } from "@quorate/kernel/etcd";
import type {
  GroupStatus,
  Identity,
  MemberStatus,
  NodeStatus,
  WriteName,
} from "@quorate/kernel/replica";
import type {
  ClusterAdmin,
  KeyspaceAdmin,
  KeyspaceChange,
  MemberCallback,
  MemberOutcome,
  Unlinearizable,
} from "../../src/gateway/index.ts";
import type { Caller, NodePort, WatchCaller } from "../../src/host/index.ts";
import type { LostFile } from "../../src/lost/index.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const SELF = nodeId(0x1234n);
const PUMP_OPS = 1000;

/**
 * A node that is its whole cluster and keeps nothing: the real machine, applied to at once, in turns of the event
 * loop as a host runs them. What a cluster can do to a request is set from outside.
 */
export class SoloNode implements NodePort, ClusterAdmin, KeyspaceAdmin, Results {
  readonly identity: Identity = { cluster: clusterId(0xabcdn), node: SELF, start: startId(1n) };
  readonly machine: EtcdMachine;
  /** Settable: what this node believes. */
  group: Mutable<GroupStatus>;
  members: MemberStatus[] = [
    {
      node: SELF,
      name: "solo",
      peerAddress: "127.0.0.1:2380",
      clientAddresses: ["127.0.0.1:2379"],
      learner: false,
      space: "ample",
    },
  ];
  /** While set, every request ends with it. */
  failure: Failure | null = null;
  /** Acknowledged writes may be lost, as where replication is asynchronous. */
  reads: Unlinearizable | null = null;
  /** What it says of those who hold a write. */
  holders: number | null = null;
  /** While true, nothing is answered. */
  frozen = false;
  /** Kinds of requests that are kept for `release`. */
  held: ReadonlySet<number> = new Set();
  #kept: (() => void)[] = [];
  /** Kinds of all requests that came this far. */
  readonly asked: number[] = [];
  memberOutcome: MemberOutcome = { ok: true, member: SELF };
  readonly memberChanges: unknown[] = [];
  readonly levels: ReadLevel[] = [];
  /** Who wants to know of writes that are undone. */
  readonly undone = new Set<(writes: readonly WriteName[]) => void>();
  readonly lost: LostFile[] = [];
  /** The level that each request asked for. */
  readonly acks: (Acks | null)[] = [];
  /** Resolves when a request is withdrawn. */
  readonly withdrawn: Promise<void>;
  #onWithdrawn: () => void = () => {};
  /** Names of what happened to watchers. */
  readonly events: string[] = [];
  readonly #awaited = new Map<string, () => void>();
  #nextId = 1;
  #index = 0;
  #at = 1000;
  #turn: (() => void)[] = [];
  #callers = new Map<RequestId, Caller>();
  #watchers = new Map<RequestId, WatchCaller>();

  constructor(quotaBytes = QUOTA_BYTES_DEFAULT) {
    this.withdrawn = new Promise((resolve) => {
      this.#onWithdrawn = resolve;
    });
    this.machine = new EtcdMachine({
      quotaBytes,
      txnOpsMax: 128,
      leaseTtlSecondsMin: 2,
      leasesMax: 1000,
      watchersMax: 1000,
    });
    this.group = {
      group: groupId(1),
      keyspace: DEFAULT_KEYSPACE,
      role: "leader",
      leader: SELF,
      inStep: null,
      term: 3,
      commitIndex: logIndex(0),
      appliedIndex: logIndex(0),
      lastIndex: logIndex(0),
      config: { epoch: 1, voters: [SELF], outgoing: null, learners: [] },
      recovered: true,
      serving: true,
      view: this.machine,
    };
    const due = this.machine.due(this.#at);
    if (due !== null) this.#apply(due.kind, due.body, null);
  }

  unlinearizable(): Unlinearizable | null {
    return this.reads;
  }

  now(): Ticks {
    return ticks(Math.floor(performance.now()));
  }

  /** Log time moves by itself in a cluster; here it is moved. */
  advance(ms: number): void {
    this.#at += ms;
    const due = this.machine.due(this.#at);
    if (due !== null) this.#apply(due.kind, due.body, null);
    this.#inTurn(() => {});
  }

  /** Resolves once that was noted. */
  event(name: string): Promise<void> {
    if (this.events.includes(name)) return Promise.resolve();
    return new Promise((resolve) => void this.#awaited.set(name, resolve));
  }

  /** Resolves at the end of the next turn that unwatches. */
  idle(): Promise<void> {
    return this.event("unwatched");
  }

  request(
    caller: Caller,
    _: KeyspaceId,
    kind: number,
    body: Bytes,
    deadline: Ticks,
    _session?: unknown,
    acks?: Acks,
  ): RequestId {
    this.asked.push(kind);
    this.acks.push(acks ?? null);
    return this.#ask(caller, deadline, (id) => {
      if (this.held.has(kind)) this.#kept.push(() => this.#apply(kind, body, id));
      else this.#apply(kind, body, id);
    });
  }

  /** Applies what was kept, and keeps nothing more. */
  release(): void {
    this.held = new Set();
    for (const apply of this.#kept.splice(0)) this.#inTurn(apply);
  }

  read(caller: Caller, keyspace: KeyspaceId, level: ReadLevel, deadline: Ticks): RequestId {
    this.levels.push(level);
    return this.#ask(caller, deadline, (id) => {
      if (keyspace === SYSTEM_KEYSPACE || keyspace === DEFAULT_KEYSPACE)
        this.#take(id)?.onReadable(id, this.machine, null);
    });
  }

  cancel(id: RequestId): void {
    this.#onWithdrawn();
    this.#callers.delete(id);
  }

  moveLeader(caller: Caller, _: KeyspaceId, to: NodeId, deadline: Ticks): RequestId {
    return this.#ask(caller, deadline, (id) => {
      this.group.leader = to;
      this.result(id, { ok: true, value: new Uint8Array(0) });
    });
  }

  watch(caller: WatchCaller, _: KeyspaceId, body: Bytes): RequestId {
    const id = this.#id();
    this.#inTurn(() => {
      const opened = this.machine.watches.watch(id, body);
      if ("refused" in opened) caller.onWatchEnded(id, { type: "Refused", reason: opened.refused });
      else {
        this.#watchers.set(id, caller);
        caller.onWatching(id, opened.revision);
      }
    });
    return id;
  }

  unwatch(id: RequestId): void {
    this.#watchers.delete(id);
    this.#inTurn(() => this.machine.watches.unwatch(id));
    this.#inTurn(() => this.#note("unwatched"));
  }

  stalled(id: RequestId): void {
    this.#note("stalled");
    this.#inTurn(() => this.machine.watches.stall(id));
  }

  drained(id: RequestId): void {
    this.#note("drained");
    this.#inTurn(() => this.machine.watches.drain(id));
  }

  progress(_: KeyspaceId, watchers: readonly RequestId[]): number | null {
    return this.machine.watches.progress(watchers);
  }

  afterAnswers(task: () => void): void {
    queueMicrotask(task);
  }

  status(): NodeStatus {
    const keyspaces = [
      {
        keyspace: DEFAULT_KEYSPACE,
        name: "default",
        profile: "etcd",
        group: groupId(1),
        exposed: null,
        replicas: null,
      },
      {
        keyspace: keyspaceId(2),
        name: "carts",
        profile: "etcd+reads=local",
        group: groupId(2),
        exposed: null,
        replicas: null,
      },
    ];
    const { identity, members } = this;
    return {
      identity,
      clusterVersion: 1,
      members,
      keyspaces,
      groups: 2,
      pending: 0,
      counters: { leader_changes_seen: 4 },
    };
  }

  counters(): Readonly<Record<string, number>> {
    return { peer_frames_sent: 5, peer_bytes_sent: 600, journal_batches: 7 };
  }

  followLosses(_: KeyspaceId, tell: (writes: readonly WriteName[]) => void): () => void {
    this.undone.add(tell);
    return () => {
      this.undone.delete(tell);
      this.#note("deaf");
    };
  }

  lostFiles(keyspace: KeyspaceId): readonly LostFile[] {
    return this.lost.filter((one) => one.keyspace === keyspace);
  }

  groupOf(keyspace: KeyspaceId): GroupStatus | null {
    return keyspace === DEFAULT_KEYSPACE ? this.group : null;
  }

  addMember(peerUrls: readonly string[], learner: boolean, _: Ticks, done: MemberCallback): void {
    this.#change({ add: peerUrls, learner }, done);
  }

  removeMember(member: NodeId, _: Ticks, done: MemberCallback): void {
    this.#change({ remove: member }, done);
  }

  updateMember(member: NodeId, peerUrls: readonly string[], _: Ticks, done: MemberCallback): void {
    this.#change({ update: member, peerUrls }, done);
  }

  promoteMember(member: NodeId, _: Ticks, done: MemberCallback): void {
    this.#change({ promote: member }, done);
  }

  changeKeyspaces(change: KeyspaceChange, _: Ticks, done: (failure: Failure | null) => void): void {
    this.memberChanges.push(change);
    this.#inTurn(() => done(null));
  }

  result(id: RequestId, outcome: Outcome): void {
    this.#take(id)?.onReply(id, outcome, this.holders);
  }

  #note(name: string): void {
    this.events.push(name);
    this.#awaited.get(name)?.();
  }

  #change(change: unknown, done: MemberCallback): void {
    this.memberChanges.push(change);
    this.#inTurn(() => done(this.memberOutcome));
  }

  #ask(caller: Caller, _: Ticks, act: (id: RequestId) => void): RequestId {
    const id = this.#id();
    this.#callers.set(id, caller);
    this.#inTurn(() => {
      if (this.frozen) return;
      if (this.failure === null) act(id);
      else this.result(id, fail(this.failure));
    });
    return id;
  }

  #apply(kind: number, body: Bytes, origin: RequestId | null): void {
    this.#index++;
    this.group.commitIndex = this.group.appliedIndex = this.group.lastIndex = logIndex(this.#index);
    this.machine.apply([{ index: logIndex(this.#index), at: this.#at, kind, body, origin }], this);
  }

  #take(id: RequestId): Caller | undefined {
    const caller = this.#callers.get(id);
    this.#callers.delete(id);
    return caller;
  }

  #id(): RequestId {
    return requestId(this.#nextId++);
  }

  #inTurn(act: () => void): void {
    this.#turn.push(act);
    if (this.#turn.length === 1) setImmediate(() => this.#run());
  }

  #run(): void {
    const acts = this.#turn;
    this.#turn = [];
    for (const act of acts) act();
    const more = this.machine.watches.pump(PUMP_OPS, {
      events: (ids, revision, part) => {
        for (const id of ids) this.#watchers.get(id)?.onEvents(id, revision, part);
      },
      compacted: (id, compactRevision) => {
        const watcher = this.#watchers.get(id);
        this.#watchers.delete(id);
        watcher?.onWatchEnded(id, { type: "Compacted", compactRevision });
      },
    });
    if (more) this.#inTurn(() => {});
  }
}
