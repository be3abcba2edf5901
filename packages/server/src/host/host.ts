import {
  type Acks,
  type Bytes,
  type Failure,
  type GroupId,
  type JournalSeq,
  type KeyspaceId,
  type NodeId,
  type ReadLevel,
  type RequestId,
  SYSTEM_KEYSPACE,
  type Ticks,
  unreachable,
} from "@quorate/kernel/core";
import type {
  GroupStatus,
  Identity,
  KeyspaceStatus,
  NodeEffect,
  NodeInput,
  NodeKernel,
  NodeStatus,
  Snapshot,
} from "@quorate/kernel/replica";
import type { LostFile } from "../lost/index.ts";
import { AfterAnswers } from "./after-answers.ts";
import type { Clock } from "./clock.ts";
import { DurableWaits } from "./durable-waits.ts";
import { InFlight, type ReadInput } from "./in-flight.ts";
import { type Log, printable } from "./log.ts";
import { type LossListener, LossListeners } from "./losses.ts";
import { Outbox, type Outgoing } from "./outbox.ts";
import type { HostParts } from "./parts.ts";
import type { CacheCaller, CachePort, Caller, NodePort, WatchCaller } from "./port.ts";
import { OVERLOADED, Refusals, STOPPED } from "./refusals.ts";
import { WakeTimer } from "./wake-timer.ts";

export interface HostOptions {
  readonly identity: Identity;
  readonly kernel: NodeKernel;
  readonly clock: Clock;
  readonly log: Log;
  /** The node stopped by itself. Called once, when everything is closed. */
  readonly onHalt: (reason: string) => void;
}

/** A turn of so few inputs has nobody waiting whom a second step would delay. */
const LONE_INPUTS_MAX = 4;
/** A turn that comes so long after the last may be one of a loop that stood still; it may as well be that nothing happened. */
const LATE_TICKS = 100;

/**
 * The shell around one `NodeKernel`: it knows no protocol. What happens is gathered; once per turn of the event
 * loop the kernel gets all of it, and the host performs what it asks for. One timer, one queue for what waits
 * for the disk, no closure or promise per request. A `Bug` thrown by the kernel is not caught.
 */
export class Host implements NodePort, CachePort {
  readonly identity: Identity;
  readonly #options: HostOptions;
  readonly #parts: HostParts;
  readonly #outbox: Outbox;
  readonly #inFlight = new InFlight();
  #state: "running" | "draining" | "closing" | "closed" = "running";
  /** False until the kernel may have its first turn: so long what happens is gathered. */
  #begun = false;
  #inputs: NodeInput[] = [];
  readonly #refusals = new Refusals();
  readonly #durableWaits = new DurableWaits();
  #immediate: NodeJS.Immediate | null = null;
  readonly #timer = new WakeTimer(() => this.#schedule());
  #afterTurn: (() => void) | null = null;
  #keyspaces: readonly KeyspaceStatus[] = [];
  #onKeyspaces: ((keyspaces: readonly KeyspaceStatus[]) => void) | null = null;
  readonly #afterAnswers = new AfterAnswers();
  readonly #losses = new LossListeners();
  #turnedAt = 0;
  /** The sockets were read since a turn was found to be late. */
  #looked = false;
  #closing: Promise<void> | null = null;
  readonly #counts = { turns: 0, inputs: 0, effects: 0, turnMillisMax: 0 };

  constructor(options: HostOptions, parts: HostParts) {
    this.identity = options.identity;
    this.#options = options;
    this.#parts = parts;
    this.#outbox = new Outbox(parts.journal.durable, (effect) => this.#release(effect));
  }

  /** Gives the kernel its first turn, once nobody else is found to live under this node's id. */
  start(): void {
    const { journal, transport } = this.#parts;
    const { space } = journal;
    if (space !== "ample") this.#inputs.push({ type: "Space", space });
    void transport.twin.then((reason) => this.#halt(reason));
    const own = this.status().members.find(({ node }) => node === this.identity.node);
    void transport.rollCall(own?.peerAddress ?? "").then((alone) => {
      this.#begun = alone;
      this.#schedule();
    });
  }

  /** Something happened: the kernel hears of it in its next turn. */
  input(input: NodeInput): void {
    if (this.#state === "closed") return;
    // What waits for the disk does not wait for the kernel's turn as well, and goes out even while closing.
    if (input.type === "Durable") this.#durable(input.upTo);
    if (this.#state === "closing") return;
    this.#inputs.push(input);
    this.#schedule();
  }

  now(): Ticks {
    return this.#options.clock.now().ticks;
  }

  request(
    caller: Caller,
    keyspace: KeyspaceId,
    kind: number,
    body: Bytes,
    deadline: Ticks,
    session?: { readonly id: bigint; readonly sequence: number },
    acks?: Acks,
  ): RequestId {
    const id = this.#inFlight.newId();
    if (!this.#admit(id, caller, body.length, true)) return id;
    const asked = { type: "Request", id, keyspace, kind, body, deadline } as const;
    this.input({ ...asked, session: session ?? null, acks: acks ?? null });
    return id;
  }

  read(caller: Caller, keyspace: KeyspaceId, level: ReadLevel, deadline: Ticks): RequestId {
    const id = this.#inFlight.newId();
    const read = { type: "Read", id, keyspace, level, deadline } as const;
    if (this.#admit(id, caller, 0, false, read)) this.input(read);
    return id;
  }

  openCache(caller: CacheCaller): RequestId | null {
    return this.#inFlight.openCache(caller);
  }

  closeCache(holder: RequestId): void {
    this.#inFlight.closeCache(holder);
  }

  cacheRead(
    caller: Caller,
    holder: RequestId,
    keyspace: KeyspaceId,
    key: string,
    deadline: Ticks,
  ): RequestId {
    const id = this.#inFlight.newId();
    const read = { type: "CacheRead", id, holder, keyspace, key, deadline } as const;
    if (this.#admit(id, caller, 0, false, read)) this.input(read);
    return id;
  }

  returned(holder: RequestId, keyspace: KeyspaceId, key: string, recall: number): void {
    this.input({ type: "Returned", holder, keyspace, key, recall });
  }

  moveLeader(caller: Caller, keyspace: KeyspaceId, to: NodeId, deadline: Ticks): RequestId {
    const id = this.#inFlight.newId();
    if (!this.#admit(id, caller, 0, true)) return id;
    this.input({ type: "MoveLeader", id, keyspace, to, deadline });
    return id;
  }

  cancel(id: RequestId): void {
    if (this.#inFlight.settle(id) !== null) this.input({ type: "Cancel", id });
    else this.#refusals.withdraw(id);
  }

  watch(watcher: WatchCaller, keyspace: KeyspaceId, body: Bytes): RequestId {
    const id = this.#inFlight.newId();
    const failure = this.#refusal();
    if (failure === null && this.#inFlight.admitWatch(id, watcher)) {
      this.input({ type: "Watch", id, keyspace, body });
    } else this.#refusals.add({ id, watcher, failure: failure ?? OVERLOADED });
    return id;
  }

  unwatch(id: RequestId): void {
    if (this.#inFlight.endWatch(id) !== null) this.input({ type: "Unwatch", id });
    else this.#refusals.withdraw(id);
  }

  stalled(id: RequestId): void {
    if (this.#inFlight.watcher(id) !== undefined) this.input({ type: "Stalled", id });
  }

  drained(id: RequestId): void {
    if (this.#inFlight.watcher(id) !== undefined) this.input({ type: "Drained", id });
  }

  progress(keyspace: KeyspaceId, watchers: readonly RequestId[]): number | null {
    return this.#options.kernel.progress(keyspace, watchers);
  }

  afterAnswers(task: () => void): void {
    this.#afterAnswers.add(task);
  }

  /** Tells of the cluster's keyspaces as they are now, and of every change. One listener: the last one to ask. */
  followKeyspaces(listener: (keyspaces: readonly KeyspaceStatus[]) => void): void {
    this.#onKeyspaces = listener;
    listener(this.#keyspaces);
  }

  followLosses(keyspace: KeyspaceId, tell: LossListener): (() => void) | null {
    return this.#losses.add(keyspace, tell);
  }

  lostFiles(keyspace: KeyspaceId): readonly LostFile[] {
    return this.#parts.lost.filesOf(keyspace);
  }

  status(): NodeStatus {
    return this.#options.kernel.status();
  }

  groupOf(keyspace: KeyspaceId): GroupStatus | null {
    return this.#options.kernel.groupOf(keyspace);
  }

  /** For `/metrics`. The delays of the event loop are those that its timer met. */
  counters(): Readonly<Record<string, number>> {
    const { turns, inputs, effects, turnMillisMax } = this.#counts;
    const lateness = this.#timer.lateness();
    return {
      host_turns: turns,
      host_inputs: inputs,
      host_effects: effects,
      host_turn_millis_max: turnMillisMax,
      host_requests_refused: this.#refusals.count,
      host_requests: this.#inFlight.requests,
      host_request_bytes: this.#inFlight.bytes,
      host_watches: this.#inFlight.watches,
      host_outbox: this.#outbox.length,
      host_outbox_dropped: this.#outbox.dropped,
      host_loop_delay_millis_p99: lateness.p99,
      host_loop_delay_millis_max: lateness.max,
      ...this.#parts.journal.counters(),
      ...this.#parts.lost.counters(),
      ...this.#parts.transport.counters.flat(),
    };
  }

  /**
   * Stops in good order: refuses new requests, hands leadership over, and closes when nothing is led any more or
   * `waitMillis` have passed.
   */
  async drain(waitMillis: number): Promise<void> {
    if (this.#state !== "running" || !this.#begun) return this.close();
    this.#state = "draining";
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(resolve, waitMillis);
      this.#afterTurn = () => {
        if (this.#leads()) return;
        clearTimeout(deadline);
        resolve();
      };
      this.input({ type: "Drain" });
    });
    this.#afterTurn = null;
    await this.close();
  }

  /** Syncs what was appended, answers what that allows, tells all others, and lets go of disk and ports. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #turn(): void {
    // The loop may have stood still: what came meanwhile is read before anybody concludes from the clock that it did not come.
    if (!this.#looked && this.now() - this.#turnedAt > LATE_TICKS) {
      this.#looked = true;
      this.#immediate = null;
      this.#schedule();
      return;
    }
    this.#looked = false;
    // A quick disk has synced a lone caller's write before its step is over: the kernel hears of it without a way around the loop.
    const few = this.#inputs.length <= LONE_INPUTS_MAX;
    this.#step();
    if (few && this.#inputs.length > 0) this.#step();
    if (this.#state === "closing" || this.#state === "closed") return;
    this.#turnedAt = this.now();
    this.#arm();
    this.#afterTurn?.();
  }

  #step(): void {
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#immediate = null;
    if (this.#state === "closing" || this.#state === "closed") return;
    const inputs = this.#inputs;
    this.#inputs = [];
    const now = this.#options.clock.now();
    const effects = this.#options.kernel.turn(now, inputs);
    let appends = false;
    let halts = false;
    this.#afterAnswers.hold();
    for (const effect of effects) {
      appends ||= effect.type === "Append";
      halts ||= effect.type === "Halt";
      this.#perform(effect);
    }
    this.#count(inputs.length, effects.length, this.now() - now.ticks);
    if (halts) {
      this.#afterAnswers.run();
      return;
    }
    // Entries are on their way to the followers while this node's own disk writes them, and callers read their answers. Only a turn
    // without entries answers its callers first: what it tells its followers is not waited for.
    if (!appends) this.#afterAnswers.run();
    this.#parts.transport.flush();
    if (appends) this.#afterAnswers.run();
    this.#parts.journal.flush();
    const failed = inputs.find((input) => input.type === "DiskFailed");
    if (failed !== undefined) this.#halt(`the disk failed: ${failed.reason}`);
  }

  /** Who stood still since the turn began may have lost its lease meanwhile: it asks again. */
  #look({ id, view, validUntil, leaseTicks }: Extract<NodeEffect, { type: "Readable" }>): void {
    const read = this.#inFlight.readOf(id);
    if (read !== null && validUntil !== null && this.now() >= validUntil) this.input(read);
    else this.#inFlight.settle(id)?.caller.onReadable(id, view, leaseTicks);
  }

  #perform(effect: NodeEffect): void {
    if (this.#state === "closed") return;
    switch (effect.type) {
      case "Append":
        this.#parts.journal.append(effect.seq, effect.group, effect.kind, effect.parts);
        break;
      case "Frame":
      case "Reply":
        this.#outbox.put(effect);
        break;
      case "Readable":
        this.#look(effect);
        break;
      case "Recall":
        this.#inFlight.cache(effect.holder)?.onRecall(effect.key, effect.recall, effect.view);
        break;
      case "Watching":
        this.#inFlight.watcher(effect.id)?.onWatching(effect.id, effect.revision);
        break;
      case "Events":
        for (const id of effect.watchers) {
          this.#inFlight.watcher(id)?.onEvents(id, effect.revision, effect.part);
        }
        break;
      case "WatchEnded":
        this.#inFlight.endWatch(effect.id)?.onWatchEnded(effect.id, effect.ended);
        break;
      case "Checkpoint":
        this.#checkpoint(effect.group, effect.from, effect.covers);
        break;
      case "Export":
        this.#export(effect);
        break;
      case "Undone":
        this.#losses.tell(effect.keyspace, effect.writes);
        break;
      case "Retire":
        void this.#parts.checkpoints.retire(effect.group);
        break;
      case "Retain":
        this.#parts.journal.retain(this.#parts.checkpoints.retainable(effect.from));
        break;
      case "Peers":
        this.#parts.transport.setPeers(effect.peers);
        break;
      case "Keyspaces":
        this.#keyspaces = effect.keyspaces;
        this.#onKeyspaces?.(effect.keyspaces);
        break;
      case "Note":
        this.#options.log[effect.level](printable(effect.fields), effect.event);
        break;
      case "Halt":
        this.#halt(effect.reason);
        break;
      default:
        unreachable(effect);
    }
  }

  /** The journal is durable as far as this effect needs it. */
  #release(effect: Outgoing): void {
    if (effect.type === "Frame") this.#parts.transport.send(effect.to, effect.lane, effect.parts);
    else {
      const { id, outcome, holders } = effect;
      this.#inFlight.settle(id)?.caller.onReply(id, outcome, holders);
    }
  }

  #durable(upTo: JournalSeq): void {
    this.#outbox.advance(upTo);
    this.#parts.transport.flush();
    this.#durableWaits.advance(upTo);
  }

  #checkpoint(group: GroupId, from: Snapshot, covers: JournalSeq): void {
    const { journal, checkpoints } = this.#parts;
    const durable = this.#durableWaits.until(covers, journal.durable);
    journal.beside(true);
    void checkpoints.write(group, from, covers, durable).then((ok) => {
      journal.beside(false);
      this.input({ type: "Checkpointed", group, covers, ok });
    });
  }

  #export(lost: Extract<NodeEffect, { type: "Export" }>): void {
    const { id, group } = lost;
    void this.#parts.lost.write(lost).then((ok) => this.input({ type: "Exported", group, id, ok }));
  }

  #admit(
    id: RequestId,
    caller: Caller,
    bytes: number,
    write: boolean,
    read: ReadInput | null = null,
  ): boolean {
    const failure = this.#refusal();
    const asked = { caller, bytes, write, since: this.now(), read };
    if (failure === null && this.#inFlight.admit(id, asked)) return true;
    this.#refusals.add({ id, caller, failure: failure ?? OVERLOADED });
    return false;
  }

  #refusal(): Failure | null {
    return this.#state === "running" ? null : STOPPED;
  }

  #schedule(): void {
    if (this.#begun) this.#immediate ??= setImmediate(() => this.#turn());
  }

  #arm(): void {
    const at = this.#options.kernel.wakeAt();
    if (at === null || this.#state === "closing" || this.#state === "closed") return;
    const now = this.now();
    if (at <= now) this.#schedule();
    else this.#timer.arm(at, now);
  }

  /** Whether this node leads a group that somebody else could lead. */
  #leads(): boolean {
    const { kernel } = this.#options;
    const keyspaces = kernel.status().keyspaces.map(({ keyspace }) => keyspace);
    return [SYSTEM_KEYSPACE, ...keyspaces].some((keyspace) => {
      const group = kernel.groupOf(keyspace);
      return group !== null && group.role === "leader" && group.config.voters.length > 1;
    });
  }

  #halt(reason: string): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    this.#state = "closed";
    this.#options.log.error({ reason }, "the node stops at once");
    void this.close().then(() => this.#options.onHalt(reason));
  }

  async #close(): Promise<void> {
    const { journal, checkpoints, transport, lock } = this.#parts;
    if (this.#state !== "closed") this.#state = "closing";
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#timer.stop();
    await journal.close();
    this.#state = "closed";
    this.#durableWaits.close();
    this.#refusals.answer();
    this.#inFlight.abandon(this.now());
    await checkpoints.close();
    await this.#parts.lost.close();
    await transport.close();
    await lock.release();
  }

  #count(inputs: number, effects: number, millis: number): void {
    this.#counts.turns++;
    this.#counts.inputs += inputs;
    this.#counts.effects += effects;
    this.#counts.turnMillisMax = Math.max(this.#counts.turnMillisMax, millis);
  }
}
