import {
  type Acks,
  type Bytes,
  DEFAULT_KEYSPACE,
  type GroupId,
  type JournalSeq,
  type KeyspaceId,
  Malformed,
  type NodeId,
  type ReadLevel,
  type RequestId,
  type StartId,
  startId,
  type Ticks,
  ticks,
} from "@quorate/kernel/core";
import {
  type Identity,
  type Node,
  type NodeEffect,
  type NodeInput,
  type NodeOptions,
  type RecoveredNode,
  type Space,
  startNode,
  type WriteName,
} from "@quorate/kernel/replica";
import type { Agenda } from "./agenda.ts";
import { Asked } from "./asked.ts";
import { NodeClock } from "./clock.ts";
import type { Dice } from "./dice.ts";
import type { Disk } from "./disk.ts";
import { DiskErrands } from "./disk-errands.ts";
import { IDLE_TURNS_MAX, IdleTurns } from "./idle-turns.ts";
import type { Network } from "./network.ts";
import type { NodeObserver, SimCache, SimCaller, SimNodeParts, SimWatcher } from "./node-parts.ts";
import type { Trace } from "./trace.ts";
import type { Station } from "./wire.ts";

type After = Extract<NodeEffect, { readonly after: JournalSeq }>;

/** Turns that a node takes after an input: 10 to 60 microseconds of work. */
const TURN_MICROS_MIN = 10;
const TURN_MICROS_MAX = 60;

/** Hosts the real node kernel in the simulated world, as the server hosts it in the real one. */
export class SimNode implements Station {
  readonly id: NodeId;
  readonly name: string;
  readonly disk: Disk;
  readonly options: NodeOptions;
  readonly clock: NodeClock;
  start: StartId | null = null;
  /** The last record of each group that was there when this life began. */
  readonly lastRecordOf = new Map<GroupId, JournalSeq>();
  readonly #parts: SimNodeParts;
  readonly #agenda: Agenda;
  readonly #dice: Dice;
  readonly #network: Network;
  readonly #trace: Trace;
  readonly #observer: NodeObserver;
  #kernel: Node | null = null;
  #life = 0;
  /** With whom it has links; null until its kernel has said so. */
  #peers: readonly NodeId[] | null = null;
  #retired = false;
  #inputs: NodeInput[] = [];
  #turnPlanned = false;
  #wakePlanned: number | null = null;
  #pausedUntil = 0;
  /** Appended and not yet handed to the disk. */
  #unwritten: Extract<NodeEffect, { type: "Append" }>[] = [];
  #syncing = false;
  #syncFails = false;
  #slowness = 1;
  readonly #idle = new IdleTurns();
  /** Turns that had to wait because the process stood still or was slow. */
  delayed = 0;
  readonly #errands: DiskErrands;
  /** Writes that this node was told are undone, in this life. */
  readonly undone: WriteName[] = [];
  #durable = 0 as JournalSeq;
  #waiting: After[] = [];
  readonly #asked = new Asked();

  constructor(
    parts: SimNodeParts,
    agenda: Agenda,
    dice: Dice,
    network: Network,
    trace: Trace,
    observer: NodeObserver,
  ) {
    this.#parts = parts;
    this.id = parts.id;
    this.name = parts.name;
    this.disk = parts.disk;
    this.options = parts.options;
    this.clock = new NodeClock(parts.clock);
    this.#agenda = agenda;
    this.#dice = dice;
    this.#network = network;
    this.#trace = trace;
    this.#observer = observer;
    this.#errands = new DiskErrands(agenda, parts.disk, (input) => this.input(input));
  }

  /** The running kernel, for observers; null while the node is down. */
  get kernel(): Node | null {
    return this.#kernel;
  }

  get hasStarted(): boolean {
    return this.#life > 0;
  }

  /** It is gone for good, and will not be started again. */
  get retired(): boolean {
    return this.#retired;
  }

  retire(): void {
    this.#retired = true;
    this.crash(true);
  }

  get isUp(): boolean {
    return this.#kernel !== null;
  }

  /** Neither down nor standing still. */
  get runs(): boolean {
    return this.#kernel !== null && this.#agenda.now >= this.#pausedUntil;
  }

  now(): Ticks {
    return ticks(this.clock.ticks(this.#agenda.now));
  }

  boot(): void {
    if (this.#kernel !== null || this.#retired) return;
    this.start = startId(this.#dice.id());
    this.#life++;
    const recovered = this.disk.recover();
    this.#durable = recovered.lastSeq;
    this.lastRecordOf.clear();
    for (const { group, seq } of recovered.records) this.lastRecordOf.set(group, seq);
    const kernel = this.#startKernel(recovered, this.start);
    if (kernel === null) return;
    this.#kernel = kernel;
    this.#trace.note(this.#agenda.now, `${this.name} starts`, this.name);
    this.#observer.started(this);
    this.#network.arrived(this.id);
    this.#planTurn();
  }

  /** Null where the disk holds what no release can have written: the node stops and says so. */
  #startKernel(recovered: RecoveredNode, start: StartId): Node | null {
    const identity: Identity = { ...this.#parts.identity, start };
    const { self, bootstrap, options } = this.#parts;
    const seed = this.#dice.id();
    try {
      return startNode({ identity, self, bootstrap, recovered, seed }, options, this.#time());
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.start = null;
      this.#observer.halted(this, error.message);
      return null;
    }
  }

  /** Its clock runs differently from now on: what it was to do at a time is planned anew. */
  retime(change: (clock: NodeClock, micros: number) => void): void {
    change(this.clock, this.#agenda.now);
    this.#wakePlanned = null;
    if (this.#kernel !== null) this.#planTurn();
  }

  /** Every turn takes so many times as long, until told otherwise. */
  slow(factor: number): void {
    this.#slowness = factor;
  }

  /** Room on the disk, as the journal would report it. */
  space(space: Space): void {
    this.input({ type: "Space", space });
  }

  /** The next sync reports an error, as a device does that gives up. */
  failSync(): void {
    this.#syncFails = true;
  }

  mendSync(): void {
    this.#syncFails = false;
  }

  /** The process ends between two instructions; power may fail with it, and the network may not tell anybody. */
  crash(power: boolean, silently = false): void {
    if (this.#kernel === null) return;
    this.#trace.note(
      this.#agenda.now,
      `${this.name} crashes${power ? ", power cut" : ""}`,
      this.name,
    );
    this.#kernel = null;
    this.start = null;
    this.#life++;
    // A killed process leaves what it wrote to the operating system; only a power cut loses it.
    if (power) this.disk.cutPower();
    else this.disk.synced(this.#durable);
    this.#errands.crash();
    this.undone.length = 0;
    this.#inputs = [];
    this.#unwritten = [];
    this.#waiting = [];
    this.#asked.abandon();
    this.#peers = null;
    this.#syncing = false;
    this.#turnPlanned = false;
    this.#wakePlanned = null;
    this.#slowness = 1;
    this.#syncFails = false;
    this.#network.departed(this.id, silently);
  }

  /** It stands still: what it was told it does later. */
  get isPaused(): boolean {
    return this.#agenda.now < this.#pausedUntil;
  }

  /** Stands still, clock and all of the outside going on, as a stopped process does. */
  pause(micros: number): void {
    this.#trace.note(this.#agenda.now, `${this.name} pauses for ${micros / 1000} ms`, this.name);
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#agenda.now + micros);
  }

  /** The disk takes writes and does not finish them for so long; the node itself goes on. */
  hangDisk(micros: number): void {
    this.#trace.note(
      this.#agenda.now,
      `${this.name}'s disk hangs for ${micros / 1000} ms`,
      this.name,
    );
    this.#errands.hang(micros);
  }

  receive(from: NodeId, bytes: Bytes): void {
    if (!this.#isPeer(from)) return;
    this.input({ type: "Frame", from, bytes });
  }

  link(peer: NodeId, up: boolean): void {
    this.input({ type: "Link", peer, up });
  }

  request(
    caller: SimCaller,
    keyspace: KeyspaceId,
    kind: number,
    body: Bytes,
    patience: number,
    session: { readonly id: bigint; readonly sequence: number } | null = null,
    acks: Acks | null = null,
  ): RequestId {
    const id = this.#asked.caller(caller);
    const deadline = ticks(this.now() + patience);
    this.input({ type: "Request", id, keyspace, kind, body, deadline, session, acks });
    return id;
  }

  read(caller: SimCaller, keyspace: KeyspaceId, level: ReadLevel, patience: number): void {
    const id = this.#asked.caller(caller);
    this.input({ type: "Read", id, keyspace, level, deadline: ticks(this.now() + patience) });
  }

  /** A client's cache has reached this node: the number under which it holds leases. */
  openCache(cache: SimCache): RequestId {
    return this.#asked.cache(cache);
  }

  cacheRead(caller: SimCaller, holder: RequestId, key: string, patience: number): void {
    const id = this.#asked.caller(caller);
    const deadline = ticks(this.now() + patience);
    const keyspace = DEFAULT_KEYSPACE;
    this.input({ type: "CacheRead", id, holder, keyspace, key, deadline });
  }

  moveLeader(caller: SimCaller, keyspace: KeyspaceId, to: NodeId, patience: number): void {
    const id = this.#asked.caller(caller);
    this.input({ type: "MoveLeader", id, keyspace, to, deadline: ticks(this.now() + patience) });
  }

  watch(watcher: SimWatcher, keyspace: KeyspaceId, body: Bytes): RequestId {
    const id = this.#asked.watcher(watcher);
    this.input({ type: "Watch", id, keyspace, body });
    return id;
  }

  input(input: NodeInput): void {
    if (this.#kernel === null) return;
    this.#inputs.push(input);
    this.#planTurn();
  }

  #planTurn(): void {
    if (this.#turnPlanned) return;
    this.#turnPlanned = true;
    const life = this.#life;
    const at = Math.max(
      this.#pausedUntil,
      this.#agenda.now + this.#slowness * this.#dice.between(TURN_MICROS_MIN, TURN_MICROS_MAX),
    );
    if (at === this.#pausedUntil || this.#slowness > 1) this.delayed++;
    this.#agenda.at(at, () => this.#turn(life));
  }

  #turn(life: number): void {
    if (life !== this.#life || this.#kernel === null) return;
    this.#turnPlanned = false;
    if (this.#agenda.now < this.#pausedUntil) return this.#planTurn();
    const inputs = this.#inputs;
    // A wake planned for a time that was put off since, as an election is by every heartbeat, is no reason for a turn.
    if (inputs.length === 0 && (this.#kernel.wakeAt() ?? Number.POSITIVE_INFINITY) > this.now())
      return this.#planWake();
    this.#inputs = [];
    const effects = this.#kernel.turn(this.#time(), inputs);
    if (inputs.length + effects.length === 0 && this.#idle.add(this.#agenda.now))
      this.#observer.spun(this, IDLE_TURNS_MAX);
    for (const effect of effects) {
      this.#perform(effect);
      // It halted: what it asked for behind that is done by nobody.
      if (this.#kernel === null) return;
    }
    this.#write();
    if (this.#kernel === null) return;
    this.#observer.turned(this);
    this.#planWake();
  }

  #perform(effect: NodeEffect): void {
    switch (effect.type) {
      case "Append":
        this.#unwritten.push(effect);
        return;
      case "Frame":
      case "Reply":
        if (effect.after <= this.#durable) this.#release(effect);
        else this.#waiting.push(effect);
        return;
      case "Readable":
      case "Watching":
      case "Events":
      case "WatchEnded":
      case "Recall":
        this.#asked.answer(effect);
        return;
      case "Checkpoint":
        this.#errands.checkpoint(effect);
        this.#errands.advance(this.#durable);
        return;
      case "Export":
        this.#errands.export(effect);
        return;
      case "Undone":
        this.undone.push(...effect.writes);
        return;
      case "Note":
        this.#observer.noted(this, effect.event);
        this.#trace.note(
          this.#agenda.now,
          `${this.name} ${effect.event} ${storyOf(effect.fields)}`,
          this.name,
        );
        return;
      case "Halt":
        this.#trace.note(this.#agenda.now, `${this.name} halts: ${effect.reason}`, this.name);
        this.#observer.halted(this, effect.reason);
        this.crash(false);
        return;
      case "Retire":
        this.disk.retire(effect.group);
        return;
      case "Retain":
        this.disk.retain(effect.from);
        return;
      case "Keyspaces":
        return;
      case "Peers":
        this.#peers = effect.peers.map(({ node }) => node);
        return;
    }
  }

  /** Members have links to members only; one that has just been started keeps those to whoever it was told of. */
  #isPeer(node: NodeId): boolean {
    if (this.#peers === null) return true;
    for (const peer of this.#peers) if (peer === node) return true;
    return false;
  }

  #release(effect: After): void {
    if (effect.type === "Frame") {
      if (!this.#isPeer(effect.to)) return;
      this.#network.send(this.id, effect.to, effect.lane, effect.parts);
    } else if (effect.type === "Reply") {
      this.#asked.answer(effect);
    }
  }

  /** One sync at a time; what comes meanwhile is the next batch. */
  #write(): void {
    if (this.#syncing || this.#unwritten.length === 0 || this.#kernel === null) return;
    const batch = this.#unwritten;
    this.#unwritten = [];
    this.#syncing = true;
    this.disk.write(batch);
    const upTo = (batch[batch.length - 1] as { readonly seq: JournalSeq }).seq;
    const life = this.#life;
    this.#agenda.at(this.#errands.doneAt(this.disk.syncMicros()), () => {
      if (life !== this.#life) return;
      if (this.#syncFails) return this.input({ type: "DiskFailed", reason: "EIO: simulated" });
      this.disk.synced(upTo);
      this.#syncing = false;
      this.#durable = upTo;
      this.input({ type: "Durable", upTo });
      const ready = this.#waiting.filter(({ after }) => after <= upTo);
      this.#waiting = this.#waiting.filter(({ after }) => after > upTo);
      for (const effect of ready) this.#release(effect);
      this.#errands.advance(upTo);
      this.#write();
    });
  }

  #planWake(): void {
    const wake = this.#kernel?.wakeAt() ?? null;
    if (wake === null) return;
    const due = this.clock.when(wake, this.#agenda.now);
    if (due === null) return;
    // A little later, so that the clock surely shows that tick.
    const at = due === this.#agenda.now ? due : due + 1000;
    if (
      this.#wakePlanned !== null &&
      this.#wakePlanned <= at &&
      this.#wakePlanned > this.#agenda.now
    )
      return;
    this.#wakePlanned = at;
    const life = this.#life;
    this.#agenda.at(at, () => {
      if (life !== this.#life) return;
      if (this.#wakePlanned === at) this.#wakePlanned = null;
      this.#planTurn();
    });
  }

  #time(): {
    readonly ticks: Ticks;
    readonly wall: { readonly earliest: number; readonly latest: number };
  } {
    const millis = this.clock.wall(this.#agenda.now);
    return { ticks: this.now(), wall: { earliest: millis, latest: millis + 1 } };
  }
}

const storyOf = (fields: Readonly<Record<string, unknown>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
