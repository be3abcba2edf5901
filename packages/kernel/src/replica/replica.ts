import {
  type Bytes,
  decoded,
  type Entry,
  type Failure,
  fail,
  type GroupConfig,
  type GroupId,
  type Input,
  type JournalSeq,
  type KeyspaceId,
  type Lane,
  type LogIndex,
  type Machine,
  Malformed,
  type MemberChange,
  type NodeId,
  type Now,
  type Outcome,
  type PersistSeq,
  type Position,
  type Protocol,
  Reader,
  type ReadLevel,
  type RequestId,
  type Ticks,
  Writer,
} from "../core/index.ts";
import {
  configOf,
  decodeMessage,
  encodeMessage,
  leaderOf,
  type RaftEffect,
  type RaftMessage,
  type RaftState,
} from "../protocols/raft/index.ts";
import { Applier, bodyOfCheck } from "./applier.ts";
import { ReplicaKind, stampOf } from "./envelope.ts";
import { EqualState, encodeHashReport, encodeVerdict, type Judgement } from "./equal-state.ts";
import { Installation } from "./installation.ts";
import { LogClock } from "./log-clock.ts";
import type { NodeOptions } from "./options.ts";
import type { Profile } from "./profiles.ts";
import { type Obstacle, Proposals } from "./proposals.ts";
import type { GroupStatus, Identity, Snapshot } from "./seam.ts";
import type { Sessions } from "./sessions.ts";
import { ReplicaSnapshot } from "./snapshot.ts";
import { type ChunkTaken, OutgoingTransfer } from "./streaming.ts";
import { FrameKind } from "./wire.ts";

/** What a replica asks of its node, inside a turn. */
export interface ReplicaPort {
  /** Appends to the journal; the sequence tells when it is durable. */
  persist(replica: Replica, bytes: Bytes): JournalSeq;
  /** `after`: leave once that is durable. */
  send(to: NodeId, lane: Lane, group: GroupId, kind: number, bytes: Bytes, after: JournalSeq): void;
  outcome(id: RequestId, outcome: Outcome): void;
  readable(id: RequestId, machine: Machine, validUntil: Ticks | null): void;
  events(ids: readonly RequestId[], revision: number, part: Bytes): void;
  watchCompacted(id: RequestId, compactRevision: number): void;
  /** All watches of this group end: its machine was replaced, or stopped serving. */
  watchesLost(group: GroupId, failure: Failure): void;
  checkpoint(replica: Replica, snapshot: Snapshot, covers: JournalSeq): void;
  note(
    level: "info" | "warn" | "error",
    event: string,
    fields: Readonly<Record<string, string | number | bigint | boolean | null>>,
  ): void;
  /** The machine changed, or the role did: what follows from this group's state must be looked at again. */
  changed(replica: Replica): void;
  /** A number for internal requests and transfers, never used twice in this life of the node. */
  nextId(): RequestId;
  lastSeq(): JournalSeq;
  obstacleTo(group: GroupId, kind: number, envelope: Bytes): Obstacle | null;
}

/** What a replica is made of when it is born or recovered. */
export interface ReplicaParts {
  readonly group: GroupId;
  readonly keyspace: KeyspaceId;
  readonly profileName: string;
  readonly profile: Profile;
  readonly state: RaftState;
  readonly machine: Machine;
  readonly sessions: Sessions;
  readonly at: LogIndex;
  readonly time: number;
  /** Records up to here are not needed to recover this replica. */
  readonly covers: JournalSeq;
  /** The records of earlier lives that are still needed, and where the entries of each end. */
  readonly records: readonly { readonly seq: JournalSeq; readonly lastIndex: LogIndex }[];
  /** What the protocol asked for when it started. */
  readonly recovery: readonly RaftEffect[];
}

type RaftInput = Input<RaftMessage>;

/** Turns of the protocol that one node turn may cause: each one's effects may feed the next, never endlessly. */
const STEPS_MAX = 16;

/**
 * One member of a group on this node: a protocol joined to a machine. Inputs gather during a turn; `run` steps the
 * protocol, persists, sends, applies and answers.
 */
export class Replica {
  readonly group: GroupId;
  readonly keyspace: KeyspaceId;
  readonly profile: Profile;
  readonly clock = new LogClock();
  readonly proposals: Proposals;
  /** Sequence covered by the last durable checkpoint. */
  covers: JournalSeq;
  /** Journal bytes written since that checkpoint. */
  bytesSinceCheckpoint = 0;
  checkpointing = false;
  readonly #profileName: string;
  readonly #identity: Identity;
  readonly #options: NodeOptions;
  readonly #protocol: Protocol<RaftState, RaftMessage>;
  readonly #port: ReplicaPort;
  #state: RaftState;
  #applier: Applier;
  #recovery: readonly RaftEffect[];
  #inputs: RaftInput[] = [];
  /** Committed and not yet applied. */
  #backlog: Entry[] = [];
  #waitingReads: {
    readonly ids: readonly RequestId[];
    readonly at: LogIndex;
    readonly validUntil: Ticks | null;
  }[] = [];
  /** Journal sequences of this replica's undurable records, oldest first; the first is record `#persistedBefore + 1`. */
  #undurable: JournalSeq[] = [];
  #persistedBefore = 0;
  #lastPersist: JournalSeq;
  /** Where each record's entries end, so that a checkpoint knows what it may leave out. */
  #records: { readonly seq: JournalSeq; readonly lastIndex: LogIndex }[] = [];
  readonly #transfers = new Map<NodeId, OutgoingTransfer>();
  readonly #installation: Installation;
  readonly #equal = new EqualState();
  #quarantined = false;
  #readOnly = false;
  #recoverTo: LogIndex;
  #wasLeader = false;
  #knownLeader: NodeId | null = null;
  #dueProposedAt: LogIndex | null = null;
  #logTimeAt: Ticks | null = null;
  #markAt: Ticks | null = null;
  #markedIndex = 0;
  #wantAt: Ticks | null = null;
  #pumpAgain = false;
  #tidyAgain = false;

  constructor(
    parts: ReplicaParts,
    identity: Identity,
    options: NodeOptions,
    protocol: Protocol<RaftState, RaftMessage>,
    port: ReplicaPort,
  ) {
    this.group = parts.group;
    this.keyspace = parts.keyspace;
    this.profile = parts.profile;
    this.covers = parts.covers;
    this.#profileName = parts.profileName;
    this.#identity = identity;
    this.#options = options;
    this.#protocol = protocol;
    this.#port = port;
    this.#state = parts.state;
    this.#records = parts.records.filter(({ lastIndex }) => lastIndex > 0);
    this.#recovery = parts.recovery;
    this.#applier = new Applier(identity, parts.machine, parts.sessions, parts.at, parts.time);
    this.#recoverTo = parts.state.commitIndex;
    this.#lastPersist = parts.covers;
    this.clock.hear(parts.time);
    this.proposals = new Proposals(identity, parts.group, parts.profile, port);
    this.#installation = new Installation((name) =>
      name === parts.profileName ? parts.profile.create() : null,
    );
  }

  get state(): RaftState {
    return this.#state;
  }

  get machine(): Machine {
    return this.#applier.machine;
  }

  get isLeader(): boolean {
    return this.#state.role.type === "Leader";
  }

  get config(): GroupConfig {
    return configOf(this.#state);
  }

  /** May gateways look at this machine: it has caught up with what was served before a restart, and deviates from nobody. */
  get serving(): boolean {
    return !this.#quarantined && this.#applier.index >= this.#recoverTo;
  }

  /** The group is read-only: its replicas differ and no majority agrees (EQ-3). */
  get readOnly(): boolean {
    return this.#readOnly;
  }

  input(input: RaftInput): void {
    this.#inputs.push(input);
  }

  receive(from: NodeId, bytes: Bytes): boolean {
    const message = decodeMessage(bytes);
    if (message instanceof Malformed) return false;
    this.#inputs.push({ type: "Receive", from, message });
    return true;
  }

  read(id: RequestId, level: ReadLevel): void {
    if (this.#quarantined) this.#port.outcome(id, fail({ code: "Corrupt", definite: true }));
    else this.#inputs.push({ type: "Read", ids: [id], level });
  }

  change(change: MemberChange, epoch: number): void {
    this.#inputs.push({ type: "ChangeMembers", id: this.#port.nextId(), change, epoch });
  }

  /** The journal holds everything up to `seq`. */
  durable(seq: JournalSeq): void {
    let count = 0;
    while (count < this.#undurable.length && (this.#undurable[count] as JournalSeq) <= seq) count++;
    if (count === 0) return;
    this.#undurable.splice(0, count);
    this.#persistedBefore += count;
    this.#inputs.push({ type: "Durable", upTo: this.#persistedBefore as PersistSeq });
  }

  /** Does everything that waits. The node calls it once per turn for every group that was touched. */
  run(now: Now): void {
    for (let i = 0; i < STEPS_MAX; i++) {
      if (this.isLeader) this.#lead(now);
      const proposed = this.proposals.take(
        now,
        this.isLeader,
        leaderOf(this.#state),
        this.clock.at(now.ticks),
      );
      if (proposed !== null) this.#inputs.push(proposed);
      if (this.#inputs.length === 0) break;
      const inputs = this.#inputs;
      this.#inputs = [];
      const [next, effects] = this.#protocol.step(this.#state, now, inputs);
      this.#state = next;
      for (const effect of effects) this.#perform(effect, now);
      this.#followRole(now);
      this.#apply();
    }
    this.#serveReads();
    this.#pump();
    this.#stream(now);
    this.#trim();
  }

  /** Performs what the protocol asked for when it started; once, when the node holds this replica. */
  recover(now: Now): void {
    for (const effect of this.#recovery) this.#perform(effect, now);
    this.#recovery = [];
    while (this.#backlog.length > 0) this.#apply();
  }

  wakeAt(now: Ticks): Ticks | null {
    if (this.#backlog.length > 0 || this.#pumpAgain || this.#tidyAgain || this.#equal.auditing)
      return now;
    let at = this.#protocol.wakeAt(this.#state);
    const sooner = (other: Ticks | null): void => {
      if (other !== null && (at === null || other < at)) at = other;
    };
    for (const transfer of this.#transfers.values()) sooner(transfer.wakeAt);
    sooner(this.#wantAt);
    sooner(this.proposals.wakeAt);
    if (this.isLeader) {
      sooner(this.#logTimeAt);
      sooner(this.#markAt);
      const due = this.#dueProposedAt === null ? this.machine.dueAt() : null;
      if (due !== null) sooner(this.clock.tickOf(due));
    }
    return at;
  }

  status(): GroupStatus {
    const { role, term, commitIndex, log } = this.#state;
    const learner = this.config.learners.includes(this.#identity.node);
    const roles = {
      Leader: "leader",
      Follower: "follower",
      PreCandidate: "candidate",
      Candidate: "candidate",
    } as const;
    return {
      group: this.group,
      keyspace: this.keyspace,
      role: learner ? "learner" : roles[role.type],
      leader: leaderOf(this.#state),
      term,
      commitIndex,
      appliedIndex: this.#applier.index,
      lastIndex: log.lastIndex,
      config: this.config,
      recovered: this.#applier.index >= this.#recoverTo,
      serving: this.serving,
      view: this.machine,
    };
  }

  #perform(effect: RaftEffect, now: Now): void {
    switch (effect.type) {
      case "Persist": {
        const seq = this.#port.persist(this, effect.record);
        this.#undurable.push(seq);
        this.#lastPersist = seq;
        this.bytesSinceCheckpoint += effect.record.length;
        if (effect.lastIndex > 0) this.#records.push({ seq, lastIndex: effect.lastIndex });
        return;
      }
      case "Send": {
        const after = effect.early ? (0 as JournalSeq) : this.#lastPersist;
        this.#port.send(
          effect.to,
          effect.lane,
          this.group,
          FrameKind.protocol,
          encodeMessage(effect.message),
          after,
        );
        return;
      }
      case "Commit":
        for (const entry of effect.entries) this.#backlog.push(entry);
        return;
      case "Readable":
        this.#waitingReads.push(effect);
        return;
      case "Settle":
        if (!this.proposals.settle(effect.id, effect.outcome, now.ticks))
          this.#port.outcome(effect.id, effect.outcome);
        return;
      case "Transfer":
        this.#beginTransfer(effect.to, now);
        return;
    }
  }

  /** A turn applies a bounded number of entries, so that heartbeats and other groups get their turn. */
  #apply(): void {
    if (this.#backlog.length === 0) return;
    const batch = this.#backlog.splice(0, this.#options.applyEntriesMax);
    this.#applier.apply(batch, {
      outcome: (id, outcome) => {
        this.proposals.forget(id);
        this.#port.outcome(id, outcome);
      },
      mark: (index, hash) => this.#onMark(index, hash),
      check: (index, hash) => this.#onCheck(index, hash),
    });
    this.clock.hear(this.#applier.time);
    const last = batch[batch.length - 1];
    if (last !== undefined) this.#inputs.push({ type: "Applied", upTo: last.index });
    if (this.#dueProposedAt !== null && this.#applier.index >= this.#dueProposedAt)
      this.#dueProposedAt = null;
    this.#tidyAgain = true;
    this.#port.changed(this);
  }

  #serveReads(): void {
    if (this.#waitingReads.length === 0) return;
    const index = this.#applier.index;
    const ready = this.#waitingReads.filter(({ at }) => at <= index);
    if (ready.length === 0 || !this.serving) return;
    this.#waitingReads = this.#waitingReads.filter(({ at }) => at > index);
    for (const { ids, validUntil } of ready) {
      for (const id of ids) this.#port.readable(id, this.machine, validUntil);
    }
  }

  #pump(): void {
    const { watches } = this.machine;
    if (watches !== null && this.serving && watches.count > 0) {
      this.#pumpAgain = watches.pump(this.#options.pumpOps, {
        events: (ids, revision, part) => this.#port.events(ids, revision, part),
        compacted: (id, compactRevision) => this.#port.watchCompacted(id, compactRevision),
      });
    } else {
      this.#pumpAgain = false;
    }
    if (this.#tidyAgain) this.#tidyAgain = this.machine.tidy(this.#options.tidyOps);
    if (this.#equal.auditing && !this.#equal.audit())
      this.#quarantine("memory differs from what was applied");
  }

  /** Only the log's tail stays in memory: what a follower lacks beyond it comes as a snapshot. */
  #trim(): void {
    const { log, lastApplied } = this.#state;
    const { tailEntriesMax, tailBytesMax } = this.#options;
    const excess = Math.max(
      log.length - tailEntriesMax,
      log.bytes > tailBytesMax ? Math.ceil(log.length / 4) : 0,
    );
    // In steps of an eighth: dropping entry by entry would cost more than what it keeps.
    if (excess <= tailEntriesMax / 8 && log.bytes <= tailBytesMax) return;
    const upTo = Math.min(log.base.index + excess, lastApplied) as LogIndex;
    if (upTo > log.base.index) this.#inputs.push({ type: "Compact", upTo });
  }

  // ---- leading

  #followRole(now: Now): void {
    const leader = leaderOf(this.#state);
    if (this.isLeader && !this.#wasLeader) {
      this.clock.hear(this.#lastStamp());
      this.clock.lead(now.ticks);
      this.#logTimeAt = now.ticks;
      this.#markAt =
        this.#options.checkTicks === 0 ? null : ((now.ticks + this.#options.checkTicks) as Ticks);
      this.#dueProposedAt = null;
      if (this.#quarantined) this.#inputs.push({ type: "Yield" });
    }
    if (!this.isLeader && this.#wasLeader) {
      this.clock.at(now.ticks);
      this.clock.follow();
      for (const transfer of this.#transfers.values()) transfer.release();
      this.#transfers.clear();
    }
    if (leader !== this.#knownLeader) {
      this.proposals.leaderChanged(leader);
      this.#port.note("info", "leader", { group: this.group, term: this.#state.term, leader });
      this.#port.changed(this);
    }
    this.#wasLeader = this.isLeader;
    this.#knownLeader = leader;
  }

  /** The log time of the last command in the log, applied or not: ours must begin there. */
  #lastStamp(): number {
    const { log } = this.#state;
    for (let index = log.lastIndex; index > log.base.index; index = (index - 1) as LogIndex) {
      const entry = log.at(index);
      if (entry?.kind === "command") return stampOf(entry.command);
    }
    return this.#applier.time;
  }

  /** What a leader does because time passed: ends leases, tells the time, marks the log for comparison. */
  #lead(now: Now): void {
    const role = this.#state.role;
    if (role.type !== "Leader" || this.#state.commitIndex < role.termStart) return;
    const time = this.clock.at(now.ticks);
    const due = this.#dueProposedAt === null ? this.machine.dueAt() : null;
    const command = due !== null && due <= time ? this.machine.due(time) : null;
    if (command !== null) {
      this.proposals.own(command.kind, command.body);
      this.#dueProposedAt = (this.#state.log.lastIndex + 1) as LogIndex;
    }
    if (this.#logTimeAt !== null && now.ticks >= this.#logTimeAt) this.#tellTime(now, time);
    if (this.#markAt !== null && now.ticks >= this.#markAt) this.#proposeMark(now);
    else if (
      this.#applier.index - this.#markedIndex >= this.#options.checkEntries &&
      this.#markAt !== null
    )
      this.#proposeMark(now);
  }

  #tellTime(now: Now, time: number): void {
    const measured = this.machine.dueAt() !== null || this.#applier.sessions.size > 0;
    this.#logTimeAt = measured ? ((now.ticks + this.#options.logTimeTicks) as Ticks) : null;
    if (!measured) return;
    const bytes = new Writer(8).uint(time).take();
    for (const peer of this.#others())
      this.#port.send(peer, "control", this.group, FrameKind.logTime, bytes, 0 as JournalSeq);
  }

  /** A lease was granted since: time must be told again. */
  #resumeTime(now: Now): void {
    if (this.isLeader && this.#logTimeAt === null && this.machine.dueAt() !== null)
      this.#logTimeAt = now.ticks;
  }

  #proposeMark(now: Now): void {
    this.#markAt = (now.ticks + this.#options.checkTicks) as Ticks;
    // Nothing but the last mark and check since: an idle group is not woken by its own examination.
    if (this.#applier.index <= this.#markedIndex + 2) return;
    this.#markedIndex = this.#applier.index;
    this.proposals.own(ReplicaKind.mark, new Uint8Array(0));
  }

  // ---- equal state (F10)

  #onMark(index: LogIndex, hash: bigint): void {
    this.#equal.mark(index, hash, this.machine.fork());
    this.#markedIndex = index;
    if (this.isLeader) this.proposals.own(ReplicaKind.check, bodyOfCheck(index, hash));
  }

  #onCheck(index: LogIndex, hash: bigint): void {
    const own = this.#equal.hashAt(index);
    this.#markedIndex = Math.max(this.#markedIndex, this.#applier.index);
    if (own === null) return;
    const leader = leaderOf(this.#state);
    if (this.isLeader) this.#equal.collect(index, own);
    else if (leader !== null)
      this.#port.send(
        leader,
        "control",
        this.group,
        FrameKind.hash,
        encodeHashReport(index, own),
        0 as JournalSeq,
      );
    if (own !== hash) this.#quarantine(`hash ${own} at ${index}, the leader has ${hash}`);
  }

  /** False for bytes that are no time. */
  onLogTime(bytes: Bytes): boolean {
    const at = decoded(() => new Reader(bytes).uint());
    if (at instanceof Malformed) return false;
    if (!this.isLeader) this.clock.hear(at);
    return true;
  }

  onHashReport(from: NodeId, index: LogIndex, hash: bigint): void {
    if (!this.isLeader) return;
    const judgement = this.#equal.report(from, index, hash, this.config, this.#identity.node);
    if (judgement !== null) this.#judge(judgement);
  }

  #judge(judgement: Judgement): void {
    switch (judgement.type) {
      case "Rebuild":
        for (const member of judgement.members) this.#tell(member, "rebuild");
        return;
      case "LeaderDeviates":
        for (const member of judgement.right) this.#tell(member, "right");
        this.#quarantine("the majority's hashes differ from the leader's");
        return;
      case "ReadOnly":
        this.#readOnly = true;
        this.#port.note("error", "group read-only", {
          group: this.group,
          why: "replicas differ and no majority agrees",
        });
        this.#port.changed(this);
    }
  }

  #tell(member: NodeId, verdict: "rebuild" | "right"): void {
    this.#port.send(
      member,
      "control",
      this.group,
      FrameKind.verdict,
      encodeVerdict(verdict),
      0 as JournalSeq,
    );
  }

  onVerdict(verdict: "rebuild" | "right"): void {
    if (!this.#quarantined) return;
    if (verdict === "rebuild") {
      this.#wantAt ??= 0 as Ticks;
      return;
    }
    this.#quarantined = false;
    this.#wantAt = null;
    this.#port.changed(this);
  }

  /** Stops serving at once: what it would answer is wrong (card 66). It still votes and stores the log, which is sound. */
  #quarantine(why: string): void {
    if (this.#quarantined) return;
    this.#quarantined = true;
    this.#wantAt = 0 as Ticks;
    this.#port.note("error", "replica deviates", { group: this.group, why });
    this.#port.watchesLost(this.group, { code: "Corrupt", definite: true });
    for (const { ids } of this.#waitingReads) {
      for (const id of ids) this.#port.outcome(id, fail({ code: "Corrupt", definite: true }));
    }
    this.#waitingReads = [];
    if (this.isLeader) this.#inputs.push({ type: "Yield" });
    this.#port.changed(this);
  }

  // ---- snapshots, outgoing

  #beginTransfer(to: NodeId, now: Now): void {
    this.#transfers.get(to)?.release();
    const transfer = new OutgoingTransfer(this.#port.nextId(), to, this.snapshot(), now.ticks);
    this.#transfers.set(to, transfer);
    this.#port.note("info", "snapshot to peer", {
      group: this.group,
      to,
      index: transfer.at.index,
    });
  }

  onSnapshotWanted(from: NodeId, now: Now): void {
    if (this.isLeader && !this.#quarantined && !this.#transfers.has(from))
      this.#beginTransfer(from, now);
  }

  onChunkTaken(from: NodeId, reply: ChunkTaken, now: Now): void {
    const transfer = this.#transfers.get(from);
    const ended = transfer?.taken(reply, now.ticks) ?? null;
    if (transfer !== undefined && ended !== null) this.#endTransfer(transfer, ended);
  }

  #endTransfer(transfer: OutgoingTransfer, ok: boolean): void {
    this.#transfers.delete(transfer.to);
    transfer.release();
    this.#inputs.push({ type: "Transferred", to: transfer.to, at: transfer.at, ok });
  }

  #stream(now: Now): void {
    for (const transfer of this.#transfers.values()) {
      for (const chunk of transfer.chunks(now.ticks)) {
        this.#port.send(transfer.to, "bulk", this.group, FrameKind.chunk, chunk, 0 as JournalSeq);
      }
      if (transfer.isHopeless(now.ticks)) this.#endTransfer(transfer, false);
    }
    if (this.#wantAt !== null && now.ticks >= this.#wantAt) this.#askForSnapshot(now);
    this.#resumeTime(now);
  }

  /** The whole state, frozen. Must be released. */
  snapshot(): Snapshot {
    const { log } = this.#state;
    const index = this.#applier.index;
    const header = {
      keyspace: this.keyspace,
      profile: this.#profileName,
      at: { index, epoch: log.epochAt(index) ?? log.base.epoch },
      config: this.#configAt(index),
      meta: this.#protocol.meta(this.#state),
      time: this.#applier.time,
      sessions: this.#applier.sessions.encode(),
    };
    return new ReplicaSnapshot(header, this.machine.fork());
  }

  /** The configuration as of an index: a newer one that is not applied yet comes with the log. */
  #configAt(index: LogIndex): GroupConfig {
    const known = this.#state.configs.filter((config) => config.index <= index);
    return (known[known.length - 1] ?? this.#state.configs[0])?.config ?? this.config;
  }

  // ---- checkpoints

  /** Writes a checkpoint. It may leave out every record whose entries end before the tail that followers may want. */
  checkpoint(): void {
    if (this.checkpointing || this.#installation.busy) return;
    this.checkpointing = true;
    const keep = Math.max(0, this.#applier.index - this.#options.tailEntriesMax);
    const needed = this.#records.find(({ lastIndex }) => lastIndex > keep);
    const covers = (needed === undefined ? this.#port.lastSeq() : needed.seq - 1) as JournalSeq;
    this.#port.checkpoint(this, this.snapshot(), covers);
  }

  onCheckpointed(covers: JournalSeq, ok: boolean): void {
    const installing = this.#installation.checkpointed(covers, ok);
    if (installing !== null) {
      this.#finishInstallation(installing.from, ok);
      return;
    }
    this.checkpointing = false;
    if (!ok) return;
    this.covers = Math.max(this.covers, covers) as JournalSeq;
    this.bytesSinceCheckpoint = 0;
    this.#records = this.#records.filter(({ seq }) => seq > covers);
  }

  // ---- snapshots, incoming

  #askForSnapshot(now: Now): void {
    this.#wantAt = (now.ticks + WANT_AGAIN_TICKS) as Ticks;
    const leader = leaderOf(this.#state);
    if (leader === null || leader === this.#identity.node || this.#installation.busy) return;
    this.#port.send(
      leader,
      "control",
      this.group,
      FrameKind.snapshotWanted,
      new Uint8Array(0),
      0 as JournalSeq,
    );
  }

  onChunk(from: NodeId, bytes: Bytes): void {
    const reply = this.#installation.take(from, bytes);
    if (reply === null) return;
    if (reply.type === "Whole") this.#install(from);
    else
      this.#port.send(
        from,
        "control",
        this.group,
        FrameKind.chunkTaken,
        reply.bytes,
        0 as JournalSeq,
      );
  }

  /**
   * A whole snapshot is here. Behind it: it replaces log and machine, once its own checkpoint is durable. Not behind it:
   * only a deviating machine is replaced, and catches up from the log.
   */
  #install(from: NodeId): void {
    const received = this.#installation.received;
    const { log, lastApplied } = this.#state;
    if (received === null) return this.#replyInstalled(from, "failed");
    const { at } = received.header;
    if (this.#protocol.wants(this.#state, at)) {
      // One checkpoint of a group at a time: the leader streams again, and by then the other is written.
      if (this.checkpointing) return this.#replyInstalled(from, "failed");
      this.#inputs.push({ type: "Installing", at });
      const covers = this.#port.lastSeq();
      const header = { ...received.header, meta: this.#protocol.meta(this.#state) };
      this.#installation.awaitCheckpoint(covers, from);
      this.#port.checkpoint(this, new ReplicaSnapshot(header, received.machine.fork()), covers);
      return;
    }
    if (this.#quarantined && at.index >= log.base.index && at.index <= lastApplied)
      this.#rebuildFrom(at, lastApplied);
    this.#installation.end();
    this.#replyInstalled(from, "installed");
  }

  #rebuildFrom(at: Position, upTo: LogIndex): void {
    const received = this.#installation.received;
    if (received === null) return;
    const applier = new Applier(
      this.#identity,
      received.machine,
      received.sessions,
      at.index,
      received.header.time,
    );
    applier.apply(this.#state.log.slice(at.index, upTo), SILENT);
    this.#replaceMachine(applier);
    this.#port.note("info", "replica rebuilt", { group: this.group, index: applier.index });
    // The checkpoints on disk may hold the wrong bit too.
    this.checkpoint();
  }

  #finishInstallation(from: NodeId, ok: boolean): void {
    const received = this.#installation.received;
    this.#installation.end();
    if (!ok || received === null) {
      this.#port.note("error", "snapshot not installed", { group: this.group });
      this.#replyInstalled(from, "failed");
      return;
    }
    const { header, machine, sessions } = received;
    this.#replaceMachine(
      new Applier(this.#identity, machine, sessions, header.at.index, header.time),
    );
    this.#backlog = [];
    this.covers = Math.max(this.covers, this.#installation.covers) as JournalSeq;
    this.#records = [];
    this.bytesSinceCheckpoint = 0;
    this.#inputs.push({ type: "Installed", at: header.at, config: header.config });
    this.#port.note("info", "snapshot installed", { group: this.group, index: header.at.index });
    this.#replyInstalled(from, "installed");
  }

  #replaceMachine(applier: Applier): void {
    this.#port.watchesLost(this.group, { code: "LeaderChanged", definite: true });
    this.#equal.release();
    this.#applier = applier;
    this.#quarantined = false;
    this.#wantAt = null;
    this.clock.hear(applier.time);
    this.#port.changed(this);
  }

  #replyInstalled(from: NodeId, state: "installed" | "failed"): void {
    const bytes = this.#installation.reply(state);
    this.#port.send(from, "control", this.group, FrameKind.chunkTaken, bytes, this.#lastPersist);
  }

  #others(): readonly NodeId[] {
    const { voters, outgoing, learners } = this.config;
    return [...new Set([...voters, ...(outgoing ?? []), ...learners])].filter(
      (member) => member !== this.#identity.node,
    );
  }
}

/** How long a deviating replica waits before it asks for a snapshot again. */
const WANT_AGAIN_TICKS = 2000;

/** Entries applied again to catch up have been answered long ago. */
const SILENT = { outcome: () => {}, mark: () => {}, check: () => {} };
