import {
  type Bytes,
  type Effect,
  type Entry,
  type GroupConfig,
  type Input,
  type LogIndex,
  type NodeId,
  type Now,
  type Outcome,
  type PersistSeq,
  type Position,
  type Protocol,
  type Recovered,
  type RequestId,
  type Step,
  type Ticks,
  ticks,
} from "@quorate/kernel/core";

/** A message on its way. The network does nothing by itself: a test delivers, repeats or loses it. */
export interface Flight<M> {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: M;
}

interface Member<S, M> {
  readonly id: NodeId;
  /** Null while it is down. */
  state: S | null;
  /** Null until it has installed a snapshot. */
  checkpoint: Recovered["checkpoint"];
  /** What its disk surely holds behind the checkpoint, and what it was given and may still lose. */
  durable: Bytes[];
  volatile: Bytes[];
  /** Persisted in this life. */
  persisted: number;
  /** Messages that wait for the disk, each for the record before it. */
  waiting: { readonly after: number; readonly flight: Flight<M> }[];
  syncs: boolean;
  readonly applied: Entry[];
}

export interface StepperSetup<S, M> {
  readonly protocol: Protocol<S, M>;
  readonly members: readonly NodeId[];
  readonly config: GroupConfig;
  readonly seed: bigint;
  /** What every member's disk holds at first. */
  readonly records?: readonly Bytes[];
}

/** How far the installation of a snapshot has come; a crash after any of these is survived. */
export type InstallationStep = "Installing" | "Durable" | "Installed";

/** Deliveries that one call may cause: a protocol that answers every answer would never end. */
const DELIVERIES_MAX = 200_000;

/**
 * Replicas of one group on the inner seam: plain messages, time that a test moves, disks that it syncs. Everything
 * happens in the order in which the test says it, so that a schedule from a paper can be written down as it is drawn.
 */
export class Stepper<S, M extends { readonly type: string }> {
  readonly #protocol: Protocol<S, M>;
  readonly #config: GroupConfig;
  readonly #members = new Map<NodeId, Member<S, M>>();
  readonly #seed: bigint;
  readonly #cut = new Set<string>();
  #flights: Flight<M>[] = [];
  #ticks = 0;
  #lives = 0n;
  /** Messages sent so far, by type. */
  readonly sent = new Map<string, number>();
  readonly outcomes = new Map<RequestId, Outcome>();
  /** Reads that may look, and from which index on. */
  readonly readable = new Map<RequestId, LogIndex>();
  /** Snapshots that were asked for. */
  readonly transfers: { readonly from: NodeId; readonly to: NodeId }[] = [];

  constructor({ protocol, members, config, seed, records = [] }: StepperSetup<S, M>) {
    this.#protocol = protocol;
    this.#config = config;
    this.#seed = seed;
    for (const id of members) {
      const blank = {
        state: null,
        checkpoint: null,
        volatile: [],
        persisted: 0,
        waiting: [],
        syncs: true,
      };
      this.#members.set(id, { id, durable: [...records], applied: [], ...blank });
      this.restart(id);
    }
  }

  /** Told after every step, for invariants. */
  stepped(_id: NodeId, _state: S): void {}

  /** Told of everything that a step has asked for. */
  performed(_id: NodeId, _effects: readonly Effect<M>[]): void {}

  get now(): Now {
    return { ticks: ticks(this.#ticks), wall: { earliest: this.#ticks, latest: this.#ticks } };
  }

  get flights(): readonly Flight<M>[] {
    return this.#flights;
  }

  stateOf(id: NodeId): S {
    const { state } = this.#member(id);
    if (state === null) throw new RangeError(`${id} is down`);
    return state;
  }

  isUp(id: NodeId): boolean {
    return this.#member(id).state !== null;
  }

  /** What this member would come back with if the power failed now. */
  recoveredOf(id: NodeId): Recovered {
    const { checkpoint, durable } = this.#member(id);
    return { checkpoint, records: durable };
  }

  /** Records that this member's disk surely holds. */
  recordsOf(id: NodeId): number {
    return this.#member(id).durable.length;
  }

  /** What this member's machine was given, in all its lives. */
  appliedOf(id: NodeId): readonly Entry[] {
    return this.#member(id).applied;
  }

  /** Lets time pass; nobody is woken by it. */
  pass(millis: number): this {
    this.#ticks += millis;
    return this;
  }

  input(id: NodeId, ...inputs: readonly Input<M>[]): this {
    const member = this.#member(id);
    if (member.state === null) return this;
    const [next, effects] = this.#protocol.step(member.state, this.now, inputs);
    member.state = next;
    this.#perform(member, effects);
    this.stepped(id, next);
    return this;
  }

  wake(id: NodeId): this {
    return this.input(id, { type: "Wake" });
  }

  wakeAt(id: NodeId): Ticks | null {
    const { state } = this.#member(id);
    return state === null ? null : this.#protocol.wakeAt(state);
  }

  /** From now on this member's disk does nothing until `sync`. */
  holdSync(id: NodeId): this {
    this.#member(id).syncs = false;
    return this;
  }

  /** The disk catches up: what waited for it leaves. */
  sync(id: NodeId): this {
    const member = this.#member(id);
    member.syncs = true;
    this.#settleDisk(member);
    return this;
  }

  /** The power fails: what was not synced is gone. */
  crash(id: NodeId): this {
    const member = this.#member(id);
    member.state = null;
    member.volatile = [];
    member.waiting = [];
    return this;
  }

  restart(id: NodeId): this {
    const recovered = this.recoveredOf(id);
    return this.#revive(id, (seed) =>
      this.#protocol.start(id, this.#config, recovered, seed, this.now),
    );
  }

  /**
   * A snapshot has come to this member, if its protocol wants it: its checkpoint is durable, and what was persisted before
   * is void. What the machine is given next follows the snapshot. `upTo`: it gets no further.
   */
  install(
    id: NodeId,
    at: Position,
    config: GroupConfig,
    upTo: InstallationStep = "Installed",
  ): this {
    const member = this.#member(id);
    if (member.state === null || !this.#protocol.wants(member.state, at)) return this;
    this.sync(id).input(id, { type: "Installing", at });
    if (upTo === "Installing") return this;
    member.checkpoint = { at, config, meta: this.#protocol.meta(this.stateOf(id)) };
    member.durable = [];
    return upTo === "Durable" ? this : this.input(id, { type: "Installed", at, config });
  }

  /** It restarts without its last records, which are damaged; the ones before them are readable. */
  repair(id: NodeId, lost: number): this {
    const member = this.#member(id);
    member.durable = member.durable.slice(0, Math.max(0, member.durable.length - lost));
    const readable = member.durable;
    if (member.checkpoint !== null) {
      // The records behind a lost checkpoint join nothing.
      member.checkpoint = null;
      member.durable = [];
    }
    return this.#revive(id, (seed) =>
      this.#protocol.repair(id, this.#config, readable, seed, this.now),
    );
  }

  #revive(id: NodeId, start: (seed: bigint) => Step<S, M> | null): this {
    const member = this.#member(id);
    const begun = start(this.#seed ^ (id << 8n) ^ (++this.#lives << 32n));
    if (begun === null) throw new RangeError(`the records of ${id} contradict each other`);
    Object.assign(member, { volatile: [], persisted: 0, waiting: [], syncs: true });
    member.state = begun[0];
    this.#perform(member, begun[1]);
    return this;
  }

  /** Messages from one to the other are lost from now on. */
  cut(from: NodeId, to: NodeId): this {
    this.#cut.add(`${from}>${to}`);
    return this;
  }

  heal(): this {
    this.#cut.clear();
    return this;
  }

  /** Delivers what is on its way and matches, and what follows from it, until nothing is left that matches. */
  deliver(matches: (flight: Flight<M>) => boolean = () => true, countMax = DELIVERIES_MAX): number {
    for (let count = 0; count < countMax; count++) {
      const at = this.#flights.findIndex(matches);
      const flight = this.#flights[at];
      if (flight === undefined) return count;
      this.#flights.splice(at, 1);
      this.arrive(flight);
    }
    if (countMax === DELIVERIES_MAX) throw new RangeError("messages without an end");
    return countMax;
  }

  /** This message arrives, on its way or not: an old one may come again. */
  arrive({ from, to, message }: Flight<M>): this {
    if (this.#cut.has(`${from}>${to}`)) return this;
    return this.input(to, { type: "Receive", from, message });
  }

  /** What is on its way is lost. */
  lose(matches: (flight: Flight<M>) => boolean = () => true): this {
    this.#flights = this.#flights.filter((flight) => !matches(flight));
    return this;
  }

  /** Lets so much time pass with every timer ringing when it is set, and every message arriving at once. */
  run(millis: number): this {
    const until = this.#ticks + millis;
    this.deliver();
    for (;;) {
      const next = this.#nextAlarm();
      if (next === null || next.at > until) break;
      this.#ticks = Math.max(this.#ticks, next.at);
      this.wake(next.id);
      this.deliver();
    }
    this.#ticks = until;
    return this;
  }

  #nextAlarm(): { readonly id: NodeId; readonly at: number } | null {
    let best: { readonly id: NodeId; readonly at: number } | null = null;
    for (const id of this.#members.keys()) {
      const at = this.wakeAt(id);
      if (at !== null && (best === null || at < best.at)) best = { id, at };
    }
    return best;
  }

  #perform(member: Member<S, M>, effects: readonly Effect<M>[]): void {
    const applied: Entry[] = [];
    this.performed(member.id, effects);
    for (const effect of effects) {
      if (effect.type === "Persist") {
        member.volatile.push(effect.record);
        member.persisted++;
      } else if (effect.type === "Send") {
        const flight = { from: member.id, to: effect.to, message: effect.message };
        if (effect.early) this.#depart(flight);
        else member.waiting.push({ after: member.persisted, flight });
      } else if (effect.type === "Commit") applied.push(...effect.entries);
      else if (effect.type === "Settle") this.outcomes.set(effect.id, effect.outcome);
      else if (effect.type === "Readable")
        for (const id of effect.ids) this.readable.set(id, effect.at);
      else if (effect.type === "Transfer") this.transfers.push({ from: member.id, to: effect.to });
    }
    const last = applied[applied.length - 1];
    member.applied.push(...applied);
    if (member.syncs) this.#settleDisk(member);
    if (last !== undefined) this.input(member.id, { type: "Applied", upTo: last.index });
  }

  #settleDisk(member: Member<S, M>): void {
    const news = member.volatile.length > 0;
    member.durable.push(...member.volatile);
    member.volatile = [];
    const { waiting } = member;
    member.waiting = [];
    for (const { flight } of waiting) this.#depart(flight);
    if (news) this.input(member.id, { type: "Durable", upTo: member.persisted as PersistSeq });
  }

  #depart(flight: Flight<M>): void {
    const { type } = flight.message;
    this.sent.set(type, (this.sent.get(type) ?? 0) + 1);
    this.#flights.push(flight);
  }

  #member(id: NodeId): Member<S, M> {
    const member = this.#members.get(id);
    if (member === undefined) throw new RangeError(`no member ${id}`);
    return member;
  }
}
