import {
  type AnyLogProtocol,
  type Bytes,
  configOf,
  type Effect,
  type Entry,
  earliest,
  fail,
  type GroupConfig,
  type GroupId,
  type Input,
  type JournalSeq,
  type KeyspaceId,
  type LogIndex,
  type LogState,
  type Machine,
  Malformed,
  type MemberChange,
  type NodeId,
  type Now,
  othersOf,
  type ReadLevel,
  type RequestId,
  type Standing,
  type Ticks,
} from "../core/index.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { Applier } from "./applier.ts";
import { Background } from "./background.ts";
import { CacheLeases } from "./cache-leases.ts";
import { Coverage } from "./coverage.ts";
import { Deviation } from "./deviation.ts";
import { Egress } from "./egress.ts";
import { Exporting } from "./exporting.ts";
import { statusOf } from "./group-status.ts";
import { Intake } from "./intake.ts";
import { LeaderDuties } from "./leader-duties.ts";
import { droppable } from "./log-tail.ts";
import type { NodeOptions } from "./options.ts";
import { Persisted } from "./persisted.ts";
import type { Profile } from "./profiles.ts";
import { Proposals } from "./proposals.ts";
import type { ReplicaParts } from "./replica-parts.ts";
import type { ReplicaPort } from "./replica-port.ts";
import type { GroupStatus, Identity, Snapshot } from "./seam.ts";
import { snapshotOf } from "./snapshot.ts";
import type { ChunkTaken } from "./streaming.ts";
import { type TransferEnd, Transfers } from "./transfers.ts";
import { TurnBudget } from "./turn-budget.ts";
import { WaitingReads } from "./waiting-reads.ts";

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
  readonly proposals: Proposals;
  readonly acknowledgements: Acknowledgements;
  readonly caches: CacheLeases;
  readonly coverage: Coverage;
  readonly exporting: Exporting;
  readonly deviation: Deviation;
  readonly #profileName: string;
  readonly #identity: Identity;
  readonly #options: NodeOptions;
  readonly #protocol: AnyLogProtocol;
  readonly #port: ReplicaPort;
  readonly #duties: LeaderDuties;
  readonly #transfers: Transfers;
  readonly #intake: Intake;
  readonly #waitingReads = new WaitingReads();
  readonly #background = new Background();
  readonly #applyBudget = new TurnBudget();
  #state: LogState;
  #standing: Standing;
  #applier: Applier;
  #recovery: readonly Effect<unknown>[];
  #inputs: Input<unknown>[] = [];
  /** Of snapshots, received in this turn. */
  #chunks: { readonly from: NodeId; readonly bytes: Bytes }[] = [];
  /** Committed and not yet applied. */
  #backlog: Entry[] = [];
  readonly #persisted: Persisted;
  readonly #egress: Egress;
  #recoverTo: LogIndex;
  #wasLeader = false;
  #knownLeader: NodeId | null = null;

  constructor(parts: ReplicaParts, identity: Identity, options: NodeOptions, port: ReplicaPort) {
    this.group = parts.group;
    this.keyspace = parts.keyspace;
    this.profile = parts.profile;
    this.#profileName = parts.profileName;
    this.#identity = identity;
    this.#options = options;
    this.#protocol = parts.protocol;
    this.#port = port;
    this.#state = parts.state;
    this.#standing = parts.protocol.standing(parts.state);
    this.#recovery = parts.recovery;
    const { machine, sessions, at, time, leasedTicks } = parts;
    const { rules } = options;
    this.#applier = new Applier(identity, machine, sessions, at, time, leasedTicks, rules);
    this.#recoverTo = options.rules.replayBeforeServing ? parts.state.commitIndex : parts.at;
    this.#persisted = new Persisted(parts.covers);
    this.#egress = new Egress(this.#persisted, parts.protocol, port);
    this.coverage = new Coverage(parts.covers, parts.records);
    this.caches = new CacheLeases(options.cache, (kind, body) => this.proposals.own(kind, body));
    const gate = this.caches.gate(() => this.#applier);
    this.proposals = new Proposals(identity, parts.group, parts.profile, port, gate);
    this.acknowledgements = new Acknowledgements(this, rules.acksByEpoch, port);
    this.#duties = new LeaderDuties(parts.group, options, this.proposals, port);
    if (options.rules.logTimeGoesOn) this.#duties.clock.hear(parts.time);
    this.#transfers = new Transfers(parts.group, identity.start, port, () => this.snapshot());
    const others = () => othersOf(this.#state);
    const { group, keyspace } = this;
    this.exporting = new Exporting(group, keyspace, rules.exportBeforeUndo, port, others);
    this.deviation = this.#newDeviation();
    this.#intake = this.#newIntake();
  }

  get state(): LogState {
    return this.#state;
  }

  get machine(): Machine {
    return this.#applier.machine;
  }

  get isLeader(): boolean {
    return this.#standing.role === "leader";
  }

  /** Until it has written out what it is to lose, it is fit for no office. */
  get standing(): Standing {
    return this.exporting.waits ? { ...this.#standing, unfit: true } : this.#standing;
  }

  /** Of a leader: does that member hold nearly all of the log? */
  isInStep(member: NodeId): boolean {
    return this.#protocol.isInStep(this.#state, member);
  }

  get config(): GroupConfig {
    return configOf(this.#state);
  }

  /**
   * May gateways look at this machine: it has caught up with what was served before a restart, is not being rebuilt, and
   * deviates from nobody.
   */
  get serving(): boolean {
    const { repairing } = this.#state;
    return !this.deviation.quarantined && !repairing && this.#applier.index >= this.#recoverTo;
  }

  input(input: Input<unknown>): void {
    this.#inputs.push(input);
    const aborted = input.type === "Link" ? this.#transfers.abort(input.peer) : null;
    if (aborted !== null) this.#transferred(aborted);
  }

  receive(from: NodeId, bytes: Bytes): boolean {
    // Commands in it outlive this turn, and must not keep the rest of the frame with them.
    const own = this.#protocol.holdsEntries(bytes) ? bytes.slice() : bytes;
    const message = this.#protocol.decode(own);
    if (message instanceof Malformed) return false;
    if (this.exporting.waits) return true;
    this.#inputs.push({ type: "Receive", from, message });
    return true;
  }

  read(id: RequestId, level: ReadLevel): void {
    // What waits for its disk serves nobody, and a reader kept for it would outlive whoever asks.
    const code = this.deviation.quarantined ? "Corrupt" : this.exporting.waits ? "NoLeader" : null;
    if (code === null) this.#inputs.push({ type: "Read", ids: [id], level });
    else this.#port.outcome(id, fail({ code, definite: true }));
  }

  /** Right where a linearizable read is answered: how long the answer may be cached, in ticks from when it was asked for. */
  grant(now: Now, key: string, holder: RequestId): number | null {
    return this.caches.grant(now, key, holder, this.#state, this.#applier);
  }

  change(change: MemberChange, epoch: number): void {
    this.#inputs.push({ type: "ChangeMembers", id: this.#port.nextId(), change, epoch });
  }

  /** As its leader; nobody waits for how it ends. */
  handTo(member: NodeId): void {
    this.#inputs.push({ type: "TransferLeadership", id: this.#port.nextId(), to: member });
  }

  /** The journal holds everything up to `seq`. */
  durable(seq: JournalSeq): void {
    const upTo = this.#persisted.durable(seq);
    if (upTo !== null) this.#inputs.push({ type: "Durable", upTo });
  }

  /** Of a leader that has begun: what it stamps commands with now. Else null. */
  logTime(now: Now): number | null {
    return this.#duties.timeOf(now, this.#state, this.#standing);
  }

  /** Of a leader: who surely holds its log up to there. */
  holders(now: Now, at: LogIndex): readonly NodeId[] {
    return this.#protocol.holders(this.#state, now, at);
  }

  /** True for a command that may be in a log, or is: its outcome is unknown until it is said. */
  isUnderWay(id: RequestId): boolean {
    return this.proposals.isUnderWay(id) || this.acknowledgements.holds(id);
  }

  /** The caller was answered, or went away. */
  forget(id: RequestId): void {
    this.proposals.forget(id);
    this.acknowledgements.forget(id);
  }

  /** Does everything that waits. The node calls it once per turn for every group that was touched. */
  run(now: Now): void {
    for (let i = 0; i < STEPS_MAX && !this.exporting.waits; i++) {
      this.#duties.perform(now, this.#state, this.#standing, this.#applier);
      const time = this.#duties.clock.at(now.ticks);
      const proposed = this.proposals.take(now, this.isLeader, this.#standing.leader, time);
      if (proposed !== null) this.#inputs.push(proposed);
      if (this.#inputs.length === 0 && !this.#takeChunks()) break;
      const inputs = this.#inputs;
      this.#inputs = [];
      const [next, effects] = this.#protocol.step(this.#state, now, inputs);
      this.#state = next;
      this.#standing = this.#protocol.standing(next);
      // A leader appends what it takes in the step in which it is asked to.
      this.caches.proposed(next.log.lastIndex);
      for (const effect of this.exporting.pass(effects)) this.#perform(effect, now);
      this.#followRole(now);
      if (this.#backlog.length > 0) this.#apply((bytes) => this.#applyBudget.take(now, bytes));
    }
    this.#egress.forget();
    this.caches.proposed(this.#state.log.lastIndex);
    this.caches.applied(this.#applier.index);
    this.exporting.retry(now.ticks);
    if (this.exporting.waits) return;
    if (this.#inputs.length === 0) this.#intake.writeOut();
    if (this.serving) this.#waitingReads.serve(this.machine, this.#applier.index, this.#port);
    this.acknowledgements.run(now, this.isLeader, this.#standing.leader);
    for (const { holder, datum: key, recall } of this.caches.recalls(now))
      this.#port.ask({ type: "Recall", holder, key, recall, view: this.machine });
    this.#background.run(this.machine, this.serving, this.#options, this.#port);
    this.deviation.audit();
    for (const end of this.#transfers.stream(now)) this.#transferred(end);
    this.deviation.askForSnapshot(now, this.#intake.busy);
    if (this.isLeader) this.#duties.resumeTime(now, this.machine);
    const upTo = droppable(this.#state, this.#options);
    if (upTo !== null) this.#inputs.push({ type: "Compact", upTo });
  }

  /** Performs what the protocol asked for when it started; once, when the node holds this replica. */
  recover(now: Now): void {
    for (const effect of this.#recovery) this.#perform(effect, now);
    this.#recovery = [];
    while (this.#backlog.length > 0 && this.#options.rules.replayBeforeServing) this.#apply();
  }

  wakeAt(now: Ticks): Ticks | null {
    if (this.exporting.waits) return this.exporting.retryAt;
    if (this.#backlog.length > 0 || this.#background.pending || this.deviation.auditing) return now;
    let at = this.#protocol.wakeAt(this.#state);
    at = earliest(at, this.#transfers.wakeAt);
    at = earliest(at, this.deviation.wantAt);
    at = earliest(at, this.proposals.wakeAt);
    at = earliest(at, this.acknowledgements.wakeAt);
    if (!this.isLeader) return at;
    at = earliest(at, this.caches.wakeAt);
    return earliest(at, this.#duties.wakeAt(this.#state, this.#standing, this.machine));
  }

  status(): GroupStatus {
    return statusOf(this, this.#identity.node, this.#applier.index, this.#recoverTo);
  }

  /** The whole state, frozen. Must be released. */
  snapshot(): Snapshot {
    const meta = this.#protocol.meta(this.#state);
    const { rules } = this.#options;
    return snapshotOf(this.keyspace, this.#profileName, this.#state, meta, this.#applier, rules);
  }

  /** With its tail, a checkpoint leaves the records in place that lagging followers may want after a restart. */
  checkpoint(withTail = true): void {
    if (this.coverage.writing || this.#intake.busy) return;
    const tail = withTail ? this.#options.tailEntriesMax : 0;
    const keep = Math.max(0, this.#applier.index - tail);
    const covers = this.coverage.begin(keep, this.#port.lastSeq());
    this.#port.checkpoint(this, this.snapshot(), covers);
  }

  exported(id: RequestId, ok: boolean, now: Now): void {
    for (const effect of this.exporting.done(id, ok, now.ticks)) this.#perform(effect, now);
  }

  onCheckpointed(covers: JournalSeq, ok: boolean): void {
    if (!this.#intake.checkpointed(covers, ok)) this.coverage.end(covers, ok);
  }

  /**
   * Part of a snapshot. It is looked at when all that came before it in this turn has been done: whether the log needs the
   * snapshot shows only then, and installing it drops what the log holds.
   */
  onChunk(from: NodeId, bytes: Bytes): void {
    if (!this.exporting.waits) this.#chunks.push({ from, bytes: bytes.slice() });
  }

  /** True where that gave the protocol something to do. */
  #takeChunks(): boolean {
    const chunks = this.#chunks;
    this.#chunks = [];
    for (const { from, bytes } of chunks) this.#intake.chunk(from, bytes);
    return this.#inputs.length > 0;
  }

  onSnapshotWanted(from: NodeId, now: Now): void {
    if (this.isLeader && !this.deviation.quarantined && !this.#transfers.isServing(from))
      this.#transfers.begin(from, now);
  }

  onChunkTaken(from: NodeId, reply: ChunkTaken, now: Now): void {
    const end = this.#transfers.taken(from, reply, now);
    if (end === null) return;
    if (reply.state === "failed") this.deviation.refused(() => this.machine.fork());
    this.#transferred(end);
  }

  /** False for bytes that are no time. */
  onLogTime(bytes: Bytes): boolean {
    return this.#duties.onLogTime(bytes);
  }

  #perform(effect: Effect<unknown>, now: Now): void {
    switch (effect.type) {
      case "Persist":
        return this.#egress.persist(this, this.coverage, effect);
      case "Send":
        return this.#egress.send(this, effect);
      case "Commit":
        for (const entry of effect.entries) this.#backlog.push(entry);
        return;
      case "Readable":
        this.#waitingReads.add(effect);
        return;
      case "Settle":
        if (!this.proposals.settle(effect.id, effect.outcome, now.ticks))
          this.#port.outcome(effect.id, effect.outcome);
        return;
      case "Transfer":
        this.#transfers.begin(effect.to, now);
        return;
      // See `Exporting`: whatever lets this one pass has said of it what is to be said.
      case "Lost":
        return;
      case "Petition":
        this.#port.petition(this.group, effect.version, effect.petition);
        return;
    }
  }

  /** A turn applies a bounded number of entries and bytes, so that heartbeats and other groups get their turn. */
  #apply(fits: (bytes: number) => boolean = () => true): void {
    if (this.#backlog.length === 0) return;
    const end = this.#backlog.findIndex(({ command }) => !fits(command.length));
    const most = Math.min(end < 0 ? this.#backlog.length : end, this.#options.applyEntriesMax);
    if (most === 0) return;
    const batch = this.#backlog.splice(0, most);
    this.#applier.apply(batch, {
      outcome: (id, outcome) => {
        this.proposals.forget(id);
        if (!this.acknowledgements.hold(id, outcome)) this.#port.outcome(id, outcome);
      },
      mark: (index, hash) => {
        this.deviation.mark(index, hash, this.machine.fork());
        this.#duties.marked(index, hash, this.isLeader);
      },
      check: (index, hash) => {
        this.#duties.checked(this.#applier.index);
        this.deviation.check(index, hash);
      },
    });
    this.#duties.applied(this.#applier);
    const last = batch[batch.length - 1];
    if (last !== undefined) {
      this.acknowledgements.place(last);
      this.#inputs.push({ type: "Applied", upTo: last.index });
    }
    this.#background.applied();
    this.#port.changed(this);
  }

  #followRole(now: Now): void {
    this.caches.follow(now, this.isLeader, this.#state, this.#applier);
    const leader = this.#standing.leader;
    if (this.isLeader && !this.#wasLeader) {
      this.#duties.begin(now, this.#state, this.#standing, this.#applier);
      if (this.deviation.quarantined) this.#stepDown();
    }
    if (!this.isLeader && this.#wasLeader) {
      this.#duties.end(now);
      this.#transfers.drop();
    }
    if (leader !== this.#knownLeader) {
      this.proposals.leaderChanged(leader);
      this.#port.note("info", "leader", { group: this.group, term: this.#state.term, leader });
      this.#port.changed(this);
    }
    this.#wasLeader = this.isLeader;
    this.#knownLeader = leader;
  }

  #transferred({ to, at, ok }: TransferEnd): void {
    this.#inputs.push({ type: "Transferred", to, at, ok });
  }

  #newDeviation(): Deviation {
    const { group } = this;
    return new Deviation(
      {
        group,
        self: this.#identity.node,
        leader: () => this.#standing.leader,
        config: () => this.config,
        rules: this.#options.rules,
        stopServing: () => {
          this.#port.watchesLost(group, { code: "Corrupt", definite: true });
          this.#waitingReads.abandon(this.#port);
          if (this.isLeader) this.#stepDown();
        },
        stepDown: () => this.#stepDown(),
        changed: () => this.#port.changed(this),
      },
      this.#port,
    );
  }

  /**
   * Its log is sound, its machine answers nobody. Who was elected hands leadership to nobody in particular: an heir may deviate too and
   * hand it back, turn and turn about. Who was appointed may have what nobody else has, and would be again: it gives that to an heir first.
   */
  #stepDown(): void {
    this.#inputs.push({ type: "Yield", heir: this.profile.office !== null });
  }

  #newIntake(): Intake {
    return new Intake(
      {
        group: this.group,
        identity: this.#identity,
        rules: this.#options.rules,
        create: (name) => (name === this.#profileName ? this.profile.create() : null),
        state: () => this.#state,
        wants: (at) => this.#protocol.wants(this.#state, at),
        meta: () => this.#protocol.meta(this.#state),
        deviates: () => this.deviation.quarantined,
        checkpointing: () => this.coverage.writing,
        input: (input) => this.#inputs.push(input),
        checkpoint: (snapshot, covers) => this.#port.checkpoint(this, snapshot, covers),
        lastPersist: () => this.#persisted.last,
        installed: (applier, covers) => {
          this.#replaceMachine(applier);
          // What was applied here before may be more than the group has kept: then there is nothing to catch up with.
          this.#recoverTo = Math.min(this.#recoverTo, applier.index) as LogIndex;
          this.#backlog = [];
          this.coverage.restart(covers);
        },
        rebuilt: (applier) => {
          this.#replaceMachine(applier);
          this.#port.note("info", "replica rebuilt", { group: this.group, index: applier.index });
          // The checkpoints on disk may hold the wrong bit too.
          this.checkpoint();
        },
      },
      this.#port,
    );
  }

  #replaceMachine(applier: Applier): void {
    this.#port.watchesLost(this.group, { code: "LeaderChanged", definite: true });
    this.#applier = applier;
    this.deviation.replaced();
    this.#duties.clock.hear(applier.time);
    this.#port.changed(this);
  }
}
