import {
  type Bytes,
  type Call,
  earliest,
  type Failure,
  type GroupId,
  type JournalSeq,
  type KeyspaceId,
  type Lane,
  type Machine,
  type NodeId,
  type Now,
  type Outcome,
  type Petition,
  type RequestId,
  SYSTEM_GROUP,
  type Ticks,
  unreachable,
} from "../core/index.ts";
import { AlarmClock } from "./alarm-clock.ts";
import type { Births } from "./births.ts";
import { Frames } from "./frames.ts";
import { Groups } from "./groups.ts";
import { Liveness } from "./liveness.ts";
import { CHANGE_UNDER_WAY, isMemberChange } from "./membership.ts";
import { nodeStatus } from "./node-status.ts";
import { obstacleTo } from "./obstacle.ts";
import { Offices } from "./offices.ts";
import type { NodeOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import type { Obstacle } from "./proposals.ts";
import { RecordKind } from "./record-kind.ts";
import { Repairs } from "./repairs.ts";
import type { Replica } from "./replica.ts";
import type { Note, ReplicaPort } from "./replica-port.ts";
import { Retention } from "./retention.ts";
import { Router } from "./router.ts";
import type {
  GroupStatus,
  Identity,
  NodeEffect,
  NodeInput,
  NodeKernel,
  NodeStatus,
  Snapshot,
  Space,
} from "./seam.ts";
import { type Self, Steward } from "./steward.ts";
import { Turn } from "./turn.ts";
import { Undurable } from "./undurable.ts";
import { Watches } from "./watches.ts";
import { FrameKind } from "./wire.ts";

/** For frames that wait for no record. */
const NOW = 0 as JournalSeq;
/** Group runs in one turn: a group's effects may touch others (group 0 gives birth), but not for ever. */
const ROUNDS_MAX = 8;

/**
 * A node: all its groups, the router before them and what is shared among them. It is driven by turns and performs
 * nothing itself; the server and the simulator host exactly this.
 */
export class Node implements NodeKernel, ReplicaPort {
  readonly #identity: Identity;
  readonly #options: NodeOptions;
  readonly #births: Births;
  readonly #groups = new Groups();
  readonly #turn: Turn;
  readonly #router: Router;
  readonly #alarms = new AlarmClock<Replica>();
  readonly #watches = new Watches(this.#groups);
  readonly #outbox = new Outbox();
  readonly #liveness: Liveness;
  readonly #retention: Retention;
  readonly #steward: Steward;
  readonly #repairs = new Repairs();
  readonly #offices: Offices;
  readonly #frames: Frames;
  readonly #undurable = new Undurable();
  readonly #counters: Record<string, number> = {};
  #seq: JournalSeq;
  #space: Space = "ample";
  /** The peers are still to be told. */
  #spaceChanged = false;
  /** The turn in which a member change was let through last. */
  #changedIn: Now | null = null;
  #halted = false;
  #recovering = true;
  #aliveAt: Ticks;

  constructor(
    identity: Identity,
    self: Self,
    options: NodeOptions,
    births: Births,
    lastSeq: JournalSeq,
    now: Now,
  ) {
    this.#identity = identity;
    this.#options = options;
    this.#births = births;
    this.#seq = lastSeq;
    this.#turn = new Turn(now);
    this.#router = new Router(identity, options, this.#groups, this.#turn);
    this.#aliveAt = now.ticks;
    this.#liveness = new Liveness(options.raft.electionTicksMin);
    this.#retention = new Retention(options);
    this.#steward = this.#newSteward(self);
    this.#offices = this.#newOffices();
    this.#frames = this.#newFrames();
    births.recover(this, now, (replica) => this.#adopt(replica));
    this.#recovering = false;
    this.#steward.follow(now.ticks);
  }

  turn(now: Now, inputs: readonly NodeInput[]): readonly NodeEffect[] {
    this.#turn.begin(now);
    if (this.#halted) return [];
    for (const replica of this.#alarms.ring(now.ticks)) this.#turn.feed(replica, { type: "Wake" });
    for (const input of inputs) this.#onInput(input);
    this.#router.expire();
    this.#beat();
    if (this.#steward.mustLeave(now.ticks))
      this.#halt("this node was removed from the cluster; its id never returns");
    for (let i = 0; i < ROUNDS_MAX && !this.#turn.isQuiet; i++) this.#runTouched();
    this.#steward.reconcile(now.ticks);
    this.#offices.run(now);
    this.#runTouched();
    this.#router.settleMembership();
    if (!this.#births.settled && this.#births.settle(this.#groups))
      this.#retention.renew(this.#groups);
    if (this.#repairs.wakeAt !== null)
      this.#repairs.report(now.ticks, (event, fields) => this.note("error", event, fields));
    this.#retention.schedule(this.#turn.ran, this.#groups, now.ticks);
    this.#outbox.flush(this.#turn);
    return this.#turn.takeEffects();
  }

  wakeAt(): Ticks | null {
    const { ticks } = this.#turn.now;
    if (!this.#turn.isQuiet) return ticks;
    let at = this.#liveness.hasPeers ? this.#aliveAt : null;
    at = earliest(at, this.#alarms.next);
    at = earliest(at, this.#router.wakeAt);
    at = earliest(at, this.#steward.wakeAt(ticks));
    at = earliest(at, this.#retention.wakeAt);
    at = earliest(at, this.#offices.wakeAt);
    return earliest(at, this.#repairs.wakeAt);
  }

  status(): NodeStatus {
    const counts = { pending: this.#router.pending, counters: this.#counters };
    return nodeStatus(this.#identity, this.#groups, this.#liveness, this.#space, counts);
  }

  groupOf(keyspace: KeyspaceId): GroupStatus | null {
    return this.#groups.of(keyspace)?.status() ?? null;
  }

  /** The replica itself, for observers that may see everything: the simulator's invariants. */
  replica(group: GroupId): Replica | null {
    return this.#groups.get(group);
  }

  /** The same by the keyspace that it serves. */
  replicaOf(keyspace: KeyspaceId): Replica | null {
    return this.#groups.of(keyspace);
  }

  /** Those that ran in the last turn: in no other has anything changed. For observers, too. */
  get ran(): readonly Replica[] {
    return this.#turn.ran;
  }

  get groups(): readonly GroupId[] {
    return this.#groups.ids;
  }

  progress(keyspace: KeyspaceId, watchers: readonly RequestId[]): number | null {
    const replica = this.#groups.of(keyspace);
    return replica === null || !replica.serving
      ? null
      : (replica.machine.watches?.progress(watchers) ?? null);
  }

  #onInput(input: NodeInput): void {
    switch (input.type) {
      case "Frame":
        return this.#frames.take(input.from, input.bytes, this.#turn.now);
      case "Link":
        return this.#onLink(input.peer, input.up);
      case "Request":
        return this.#router.request(input);
      case "Read":
        return this.#router.read(input.id, input.keyspace, input.level, input.deadline);
      case "CacheRead":
        return this.#router.cacheRead(input);
      case "Returned":
        return this.#router.returned(input);
      case "Cancel":
        return this.#router.cancel(input.id);
      case "MoveLeader":
        return this.#router.moveLeader(input.id, input.keyspace, input.to, input.deadline);
      case "Durable":
        return this.#onDurable(input.upTo);
      case "DiskFailed":
        return this.#halt(`the journal could not be made durable: ${input.reason}`);
      case "Space":
        return this.#onSpace(input.space);
      case "Watch":
        this.#turn.ask(this.#watches.open(input.id, input.keyspace, input.body));
        return this.#turn.touch(this.#groups.of(input.keyspace));
      case "Unwatch":
        return this.#watches.close(input.id);
      case "Stalled":
        return this.#watches.stall(input.id);
      case "Drained":
        return this.#turn.touch(this.#watches.drain(input.id));
      case "Checkpointed":
        return this.#onCheckpointed(input.group, input.covers, input.ok);
      case "Exported": {
        const replica = this.#groups.get(input.group);
        replica?.exported(input.id, input.ok, this.#turn.now);
        return this.#turn.touch(replica);
      }
      case "Drain":
        this.#router.drain();
        return this.#feedAll({ type: "Yield", heir: true });
      default:
        return unreachable(input);
    }
  }

  #onLink(peer: NodeId, up: boolean): void {
    if (up) this.#liveness.heard(peer, this.#turn.now.ticks);
    else if (!this.#liveness.lost(peer)) return;
    // A new link is news even where the end of the old one was never heard of: its frames are lost, and the peer may have restarted.
    this.#feedAll({ type: "Link", peer, up });
  }

  #onDurable(upTo: JournalSeq): void {
    for (const replica of this.#undurable.take(upTo)) {
      replica.durable(upTo);
      this.#turn.touch(replica);
    }
  }

  /** With nothing left to write on, this member is of no use as a leader. */
  #onSpace(space: Space): void {
    const { ticks } = this.#turn.now;
    this.#space = space;
    this.#spaceChanged = true;
    this.#aliveAt = ticks;
    this.#retention.press(space !== "ample", ticks);
    if (space !== "ample")
      this.note("warn", "disk space is short", {
        space,
        what: "client writes are refused; deletes and compactions make room",
      });
    if (space === "exhausted") this.#feedAll({ type: "Yield", heir: true });
  }

  #onCheckpointed(group: GroupId, covers: JournalSeq, ok: boolean): void {
    this.#retention.ended(ok, this.#turn.now.ticks);
    const replica = this.#groups.get(group);
    if (replica === null) return;
    replica.onCheckpointed(covers, ok);
    if (ok) this.#retention.renewed(replica);
    this.#turn.touch(replica);
    const from = this.#births.settled ? this.#retention.advance(this.#groups) : null;
    if (from !== null) this.#turn.ask({ type: "Retain", from });
  }

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
    const now = after < this.#undurable.first;
    if (now) this.#liveness.told(to, this.#turn.now.ticks);
    this.#outbox.add(to, lane, group, kind, bytes, now ? (0 as JournalSeq) : after);
  }

  outcome(id: RequestId, outcome: Outcome, holders?: number): void {
    this.#router.outcome(id, outcome, holders);
  }

  readable(id: RequestId, view: Machine, validUntil: Ticks | null): void {
    this.#router.readable(id, view, validUntil);
  }

  events(watchers: readonly RequestId[], revision: number, part: Bytes): void {
    this.#turn.ask({ type: "Events", watchers, revision, part });
  }

  watchCompacted(id: RequestId, compactRevision: number): void {
    this.#turn.ask(this.#watches.compacted(id, compactRevision));
  }

  watchesLost(group: GroupId, failure: Failure): void {
    for (const ended of this.#watches.lose(group, failure)) this.#turn.ask(ended);
  }

  checkpoint(replica: Replica, from: Snapshot, covers: JournalSeq): void {
    this.#retention.begun();
    this.#turn.ask({ type: "Checkpoint", group: replica.group, from, covers });
  }

  note(level: Note["level"], event: string, fields: Note["fields"]): void {
    this.#turn.ask({ type: "Note", level, event, fields });
  }

  changed(replica: Replica): void {
    const { ticks } = this.#turn.now;
    // While groups are still being revived, group 0 must not give birth to one whose records are about to be read.
    if (replica.group === SYSTEM_GROUP && !this.#recovering) this.#steward.follow(ticks);
    this.#steward.changed(replica, ticks);
    this.#router.settleMoves(replica);
  }

  nextId(): RequestId {
    return this.#router.nextId();
  }

  lastSeq(): JournalSeq {
    return this.#seq;
  }

  call(from: GroupId, call: Call, done: (outcome: Outcome) => void): void {
    this.#router.call(from, call, done);
  }

  isUp(node: NodeId): boolean {
    return this.#liveness.isUp(node);
  }

  petition(group: GroupId, version: number, petition: Petition): void {
    this.#offices.petition(group, version, petition);
  }

  ask(effect: Extract<NodeEffect, { type: "Export" | "Undone" | "Recall" }>): void {
    this.#turn.ask(effect);
  }

  obstacleTo(group: GroupId, kind: number, envelope: Bytes): Obstacle | null {
    const changing = group === SYSTEM_GROUP && isMemberChange(kind);
    // The first of this turn is not in the log yet, where the next one would find it.
    if (changing && this.#changedIn === this.#turn.now) return CHANGE_UNDER_WAY;
    const obstacle = obstacleTo(this.#groups, group, kind, envelope, this.#space, (member) =>
      this.#liveness.isUp(member),
    );
    if (changing && obstacle === null) this.#changedIn = this.#turn.now;
    return obstacle;
  }

  /** A group begins to exist here: its birth is the first thing in its part of the journal. */
  bornRecord(replica: Replica, bytes: Bytes): void {
    this.#append(replica, RecordKind.born, bytes);
  }

  #newSteward(self: Self): Steward {
    return new Steward(
      {
        node: this.#identity.node,
        groups: this.#groups,
        isUp: (node) => this.#liveness.isUp(node),
        touch: (replica) => this.#turn.touch(replica),
        bear: (state, group) => {
          const replica = this.#births.bear(this, state, group, this.#turn.now);
          if (replica !== null) this.#adopt(replica);
        },
        retire: (replica) => this.#retire(replica),
        setPeers: (peers) => {
          const before = this.#liveness.peers;
          this.#liveness.setPeers(peers.map(({ node }) => node));
          // Nothing is heard of those that are gone: a group that sleeps at the word of one must wake.
          for (const peer of before)
            if (!peers.some(({ node }) => node === peer))
              this.#feedAll({ type: "Link", peer, up: false });
          this.#turn.ask({ type: "Peers", peers });
        },
        setKeyspaces: (keyspaces) => this.#turn.ask({ type: "Keyspaces", keyspaces }),
        submit: (command) => this.#router.submitOwn(command),
      },
      self,
      this.#options,
      this.#turn.now.ticks,
    );
  }

  #newFrames(): Frames {
    return new Frames({
      groups: this.#groups,
      liveness: this.#liveness,
      steward: this.#steward,
      offices: this.#offices,
      turn: this.#turn,
      linkUp: (peer) => this.#feedAll({ type: "Link", peer, up: true }),
      tell: (to, kind, bytes) => this.send(to, "control", SYSTEM_GROUP, kind, bytes, NOW),
      count: (what) => this.#count(what),
    });
  }

  #newOffices(): Offices {
    const { node, start } = this.#identity;
    return new Offices({
      node,
      start,
      groups: this.#groups,
      options: this.#options,
      isUp: (other) => other === node || this.#liveness.isUp(other),
      turn: this.#turn,
      submit: (command) => this.#router.submitOwn(command),
      tell: (leader, group, standpoint) =>
        this.send(leader, "control", group, FrameKind.standpoint, standpoint, NOW),
      note: (level, event, fields) => this.note(level, event, fields),
    });
  }

  #adopt(replica: Replica): void {
    this.#groups.add(replica);
    this.#retention.adopted(replica);
    this.#repairs.begun(replica, this.#turn.now.ticks);
    this.#turn.touch(replica);
    replica.recover(this.#turn.now);
  }

  /** Its data is deleted, and whoever waits for it hears that it is gone. */
  #retire(replica: Replica): void {
    const { group, keyspace } = replica;
    this.watchesLost(group, { code: "UnknownKeyspace", definite: true, keyspace });
    this.#groups.remove(group);
    this.#router.dropped(replica);
    this.#alarms.set(replica, null);
    this.#retention.forget(replica);
    this.#repairs.forget(replica);
    this.#offices.forget(group);
    this.#undurable.forget(replica);
    this.#turn.ask({ type: "Retire", group });
    this.note("info", "group retired", { group, keyspace });
  }

  #runTouched(): void {
    for (const replica of this.#turn.takeTouched()) {
      // One before it in this round may have been group 0, and dropped it.
      if (this.#groups.get(replica.group) !== replica) continue;
      replica.run(this.#turn.now);
      this.#alarms.set(replica, replica.wakeAt(this.#turn.now.ticks));
    }
  }

  /** Nodes say to each other that they live, once for all their groups; who falls silent counts as gone. */
  #beat(): void {
    if (this.#turn.now.ticks < this.#aliveAt || !this.#liveness.hasPeers) return;
    const { ticks } = this.#turn.now;
    const { aliveTicks } = this.#options;
    this.#aliveAt = (ticks + aliveTicks) as Ticks;
    const bytes = Liveness.encode(this.#space, this.#groups.system.membershipEpoch);
    // What else was sent lately says that this node lives, but not that its room is short.
    const recent =
      this.#space === "ample" && !this.#spaceChanged ? ticks - aliveTicks / 2 : ticks + 1;
    this.#spaceChanged = false;
    for (const peer of this.#liveness.untold(recent as Ticks))
      this.send(peer, "control", SYSTEM_GROUP, FrameKind.alive, bytes, NOW);
    for (const peer of this.#liveness.silent(ticks))
      this.#feedAll({ type: "Link", peer, up: false });
  }

  #append(replica: Replica, kind: number, bytes: Bytes): JournalSeq {
    this.#seq = (this.#seq + 1) as JournalSeq;
    this.#retention.appended(bytes.length);
    this.#undurable.add(this.#seq, replica);
    const { group } = replica;
    this.#turn.ask({ type: "Append", seq: this.#seq, group, kind, parts: [bytes] });
    return this.#seq;
  }

  #feedAll(input: Parameters<Replica["input"]>[0]): void {
    for (const replica of this.#groups) this.#turn.feed(replica, input);
  }

  #halt(reason: string): void {
    this.#halted = true;
    this.#turn.ask({ type: "Halt", reason });
  }

  #count(what: string): void {
    this.#counters[what] = (this.#counters[what] ?? 0) + 1;
  }
}
