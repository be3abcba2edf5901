import {
  type AnyLogProtocol,
  crc32c,
  type Effect,
  type Entry,
  fromUtf8,
  type GroupConfig,
  type LogIndex,
  type LogState,
  type NodeId,
  type Outcome,
  type Petition,
  type ReadLevel,
  type RequestId,
  requestId,
  type Standing,
  utf8,
} from "@quorate/kernel/core";
import { GroupObserver, type InstallationStep, idOf, type Name, Stepper } from "@quorate/sim";
import type { Bounds, Form } from "./forms.ts";
import { Government } from "./government.ts";
import { heldBy } from "./held.ts";
import { exemption } from "./promises.ts";
import { Audit, isSame, onTheWire, type Wire } from "./wire.ts";

export interface GroupSetup {
  readonly replicas?: number;
  readonly seed?: bigint;
  readonly bounds?: Bounds;
  /** See `Audit`. */
  readonly freezes?: boolean;
}

/** A reader that waits, and the index below which it must not be let look. */
interface Reader {
  readonly id: RequestId;
  readonly least: number;
}

/** Group 0 looks after the group so often. */
const SLICE_MILLIS = 100;
/** So long a group may take until somebody leads. */
const LEAD_MILLIS_MAX = 20_000;

/**
 * A group of any protocol, in the words of the seam. Held against every step: what the seam asks (`wire.ts`), the safety properties of its
 * own protocol, agreement, that a write is acknowledged with as many disks as promised, and that no reader misses what was acknowledged.
 */
export class Group {
  readonly form: Form;
  readonly protocol: AnyLogProtocol;
  readonly net: Stepper<LogState, Wire>;
  readonly names: readonly Name[];
  readonly audit: Audit;
  /** Commands whose proposer has committed them. */
  readonly acknowledged: string[] = [];
  /** Snapshots that are asked for arrive, while time passes. */
  streams = true;
  readonly #config: GroupConfig;
  readonly #government: Government | null;
  readonly #observer = new GroupObserver();
  readonly #proposed = new Map<string, NodeId>();
  /** What every machine was given, by index. */
  readonly #machines = new Map<NodeId, Map<LogIndex, Entry>>();
  readonly #committed = new Map<LogIndex, string>();
  readonly #readers = new Map<RequestId, Reader>();
  #away: ReadonlySet<NodeId> = new Set();
  #shown = 0;
  #requests = 0;

  constructor(form: Form, setup: GroupSetup = {}) {
    const { replicas = 3, seed = 1n, bounds, freezes = false } = setup;
    this.audit = new Audit(freezes);
    this.form = form;
    this.names = Array.from({ length: replicas }, (_, i): Name => `S${i + 1}`);
    const members = this.names.map(idOf);
    for (const id of members) this.#machines.set(id, new Map());
    this.#config = { epoch: 0, voters: members, outgoing: null, learners: [] };
    this.protocol = form.protocol(bounds);
    const protocol = onTheWire(this.protocol, this.audit);
    this.net = new Stepper({ protocol, members, config: this.#config, seed });
    this.#government = form.office === null ? null : new Government(form.office, members);
    this.net.stepped = (_, state) => {
      for (const violation of this.#observer.look(state)) this.audit.found.push(violation);
    };
    this.net.performed = (id, effects) => {
      for (const effect of effects) this.#look(id, effect);
    };
  }

  /** What was found broken so far. */
  get broken(): readonly string[] {
    return this.audit.found;
  }

  idOf(name: Name): NodeId {
    return idOf(name);
  }

  state(name: Name): LogState {
    return this.net.stateOf(idOf(name));
  }

  standing(name: Name): Standing {
    return this.protocol.standing(this.state(name));
  }

  others(...names: readonly Name[]): readonly Name[] {
    return this.names.filter((name) => !names.includes(name));
  }

  /** Those who lead and may act. */
  leaders(): readonly Name[] {
    return this.names.filter((name) => {
      if (!this.net.isUp(idOf(name))) return false;
      const { role, termStart } = this.standing(name);
      return role === "leader" && termStart !== null;
    });
  }

  /** Time passes until exactly one of those who hear each other leads. */
  lead(): Name {
    for (let spent = 0; spent < LEAD_MILLIS_MAX; spent += SLICE_MILLIS) {
      const [leader, second] = this.leaders().filter((name) => !this.#away.has(idOf(name)));
      if (leader !== undefined && second === undefined) return leader;
      this.drive(SLICE_MILLIS);
    }
    throw new RangeError(`nobody leads ${this.form.name} after ${LEAD_MILLIS_MAX} ms`);
  }

  /** As `lead`, and what it found when it began is committed by all. */
  settled(): Name {
    const leader = this.lead();
    this.drive(5 * SLICE_MILLIS);
    return this.leaders().includes(leader) ? leader : this.settled();
  }

  /** Time passes: timers ring, messages arrive, snapshots too; group 0 does its duty. */
  drive(millis: number, slice = SLICE_MILLIS): this {
    for (let spent = 0; spent < millis; spent += slice) {
      this.govern();
      this.net.run(slice);
      while (this.streams && this.net.transfers.length > 0) this.stream();
    }
    return this;
  }

  /** What group 0 does now, if it appoints the leader. */
  govern(): this {
    const heard = this.names.map(idOf).filter((id) => this.net.isUp(id) && !this.#away.has(id));
    this.#government?.govern(this.net.now.ticks, heard, this.protocol, this.net);
    return this;
  }

  /** The next snapshot that was asked for arrives, or gets so far, or gets lost where one of the two is not there. */
  stream(upTo: InstallationStep = "Installed"): this {
    const transfer = this.net.transfers.shift();
    if (transfer === undefined) throw new RangeError("no snapshot was asked for");
    const { from, to } = transfer;
    if (!this.net.isUp(from)) return this;
    const { log, lastApplied, configs } = this.net.stateOf(from);
    const at = { index: lastApplied, epoch: log.epochAt(lastApplied) ?? log.base.epoch };
    const config = configs.findLast(({ index }) => index <= lastApplied)?.config ?? this.#config;
    const arrives = this.net.isUp(to) && !this.#away.has(from) && !this.#away.has(to);
    if (arrives) {
      this.#observer.forget(to);
      if (upTo !== "Installing") this.#machines.set(to, new Map(this.#machines.get(from)));
      this.net.install(to, at, config, upTo);
    }
    const ok = arrives && upTo === "Installed";
    this.net.input(from, { type: "Transferred", to, at, ok });
    return this;
  }

  propose(name: Name, ...keys: readonly string[]): readonly RequestId[] {
    const commands = keys.map((key) => ({ id: this.nextId(), command: utf8(key) }));
    for (const key of keys) this.#proposed.set(key, idOf(name));
    this.net.input(idOf(name), { type: "Propose", commands });
    return commands.map(({ id }) => id);
  }

  /** Proposed, and everything that follows without time passing. */
  write(name: Name, ...keys: readonly string[]): this {
    this.propose(name, ...keys);
    this.net.deliver();
    return this;
  }

  /** A reader comes, and waits. */
  ask(name: Name, level: ReadLevel): RequestId {
    const id = this.nextId();
    const least =
      level === "local" || exemption(this.form, "missesNothing") !== null ? 0 : this.#shown;
    this.#readers.set(id, { id, least });
    this.net.input(idOf(name), { type: "Read", ids: [id], level });
    return id;
  }

  /** A reader comes: up to where it looks by what arrives without time passing; null: not yet. */
  read(name: Name, level: ReadLevel): number | null {
    const id = this.ask(name, level);
    this.net.deliver();
    return this.net.readable.get(id) ?? null;
  }

  /** The failure of a request; null where it has not failed. */
  failureOf(id: RequestId | undefined): Extract<Outcome, { readonly ok: false }> | null {
    const outcome = id === undefined ? undefined : this.net.outcomes.get(id);
    return outcome === undefined || outcome.ok ? null : outcome;
  }

  nextId(): RequestId {
    return requestId(++this.#requests);
  }

  /** The commands that this member's machine holds. */
  machineOf(name: Name): readonly string[] {
    const { commitIndex } = this.state(name);
    const given = [...(this.#machines.get(idOf(name))?.values() ?? [])];
    return textsOf(
      given.filter(({ index }) => index <= commitIndex).sort((a, b) => a.index - b.index),
    );
  }

  /** The commands in this member's log, committed or not. */
  logOf(name: Name): readonly string[] {
    return textsOf(heldBy(this.state(name)));
  }

  /** Only these hear each other, and group 0. What is on its way to others is lost. */
  among(...names: readonly Name[]): this {
    this.net.heal();
    this.#away = new Set(this.others(...names).map(idOf));
    for (const from of this.names.map(idOf))
      for (const to of this.names.map(idOf))
        if (this.#away.has(from) || this.#away.has(to)) this.net.cut(from, to);
    this.net.lose(({ from, to }) => this.#away.has(from) || this.#away.has(to));
    return this;
  }

  heal(): this {
    this.net.heal();
    this.#away = new Set();
    return this;
  }

  crash(...names: readonly Name[]): this {
    for (const name of names) {
      this.net.crash(idOf(name));
      this.#observer.forget(idOf(name));
    }
    return this;
  }

  restart(...names: readonly Name[]): this {
    for (const name of names) this.net.restart(idOf(name));
    return this;
  }

  /** Its last records are damaged: it comes back to be rebuilt by the others. */
  repair(name: Name, lost: number): this {
    this.#observer.forget(idOf(name));
    this.net.repair(idOf(name), lost);
    return this;
  }

  /** How many disks would bring that entry back if the power failed now. */
  disksHolding(entry: Entry): number {
    return this.names.filter((name) => this.#survives(idOf(name), entry)).length;
  }

  #survives(id: NodeId, { index, kind, command }: Entry): boolean {
    const recovered = this.net.recoveredOf(id);
    const begun = this.protocol.start(id, this.#config, recovered, 1n, this.net.now);
    if (begun === null) return false;
    if (begun[0].log.base.index >= index) return true;
    const held = heldBy(begun[0]).find((entry) => entry.index === index);
    return held !== undefined && held.kind === kind && isSame(held.command, command);
  }

  #look(id: NodeId, effect: Effect<Wire>): void {
    if (effect.type === "Commit") for (const entry of effect.entries) this.#commit(id, entry);
    else if (effect.type === "Readable") for (const one of effect.ids) this.#show(one, effect.at);
    else if (effect.type === "Petition") this.#petition(id, effect.petition, effect.version);
  }

  #petition(from: NodeId, petition: Petition, version: number): void {
    this.#government?.wishes.push({ from, petition, version });
  }

  #commit(id: NodeId, entry: Entry): void {
    const { index, epoch, kind, command } = entry;
    this.#machines.get(id)?.set(index, entry);
    const digest = `${epoch}/${kind}/${crc32c(command)}`;
    const known = this.#committed.get(index) ?? digest;
    this.#committed.set(index, known);
    if (known !== digest && exemption(this.form, "agreesUnderCrashes") === null)
      this.audit.found.push(`${id} commits ${digest} at ${index}, another ${known}`);
    if (kind !== "command") return;
    const key = fromUtf8(command);
    if (this.#proposed.get(key) === id) this.#acknowledge(key, entry);
  }

  #acknowledge(key: string, entry: Entry): void {
    if (this.acknowledged.includes(key)) return;
    this.acknowledged.push(key);
    this.#shown = Math.max(this.#shown, entry.index);
    const members = this.names.length;
    const needed = this.form.disks(this.#government?.office.inSync.length ?? members, members);
    const held = this.disksHolding(entry);
    if (held < needed)
      this.audit.found.push(`${key} is acknowledged with ${held} disks of ${needed}`);
  }

  #show(id: RequestId, at: LogIndex): void {
    const reader = this.#readers.get(id);
    if (reader !== undefined && at < reader.least)
      this.audit.found.push(`reader ${id} looks up to ${at} of ${reader.least}`);
  }
}

const textsOf = (entries: readonly Entry[]): readonly string[] =>
  entries.filter(({ kind }) => kind === "command").map(({ command }) => fromUtf8(command));
