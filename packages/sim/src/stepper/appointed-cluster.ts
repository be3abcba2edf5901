import {
  crc32c,
  type Effect,
  type Entry,
  fromUtf8,
  type GroupConfig,
  type LogIndex,
  type LogProtocol,
  type LogState,
  type NodeId,
  type Office,
  type OnDisk,
  type Outcome,
  type Petition,
  type ReadLevel,
  type RequestId,
  requestId,
  type Ticks,
  ticks,
} from "@quorate/kernel/core";
import { Authority } from "./authority.ts";
import { idOf, type Name, nameOf, put } from "./raft-cluster.ts";
import { type Flight, Stepper } from "./stepper.ts";

/** What a replica of a group with an appointed primary knows, whatever its protocol. */
export interface AppointedState extends LogState, OnDisk {
  /** As the one appointed it may act so long. */
  readonly until: Ticks | null;
}

interface Setup<S extends AppointedState, M, T> {
  readonly protocol: LogProtocol<S, M>;
  readonly settings: T;
  readonly replicas: number;
  readonly seed: bigint;
  /** Has it the office of its epoch? */
  readonly leads: (state: S) => boolean;
  /** Is what it has committed acknowledged, or shown? */
  readonly acknowledges: (state: S) => boolean;
  /** May that never be lost? */
  readonly keeps: boolean;
}

/** A wish on its way to group 0. */
interface Wish {
  readonly from: NodeId;
  readonly petition: Petition;
  readonly version: number;
}

interface Lost {
  readonly at: NodeId;
  readonly from: LogIndex;
  readonly to: LogIndex;
}

/** A tenure that no test outlives unless it says so. */
const LONG_MILLIS = 60_000;

/**
 * A group with an appointed primary, in the words of the cards. The test plays group 0: it appoints, lets act for a time, and grants or
 * forgets wishes, all by group 0's own rules (`Authority`); nobody hears of it but who is told. Held against every step: no two replicas
 * hand out different entries at a place, and whoever takes office holds all that was acknowledged.
 */
export class AppointedCluster<
  S extends AppointedState,
  M extends { readonly type: string },
  T extends { readonly heartbeatTicks: number },
> {
  readonly net: Stepper<S, M>;
  readonly settings: T;
  readonly #leads: (state: S) => boolean;
  readonly #acknowledges: (state: S) => boolean;
  readonly #keeps: boolean;
  readonly names: readonly Name[];
  readonly authority: Authority;
  /** What primaries have asked of group 0. */
  wishes: Wish[] = [];
  /** What replicas have named as lost. */
  readonly lost: Lost[] = [];
  readonly #until = new Map<NodeId, number>();
  /** Digests of what was handed out, by index. */
  readonly #committed = new Map<LogIndex, string>();
  readonly #seen = new Map<NodeId, { upTo: number; leads: number }>();
  #acknowledged = 0;
  readonly #violations: string[] = [];
  #requests = 0;

  constructor({ protocol, settings, replicas, seed, leads, acknowledges, keeps }: Setup<S, M, T>) {
    this.names = Array.from({ length: replicas }, (_, i): Name => `S${i + 1}`);
    const members = this.names.map(idOf);
    const config: GroupConfig = { epoch: 0, voters: members, outgoing: null, learners: [] };
    this.settings = settings;
    this.#leads = leads;
    this.#acknowledges = acknowledges;
    this.#keeps = keeps;
    this.authority = new Authority(members);
    this.net = new Stepper({ protocol, members, config, seed });
    this.net.stepped = (_, state) => this.#look(state);
    this.net.performed = (id, effects) => {
      for (const effect of effects) this.#note(id, effect);
    };
  }

  /** Notes what is asked of group 0, and losses. */
  #note(self: NodeId, effect: Effect<M>): void {
    if (effect.type === "Petition")
      this.wishes.push({ from: self, petition: effect.petition, version: effect.version });
    else if (effect.type === "Lost") this.lost.push({ at: self, from: effect.from, to: effect.to });
  }

  /** Snapshots that were asked for. */
  get transfers(): { readonly from: NodeId; readonly to: NodeId }[] {
    return this.net.transfers;
  }

  get violations(): readonly string[] {
    return this.#violations;
  }

  get office(): Office {
    return this.authority.office;
  }

  /** Who is in step, by the word of group 0. */
  get inSync(): readonly Name[] {
    return this.names.filter((name) => this.office.inSync.includes(idOf(name)));
  }

  state(name: Name): S {
    return this.net.stateOf(idOf(name));
  }

  /** Those who may act as a primary now. */
  acting(): readonly Name[] {
    return this.names.filter((name) => {
      if (!this.net.isUp(idOf(name))) return false;
      const state = this.state(name);
      const { until } = state;
      return this.#leads(state) && until !== null && this.net.now.ticks < until;
    });
  }

  /** Group 0 appoints it for so long, and tells these. False where it may not. */
  appoint(
    name: Name,
    how: {
      readonly millis?: number;
      readonly told?: readonly Name[];
      readonly unclean?: boolean;
      readonly wait?: boolean;
    } = {},
  ): boolean {
    const { millis = LONG_MILLIS, told = this.names, unclean = false, wait = true } = how;
    const { ticks: at } = this.net.now;
    if (!this.authority.appoint(idOf(name), at, unclean, wait)) return false;
    this.grant(name, millis);
    this.tell(...told);
    return true;
  }

  /** Its node may hold offices for so long from now; it hears of it when it is told. */
  grant(name: Name, millis: number): this {
    const { ticks: at } = this.net.now;
    this.authority.grant(idOf(name), millis, at);
    this.#until.set(idOf(name), at + millis);
    return this;
  }

  /** These hear of the office as it is; all, unless told. */
  tell(...names: readonly Name[]): this {
    const { office } = this.authority;
    for (const id of (names.length === 0 ? this.names : names).map(idOf)) {
      const mine = office.primary === id ? (this.#until.get(id) ?? null) : null;
      this.net.input(id, {
        type: "Configure",
        office,
        until: mine === null ? null : ticks(mine),
      });
    }
    return this;
  }

  /** The wishes so far are granted or refused, each by group 0's rules; then these hear how the office is. */
  decide(...told: readonly Name[]): this {
    const { wishes } = this;
    this.wishes = [];
    for (const { version, petition } of wishes) this.authority.petition(version, petition);
    return this.tell(...told);
  }

  /** What was asked gets lost on the way. */
  forget(): this {
    this.wishes = [];
    return this;
  }

  propose(name: Name, ...keys: readonly string[]): readonly RequestId[] {
    const commands = keys.map((key) => ({
      id: requestId(++this.#requests),
      command: put(key, "1"),
    }));
    this.net.input(idOf(name), { type: "Propose", commands });
    return commands.map(({ id }) => id);
  }

  /** Proposed, and everything that follows arrives. */
  write(name: Name, ...keys: readonly string[]): this {
    this.propose(name, ...keys);
    this.net.deliver();
    return this;
  }

  outcomeOf(id: RequestId | undefined): Outcome | null {
    return id === undefined ? null : (this.net.outcomes.get(id) ?? null);
  }

  /** A reader comes: the index it may look at by what arrives without time passing, or null if it may not look. */
  read(name: Name, level: ReadLevel = "readIndex"): number | null {
    const id = requestId(++this.#requests);
    this.net.input(idOf(name), { type: "Read", ids: [id], level });
    this.net.deliver();
    return this.net.readable.get(id) ?? null;
  }

  nextId(): RequestId {
    return requestId(++this.#requests);
  }

  /** The commands that this replica's machine holds. */
  appliedBy(name: Name): readonly string[] {
    const { commitIndex } = this.state(name);
    const byIndex = new Map<LogIndex, Entry>();
    for (const entry of this.net.appliedOf(idOf(name))) byIndex.set(entry.index, entry);
    return textsOf([...byIndex.values()].filter(({ index }) => index <= commitIndex));
  }

  /** The commands in its log, committed or not. */
  logOf(name: Name): readonly string[] {
    const { log } = this.state(name);
    return textsOf(log.slice(log.base.index, log.lastIndex));
  }

  /** The first of the snapshots asked for arrives, and its sender hears of it. */
  install(): this {
    const transfer = this.transfers.shift();
    if (transfer === undefined) throw new RangeError("no snapshot was asked for");
    const { from, to } = transfer;
    const { log, lastApplied, configs } = this.state(nameOf(from));
    const at = { index: lastApplied, epoch: log.epochAt(lastApplied) ?? log.base.epoch };
    const config = configs[0]?.config;
    if (config === undefined) throw new RangeError("a replica always has a configuration");
    this.#seen.delete(to);
    this.net.install(to, at, config);
    this.net.input(from, { type: "Transferred", to, at, ok: true });
    return this;
  }

  /** Only these hear each other, from now on. Messages on their way to others are lost. */
  among(...names: readonly Name[]): this {
    this.net.heal();
    const ids = new Set(names.map(idOf));
    for (const from of this.names.map(idOf))
      for (const to of this.names.map(idOf))
        if (!ids.has(from) || !ids.has(to)) this.net.cut(from, to);
    this.net.lose(({ from, to }) => !ids.has(from) || !ids.has(to));
    return this;
  }

  /** The primary's next heartbeat is due, and all that follows from it arrives. */
  beat(name: Name): this {
    this.net.pass(this.settings.heartbeatTicks).wake(idOf(name));
    this.net.deliver();
    return this;
  }

  crash(...names: readonly Name[]): this {
    for (const name of names) {
      this.net.crash(idOf(name));
      this.#seen.delete(idOf(name));
      this.#until.delete(idOf(name));
    }
    return this;
  }

  restart(...names: readonly Name[]): this {
    for (const name of names) this.net.restart(idOf(name));
    return this;
  }

  /** Its last records are damaged: it comes back to be rebuilt. */
  repair(name: Name, lost: number): this {
    this.#seen.delete(idOf(name));
    this.net.repair(idOf(name), lost);
    return this;
  }

  sent(type: M["type"]): number {
    return this.net.sent.get(type) ?? 0;
  }

  /** The next message of this type on its way to this one. */
  captured(to: Name, type: M["type"]): Flight<M> {
    const found = this.net.flights.find(
      (flight) => flight.to === idOf(to) && flight.message.type === type,
    );
    if (found === undefined) throw new RangeError(`no ${type} is on its way to ${to}`);
    return found;
  }

  #look(state: S): void {
    const { self, log, commitIndex, term } = state;
    const keeps = this.#keeps;
    const seen = this.#seen.get(self) ?? { upTo: 0, leads: 0 };
    const leads = this.#leads(state) ? term : 0;
    if (leads !== 0 && leads !== seen.leads && keeps) this.#complete(state);
    for (const entry of log.slice(Math.max(seen.upTo, log.base.index) as LogIndex, commitIndex)) {
      const digest = `${entry.epoch}/${entry.kind}/${crc32c(entry.command)}`;
      const known = this.#committed.get(entry.index) ?? digest;
      this.#committed.set(entry.index, known);
      if (known !== digest && keeps)
        this.#violations.push(
          `Agreement: ${self} handed out ${digest} at ${entry.index}, another ${known}`,
        );
    }
    if (this.#acknowledges(state)) this.#acknowledged = Math.max(this.#acknowledged, commitIndex);
    this.#seen.set(self, { upTo: commitIndex, leads });
  }

  /** Whoever takes office holds what was acknowledged, as far back as its log tells. */
  #complete({ self, log }: S): void {
    for (let index = log.firstIndex; index <= this.#acknowledged; index++) {
      const entry = log.at(index);
      const digest = entry && `${entry.epoch}/${entry.kind}/${crc32c(entry.command)}`;
      if (digest === this.#committed.get(index)) continue;
      this.#violations.push(`Completeness: ${self} takes office without what is at ${index}`);
      return;
    }
  }
}

const textsOf = (entries: readonly Entry[]): readonly string[] =>
  entries
    .filter(({ kind }) => kind === "command")
    .map(({ command }) => fromUtf8(command).split("=")[0] ?? "");
