import {
  type Bytes,
  DEFAULT_KEYSPACE,
  type Failure,
  fail,
  type GroupId,
  type JournalSeq,
  type KeyspaceId,
  type Lane,
  type Machine,
  Malformed,
  type NodeId,
  type Now,
  type Outcome,
  type ReadLevel,
  type RequestId,
  SYSTEM_GROUP,
  SYSTEM_KEYSPACE,
  type Ticks,
  unreachable,
} from "../core/index.ts";
import {
  clusterVersionOf,
  encodeSystemCommand,
  learnersOf,
  type SystemCommand,
  type SystemGroup,
  SystemMachine,
  type SystemState,
  votersOf,
} from "../machines/system/index.ts";
import { AlarmClock } from "./alarm-clock.ts";
import type { Births } from "./births.ts";
import { Deadlines } from "./deadlines.ts";
import { encodeEnvelope } from "./envelope.ts";
import { decodeHashReport, decodeVerdict } from "./equal-state.ts";
import { Liveness } from "./liveness.ts";
import { memberObstacle, membershipReached, publication } from "./membership.ts";
import type { NodeOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import type { Obstacle } from "./proposals.ts";
import { RecordKind } from "./record-kind.ts";
import type { Replica, ReplicaPort } from "./replica.ts";
import type {
  GroupStatus,
  Identity,
  MemberStatus,
  NodeEffect,
  NodeInput,
  NodeKernel,
  NodeStatus,
  Snapshot,
  Space,
} from "./seam.ts";
import { decodeChunkTaken } from "./streaming.ts";
import { decodeForward, decodeForwardRefused, FrameKind, type Item, readItems } from "./wire.ts";

/** Who this node says it is, to be known to all (etcd: the member's name and client URLs). */
export interface Self {
  readonly name: string;
  readonly peerAddress: string;
  readonly clientAddresses: readonly string[];
}

interface Pending {
  readonly group: GroupId;
  readonly since: Ticks;
  readonly type: "request" | "read" | "move";
  /** Set for a member change: the answer waits until the groups have changed too. */
  readonly membership: boolean;
  /** For a transfer of leadership: it has succeeded once this node leads. */
  readonly to: NodeId | null;
}

/** Group runs in one turn: a group's effects may touch others (group 0 gives birth), but not for ever. */
const ROUNDS_MAX = 8;
/** How often a leader looks whether its group has the members it should have. */
const RECONCILE_TICKS = 200;
/** A removed node stays for so long, because the groups it leaves may need its vote to be able to leave it out. */
const LEAVE_TICKS = 5000;
/** Ids that the node draws for itself lie above those of its host. */
const OWN_IDS_FROM = 2 ** 51;

/**
 * A node: all its groups, the router before them and what is shared among them. It is driven by turns and performs
 * nothing itself; the server and the simulator host exactly this.
 */
export class Node implements NodeKernel, ReplicaPort {
  readonly #identity: Identity;
  readonly #self: Self;
  readonly #options: NodeOptions;
  readonly #births: Births;
  readonly #replicas = new Map<GroupId, Replica>();
  readonly #touched = new Set<Replica>();
  readonly #alarms = new AlarmClock<Replica>();
  readonly #deadlines = new Deadlines();
  readonly #pending = new Map<RequestId, Pending>();
  readonly #watches = new Map<RequestId, GroupId>();
  readonly #outbox = new Outbox();
  readonly #liveness: Liveness;
  /** Undurable records, oldest first. */
  readonly #undurable: { readonly seq: JournalSeq; readonly replica: Replica }[] = [];
  /** Answers to member changes, held until the groups have followed. */
  #settling: { readonly id: RequestId; readonly outcome: Outcome; readonly epoch: number }[] = [];
  #effects: NodeEffect[] = [];
  #now: Now;
  #seq: JournalSeq;
  #ownIds = OWN_IDS_FROM;
  #space: Space = "ample";
  #draining = false;
  #halted = false;
  #recovering = true;
  #leaveAt: Ticks | null = null;
  #systemSeen: SystemState | null = null;
  #reconcileAt: Ticks | null = null;
  #aliveAt: Ticks;
  #publishAt: Ticks;
  #defaultProposedAt: Ticks | null = null;
  #checkpoints = 0;
  /** Bytes of the journal so far, and at which count each group's checkpoint stood: who pins old segments. */
  #journalBytes = 0;
  readonly #pinnedAt = new Map<Replica, number>();
  #retained: JournalSeq = 0 as JournalSeq;
  readonly #counters: Record<string, number> = {};

  constructor(
    identity: Identity,
    self: Self,
    options: NodeOptions,
    births: Births,
    lastSeq: JournalSeq,
    now: Now,
  ) {
    this.#identity = identity;
    this.#self = self;
    this.#options = options;
    this.#births = births;
    this.#seq = lastSeq;
    this.#now = now;
    this.#aliveAt = now.ticks;
    this.#publishAt = now.ticks;
    this.#liveness = new Liveness(options.raft.electionTicksMin);
    births.recover(this, now, (replica) => this.#adopt(replica));
    this.#recovering = false;
    this.#followSystem();
  }

  turn(now: Now, inputs: readonly NodeInput[]): readonly NodeEffect[] {
    this.#now = now;
    if (this.#halted) return [];
    for (const replica of this.#alarms.ring(now.ticks)) {
      replica.input({ type: "Wake" });
      this.#touched.add(replica);
    }
    for (const input of inputs) this.#onInput(input);
    for (const id of this.#deadlines.take(now.ticks)) this.#onDeadline(id);
    this.#beat();
    if (this.#leaveAt !== null && now.ticks >= this.#leaveAt) {
      this.#halt("this node was removed from the cluster; its id never returns");
    }
    for (let i = 0; i < ROUNDS_MAX && this.#touched.size > 0; i++) this.#runTouched();
    this.#reconcile();
    this.#runTouched();
    this.#settleMembership();
    this.#scheduleCheckpoints();
    this.#outbox.flush(this.#effects);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  wakeAt(): Ticks | null {
    const times = [this.#alarms.next, this.#deadlines.wakeAt, this.#reconcileAt, this.#leaveAt];
    if (this.#liveness.peers.length > 0) times.push(this.#aliveAt);
    if (this.#publishAt > this.#now.ticks) times.push(this.#publishAt);
    if (this.#touched.size > 0) times.push(this.#now.ticks);
    let least: Ticks | null = null;
    for (const time of times) if (time !== null && (least === null || time < least)) least = time;
    return least;
  }

  status(): NodeStatus {
    const state = this.#system;
    return {
      identity: this.#identity,
      clusterVersion: clusterVersionOf(state),
      members: [...state.nodes.values()].map(
        (node): MemberStatus => ({
          node: node.node,
          name: node.name,
          peerAddress: node.peerAddress,
          clientAddresses: node.clientAddresses,
          learner: node.learner,
          space:
            node.node === this.#identity.node ? this.#space : this.#liveness.spaceOf(node.node),
        }),
      ),
      keyspaces: [...state.keyspaces.values()],
      groups: this.#replicas.size,
      pending: this.#pending.size,
      counters: this.#counters,
    };
  }

  groupOf(keyspace: KeyspaceId): GroupStatus | null {
    return this.#replicaOf(keyspace)?.status() ?? null;
  }

  /** The replica itself, for observers that may see everything: the simulator's invariants. */
  replica(group: GroupId): Replica | null {
    return this.#replicas.get(group) ?? null;
  }

  get groups(): readonly GroupId[] {
    return [...this.#replicas.keys()];
  }

  progress(keyspace: KeyspaceId, watchers: readonly RequestId[]): number | null {
    const replica = this.#replicaOf(keyspace);
    return replica === null || !replica.serving
      ? null
      : (replica.machine.watches?.progress(watchers) ?? null);
  }

  // ---- inputs

  #onInput(input: NodeInput): void {
    switch (input.type) {
      case "Frame":
        return this.#onFrame(input.from, input.bytes);
      case "Link":
        return this.#onLink(input.peer, input.up);
      case "Request":
        return this.#onRequest(input);
      case "Read":
        return this.#onRead(input.id, input.keyspace, input.level, input.deadline);
      case "Cancel":
        return this.#forget(input.id);
      case "MoveLeader":
        return this.#onMoveLeader(input.id, input.keyspace, input.to, input.deadline);
      case "Durable":
        return this.#onDurable(input.upTo);
      case "DiskFailed":
        return this.#halt(`the journal could not be made durable: ${input.reason}`);
      case "Space":
        return this.#onSpace(input.space);
      case "Watch":
        return this.#onWatch(input.id, input.keyspace, input.body);
      case "Unwatch":
        return this.#withWatch(input.id, (replica) => {
          replica.machine.watches?.unwatch(input.id);
          this.#watches.delete(input.id);
        });
      case "Stalled":
        return this.#withWatch(input.id, (replica) => replica.machine.watches?.stall(input.id));
      case "Drained":
        return this.#withWatch(input.id, (replica) => {
          replica.machine.watches?.drain(input.id);
          this.#touched.add(replica);
        });
      case "Checkpointed":
        return this.#onCheckpointed(input.group, input.covers, input.ok);
      case "Drain":
        this.#draining = true;
        for (const replica of this.#replicas.values()) this.#feed(replica, { type: "Yield" });
        return;
      default:
        return unreachable(input);
    }
  }

  #onFrame(from: NodeId, bytes: Bytes): void {
    const items = readItems(bytes);
    if (items instanceof Malformed) return this.#count("frames_malformed");
    if (this.#liveness.heard(from, this.#now.ticks)) this.#tellLink(from, true);
    for (const item of items) this.#onItem(from, item);
  }

  #onItem(from: NodeId, { group, kind, bytes }: Item): void {
    if (kind === FrameKind.alive) return this.#liveness.report(from, bytes);
    const replica = this.#replicas.get(group);
    if (replica === undefined) return this.#count("items_of_unknown_groups");
    this.#touched.add(replica);
    if (!this.#deliver(replica, from, kind, bytes)) this.#count("items_malformed");
  }

  /** False for bytes that are not what they claim to be. */
  #deliver(replica: Replica, from: NodeId, kind: number, bytes: Bytes): boolean {
    switch (kind) {
      case FrameKind.protocol:
        // Commands in it outlive this turn, the receive chunk does not.
        return replica.receive(from, bytes.slice());
      case FrameKind.forward: {
        const envelopes = decodeForward(bytes);
        if (envelopes instanceof Malformed) return false;
        replica.proposals.forwarded(from, envelopes);
        return true;
      }
      case FrameKind.forwardRefused: {
        const refused = decodeForwardRefused(bytes);
        if (refused instanceof Malformed) return false;
        replica.proposals.refused(refused, this.#now.ticks);
        return true;
      }
      case FrameKind.chunk:
        replica.onChunk(from, bytes);
        return true;
      case FrameKind.chunkTaken: {
        const taken = decodeChunkTaken(bytes);
        if (taken instanceof Malformed) return false;
        replica.onChunkTaken(from, taken, this.#now);
        return true;
      }
      case FrameKind.logTime:
        return replica.onLogTime(bytes);
      case FrameKind.hash: {
        const report = decodeHashReport(bytes);
        if (report instanceof Malformed) return false;
        replica.onHashReport(from, report.index, report.hash);
        return true;
      }
      case FrameKind.verdict: {
        const verdict = decodeVerdict(bytes);
        if (verdict instanceof Malformed) return false;
        replica.onVerdict(verdict);
        return true;
      }
      case FrameKind.snapshotWanted:
        replica.onSnapshotWanted(from, this.#now);
        return true;
      default:
        this.#count("items_of_unknown_kind");
        return true;
    }
  }

  #onLink(peer: NodeId, up: boolean): void {
    const changed = up ? this.#liveness.heard(peer, this.#now.ticks) : this.#liveness.lost(peer);
    if (changed) this.#tellLink(peer, up);
  }

  #tellLink(peer: NodeId, up: boolean): void {
    for (const replica of this.#replicas.values()) this.#feed(replica, { type: "Link", peer, up });
  }

  #onRequest(input: Extract<NodeInput, { type: "Request" }>): void {
    const { id, keyspace, kind, body, deadline, session } = input;
    const refusal = this.#refusalOf(keyspace);
    if (refusal !== null) return this.#reply(id, fail(refusal));
    const replica = this.#replicaOf(keyspace) as Replica;
    const { node, start } = this.#identity;
    const deadlineTicks = Math.max(0, deadline - this.#now.ticks);
    const envelope = encodeEnvelope({
      kind,
      node,
      start,
      request: id,
      deadlineTicks,
      at: 0,
      session,
      body,
    });
    const membership = keyspace === SYSTEM_KEYSPACE && kind <= 3;
    this.#expect(id, deadline, {
      group: replica.group,
      since: this.#now.ticks,
      type: "request",
      membership,
      to: null,
    });
    replica.proposals.submit(id, kind, envelope);
    this.#touched.add(replica);
  }

  #onRead(id: RequestId, keyspace: KeyspaceId, level: ReadLevel, deadline: Ticks): void {
    const refusal = this.#refusalOf(keyspace);
    if (refusal !== null) return this.#reply(id, fail(refusal));
    const replica = this.#replicaOf(keyspace) as Replica;
    this.#expect(id, deadline, {
      group: replica.group,
      since: this.#now.ticks,
      type: "read",
      membership: false,
      to: null,
    });
    replica.read(id, level);
    this.#touched.add(replica);
  }

  #onMoveLeader(id: RequestId, keyspace: KeyspaceId, to: NodeId, deadline: Ticks): void {
    const replica = this.#replicaOf(keyspace);
    if (replica === null)
      return this.#reply(id, fail({ code: "UnknownKeyspace", definite: true, keyspace }));
    this.#expect(id, deadline, {
      group: replica.group,
      since: this.#now.ticks,
      type: "move",
      membership: false,
      to,
    });
    this.#feed(replica, { type: "TransferLeadership", id, to });
    this.#settleMoves(replica);
  }

  /** Why nothing can be asked of this keyspace now, or null. */
  #refusalOf(keyspace: KeyspaceId): Failure | null {
    if (this.#draining) return { code: "Stopped", definite: true };
    if (this.#pending.size >= this.#options.pendingMax)
      return { code: "Overloaded", definite: true, retryAfterTicks: 100 as Ticks };
    const replica = this.#replicaOf(keyspace);
    if (replica !== null) return null;
    // A node that has just joined does not know the keyspaces yet; the default one surely comes.
    if (keyspace === DEFAULT_KEYSPACE) return { code: "NoLeader", definite: true };
    return { code: "UnknownKeyspace", definite: true, keyspace };
  }

  #onDurable(upTo: JournalSeq): void {
    let count = 0;
    for (const { seq, replica } of this.#undurable) {
      if (seq > upTo) break;
      count++;
      replica.durable(upTo);
      this.#touched.add(replica);
    }
    this.#undurable.splice(0, count);
  }

  /** With nothing left to write on, this member is of no use as a leader. */
  #onSpace(space: Space): void {
    this.#space = space;
    this.#aliveAt = this.#now.ticks;
    if (space !== "exhausted") return;
    for (const replica of this.#replicas.values()) this.#feed(replica, { type: "Yield" });
  }

  #onWatch(id: RequestId, keyspace: KeyspaceId, body: Bytes): void {
    const replica = this.#replicaOf(keyspace);
    const watches = replica?.machine.watches ?? null;
    if (replica === null || watches === null || !replica.serving) {
      const failure: Failure =
        replica === null
          ? { code: "UnknownKeyspace", definite: true, keyspace }
          : { code: "NoLeader", definite: true };
      this.#effects.push({ type: "WatchEnded", id, ended: { type: "Lost", failure } });
      return;
    }
    const opened = watches.watch(id, body);
    if ("refused" in opened) {
      this.#effects.push({
        type: "WatchEnded",
        id,
        ended: { type: "Refused", reason: opened.refused },
      });
      return;
    }
    this.#watches.set(id, replica.group);
    this.#effects.push({ type: "Watching", id, revision: opened.revision });
    this.#touched.add(replica);
  }

  #withWatch(id: RequestId, act: (replica: Replica) => void): void {
    const group = this.#watches.get(id);
    const replica = group === undefined ? undefined : this.#replicas.get(group);
    if (replica !== undefined) act(replica);
  }

  #onCheckpointed(group: GroupId, covers: JournalSeq, ok: boolean): void {
    this.#checkpoints--;
    const replica = this.#replicas.get(group);
    if (replica === undefined) return;
    replica.onCheckpointed(covers, ok);
    if (ok) this.#pinnedAt.set(replica, this.#journalBytes);
    this.#touched.add(replica);
    this.#retain();
  }

  #onDeadline(id: RequestId): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    const replica = this.#replicas.get(pending.group);
    const waitedTicks = (this.#now.ticks - pending.since) as Ticks;
    const mayHappen = pending.type !== "read" && (replica?.proposals.isUnderWay(id) ?? false);
    this.#settling = this.#settling.filter((settling) => settling.id !== id);
    this.outcome(
      id,
      mayHappen || pending.membership || pending.type === "move"
        ? fail({ code: "Timeout", definite: false, waitedTicks })
        : fail({ code: "NoLeader", definite: true }),
    );
    replica?.proposals.forget(id);
  }

  // ---- what replicas ask for

  persist(replica: Replica, bytes: Bytes): JournalSeq {
    return this.#append(replica, RecordKind.protocol, bytes);
  }

  send(
    to: NodeId,
    lane: Lane,
    group: GroupId,
    kind: number,
    bytes: Bytes,
    after: JournalSeq,
  ): void {
    const durable = this.#undurable[0]?.seq ?? Number.MAX_SAFE_INTEGER;
    this.#outbox.add(to, lane, group, kind, bytes, after < durable ? (0 as JournalSeq) : after);
  }

  outcome(id: RequestId, outcome: Outcome): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    if (pending.membership && outcome.ok) {
      this.#settling.push({ id, outcome, epoch: this.#system.membershipEpoch });
      return;
    }
    this.#pending.delete(id);
    this.#reply(id, outcome);
  }

  readable(id: RequestId, view: Machine, validUntil: Ticks | null): void {
    if (this.#pending.delete(id)) this.#effects.push({ type: "Readable", id, view, validUntil });
  }

  events(watchers: readonly RequestId[], revision: number, part: Bytes): void {
    this.#effects.push({ type: "Events", watchers, revision, part });
  }

  watchCompacted(id: RequestId, compactRevision: number): void {
    this.#watches.delete(id);
    this.#effects.push({ type: "WatchEnded", id, ended: { type: "Compacted", compactRevision } });
  }

  watchesLost(group: GroupId, failure: Failure): void {
    const watches = this.#replicas.get(group)?.machine.watches;
    for (const [id, watched] of this.#watches) {
      if (watched !== group) continue;
      watches?.unwatch(id);
      this.#watches.delete(id);
      this.#effects.push({ type: "WatchEnded", id, ended: { type: "Lost", failure } });
    }
  }

  checkpoint(replica: Replica, from: Snapshot, covers: JournalSeq): void {
    this.#checkpoints++;
    this.#effects.push({ type: "Checkpoint", group: replica.group, from, covers });
  }

  note(
    level: "info" | "warn" | "error",
    event: string,
    fields: Readonly<Record<string, string | number | bigint | boolean | null>>,
  ): void {
    this.#effects.push({ type: "Note", level, event, fields });
  }

  changed(replica: Replica): void {
    // While groups are still being revived, group 0 must not give birth to one whose records are about to be read.
    if (replica.group === SYSTEM_GROUP && !this.#recovering) this.#followSystem();
    if (this.#reconcileAt === null) this.#reconcileAt = this.#now.ticks;
    this.#settleMoves(replica);
  }

  nextId(): RequestId {
    return this.#ownIds++ as RequestId;
  }

  lastSeq(): JournalSeq {
    return this.#seq;
  }

  obstacleTo(group: GroupId, kind: number, envelope: Bytes): Obstacle | null {
    const replica = this.#replicas.get(group);
    if (replica === undefined) return null;
    if (replica.readOnly)
      return { type: "Refused", status: 15, message: "etcdserver: corrupt cluster" };
    if (group === SYSTEM_GROUP)
      return memberObstacle(kind, envelope, this.#system, replica.state, this.#now.ticks);
    if (this.#space === "ample") return null;
    return this.#space === "low" && replica.profile.withoutRoom.has(kind)
      ? null
      : { type: "NoSpace" };
  }

  /** A group begins to exist here: its birth is the first thing in its part of the journal. */
  bornRecord(replica: Replica, bytes: Bytes): void {
    this.#append(replica, RecordKind.born, bytes);
  }

  // ---- what follows from the system keyspace

  get #system(): SystemState {
    const machine = this.#replicas.get(SYSTEM_GROUP)?.machine;
    if (!(machine instanceof SystemMachine))
      throw new RangeError("group 0 holds the system keyspace");
    return machine.state;
  }

  /** Group 0 changed: dial its members, give birth to the groups this node is to hold, leave if it was removed. */
  #followSystem(): void {
    const state = this.#system;
    if (state === this.#systemSeen) return;
    this.#systemSeen = state;
    const { node } = this.#identity;
    if (state.removed.includes(node)) this.#leaveAt ??= (this.#now.ticks + LEAVE_TICKS) as Ticks;
    const peers = [...state.nodes.values()].filter((other) => other.node !== node);
    this.#liveness.setPeers(peers.map((peer) => peer.node));
    if (state.nodes.size > 0) {
      this.#effects.push({
        type: "Peers",
        peers: peers.map((peer) => ({ node: peer.node, address: peer.peerAddress })),
      });
    }
    if (!state.nodes.has(node)) return;
    for (const group of state.groups.values())
      if (!this.#replicas.has(group.group)) this.#bear(state, group);
  }

  #bear(state: SystemState, group: SystemGroup): void {
    const keyspace = state.keyspaces.get(group.keyspace);
    if (keyspace === undefined) return;
    const replica = this.#births.bear(this, group, keyspace.profile, this.#now);
    if (replica === null) {
      this.note("error", "profile unknown", { keyspace: keyspace.name, profile: keyspace.profile });
      return;
    }
    this.#adopt(replica);
  }

  #adopt(replica: Replica): void {
    this.#replicas.set(replica.group, replica);
    this.#pinnedAt.set(replica, this.#journalBytes);
    this.#touched.add(replica);
    replica.recover(this.#now);
  }

  /** Leaders give their groups the members that the system keyspace names; nodes report themselves. Idempotent, so repeated. */
  #reconcile(): void {
    if (this.#reconcileAt === null || this.#now.ticks < this.#reconcileAt) return;
    this.#reconcileAt = null;
    const state = this.#system;
    const change = { voters: votersOf(state), learners: learnersOf(state) };
    for (const replica of this.#replicas.values()) {
      if (
        !replica.isLeader ||
        replica.config.epoch >= state.membershipEpoch ||
        change.voters.length === 0
      )
        continue;
      replica.change(change, state.membershipEpoch);
      this.#touched.add(replica);
      this.#reconcileAt = (this.#now.ticks + RECONCILE_TICKS) as Ticks;
    }
    this.#createDefault(state);
    this.#publish(state);
  }

  /** The first leader of group 0 creates the default keyspace, through the same path as any other. */
  #createDefault(state: SystemState): void {
    const system = this.#replicas.get(SYSTEM_GROUP);
    if (system === undefined || !system.isLeader || state.nextKeyspace !== DEFAULT_KEYSPACE) return;
    this.#reconcileAt = (this.#now.ticks + RECONCILE_TICKS) as Ticks;
    if (
      this.#defaultProposedAt !== null &&
      this.#now.ticks - this.#defaultProposedAt < 10 * RECONCILE_TICKS
    )
      return;
    this.#defaultProposedAt = this.#now.ticks;
    this.#submitOwn({ type: "createKeyspace", name: "default", profile: "etcd" });
  }

  /** Tells the cluster this node's name, addresses and release, until the cluster knows them. */
  #publish(state: SystemState): void {
    const command = publication(state, this.#identity.node, this.#self, this.#options.version);
    if (command === null) return;
    if (this.#now.ticks >= this.#publishAt) {
      this.#publishAt = (this.#now.ticks + 10 * RECONCILE_TICKS) as Ticks;
      this.#submitOwn(command);
    }
    this.#reconcileAt ??= this.#publishAt;
  }

  #submitOwn(command: SystemCommand): void {
    const system = this.#replicas.get(SYSTEM_GROUP);
    if (system === undefined) return;
    const { node, start } = this.#identity;
    const { kind, body } = encodeSystemCommand(command);
    const id = this.nextId();
    const envelope = encodeEnvelope({
      kind,
      node,
      start,
      request: id,
      deadlineTicks: 5000,
      at: 0,
      session: null,
      body,
    });
    const deadline = (this.#now.ticks + 5000) as Ticks;
    this.#expect(id, deadline, {
      group: SYSTEM_GROUP,
      since: this.#now.ticks,
      type: "request",
      membership: false,
      to: null,
    });
    system.proposals.submit(id, kind, envelope);
    this.#touched.add(system);
  }

  /** A member change is answered when group 0 and the default keyspace's group have the new members. */
  #settleMembership(): void {
    if (this.#settling.length === 0) return;
    const configs = [SYSTEM_GROUP, this.#replicaOf(DEFAULT_KEYSPACE)?.group ?? SYSTEM_GROUP]
      .map((group) => this.#replicas.get(group)?.state)
      .filter((state) => state !== undefined);
    const ready = this.#settling.filter(({ epoch }) =>
      configs.every((state) => membershipReached(state, epoch)),
    );
    this.#settling = this.#settling.filter((settling) => !ready.includes(settling));
    for (const { id, outcome } of ready) {
      if (this.#pending.delete(id)) this.#reply(id, outcome);
    }
  }

  #settleMoves(replica: Replica): void {
    for (const [id, pending] of this.#pending) {
      if (pending.type !== "move" || pending.group !== replica.group) continue;
      if (replica.status().leader === pending.to)
        this.outcome(id, { ok: true, value: new Uint8Array(0) });
    }
  }

  // ---- turns

  #runTouched(): void {
    const replicas = [...this.#touched].sort((a, b) => a.group - b.group);
    this.#touched.clear();
    for (const replica of replicas) {
      replica.run(this.#now);
      this.#alarms.set(replica, replica.wakeAt(this.#now.ticks));
    }
  }

  /** Nodes say to each other that they live, once for all their groups; who falls silent counts as gone. */
  #beat(): void {
    if (this.#now.ticks < this.#aliveAt || this.#liveness.peers.length === 0) return;
    this.#aliveAt = (this.#now.ticks + this.#options.aliveTicks) as Ticks;
    const bytes = Liveness.encode(this.#space);
    for (const peer of this.#liveness.peers)
      this.send(peer, "control", SYSTEM_GROUP, FrameKind.alive, bytes, 0 as JournalSeq);
    for (const peer of this.#liveness.silent(this.#now.ticks)) this.#tellLink(peer, false);
  }

  #append(replica: Replica, kind: number, bytes: Bytes): JournalSeq {
    this.#seq = (this.#seq + 1) as JournalSeq;
    this.#journalBytes += bytes.length;
    this.#undurable.push({ seq: this.#seq, replica });
    this.#effects.push({
      type: "Append",
      seq: this.#seq,
      group: replica.group,
      kind,
      parts: [bytes],
    });
    return this.#seq;
  }

  /** Groups that wrote much are checkpointed, and groups that keep old segments from being deleted. */
  #scheduleCheckpoints(): void {
    const { checkpointsMax, checkpointBytes, pinnedBytesMax } = this.#options;
    if (this.#checkpoints >= checkpointsMax) return;
    for (const replica of this.#replicas.values()) {
      const pinned = this.#journalBytes - (this.#pinnedAt.get(replica) ?? 0);
      if (replica.bytesSinceCheckpoint < checkpointBytes && pinned < pinnedBytesMax) continue;
      if (replica.serving) replica.checkpoint();
      if (this.#checkpoints >= checkpointsMax) return;
    }
  }

  #retain(): void {
    let least = Number.MAX_SAFE_INTEGER;
    for (const replica of this.#replicas.values()) least = Math.min(least, replica.covers);
    const from = (least + 1) as JournalSeq;
    if (from <= this.#retained) return;
    this.#retained = from;
    this.#effects.push({ type: "Retain", from });
  }

  #expect(id: RequestId, deadline: Ticks, pending: Pending): void {
    this.#pending.set(id, pending);
    this.#deadlines.add(id, deadline);
  }

  #forget(id: RequestId): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (pending !== undefined) this.#replicas.get(pending.group)?.proposals.forget(id);
  }

  #feed(replica: Replica, input: Parameters<Replica["input"]>[0]): void {
    replica.input(input);
    this.#touched.add(replica);
  }

  #reply(id: RequestId, outcome: Outcome): void {
    // Not after our own disk: a command is applied only when a majority's disks hold it.
    if (id < OWN_IDS_FROM)
      this.#effects.push({ type: "Reply", id, outcome, after: 0 as JournalSeq });
  }

  #halt(reason: string): void {
    this.#halted = true;
    this.#effects.push({ type: "Halt", reason });
  }

  #replicaOf(keyspace: KeyspaceId): Replica | null {
    if (keyspace === SYSTEM_KEYSPACE) return this.#replicas.get(SYSTEM_GROUP) ?? null;
    const group = this.#system.keyspaces.get(keyspace)?.group;
    return group === undefined ? null : (this.#replicas.get(group) ?? null);
  }

  #count(what: string): void {
    this.#counters[what] = (this.#counters[what] ?? 0) + 1;
  }
}
