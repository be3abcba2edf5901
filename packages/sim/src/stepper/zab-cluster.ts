import {
  type Bytes,
  type Entry,
  fromUtf8,
  type GroupConfig,
  type NodeId,
  type Outcome,
  type ReadLevel,
  type RequestId,
  requestId,
} from "@quorate/kernel/core";
import {
  ALL_RULES,
  DEFAULT_SETTINGS,
  epoch,
  type ZabMessage,
  type ZabRules,
  type ZabSettings,
  type ZabState,
  zab,
} from "@quorate/kernel/zab";
import { GroupObserver } from "../observers/index.ts";
import { idOf, type Name, put } from "./raft-cluster.ts";
import { type Flight, Stepper } from "./stepper.ts";

export interface ZabClusterSetup {
  readonly replicas: number;
  readonly rules?: Partial<ZabRules>;
  readonly settings?: Partial<ZabSettings>;
  readonly seed: bigint;
}

/** So long a group may take until somebody leads. */
const SETTLE_TICKS = 6000;

const DISCOVERY = ["FollowerInfo", "NewEpoch", "AckEpoch"] as const;
const SYNCHRONIZATION = [
  "Truncate",
  "HistoryEnd",
  "Proposal",
  "Acknowledgement",
  "NewLeader",
] as const;

/**
 * A ZAB group in the words of the paper: who can hear whom, who crashes, what is proposed. The properties of the paper
 * are held against every step.
 */
export class ZabCluster {
  readonly net: Stepper<ZabState, ZabMessage>;
  readonly settings: ZabSettings;
  readonly names: readonly Name[];
  readonly #observer = new GroupObserver();
  readonly #violations: string[] = [];
  #requests = 0;

  constructor(setup: ZabClusterSetup) {
    this.names = Array.from({ length: setup.replicas }, (_, i): Name => `S${i + 1}`);
    const members = this.names.map(idOf);
    const config: GroupConfig = { epoch: 0, voters: members, outgoing: null, learners: [] };
    this.settings = {
      ...DEFAULT_SETTINGS,
      ...setup.settings,
      rules: { ...ALL_RULES, ...setup.rules },
    };
    const protocol = zab(this.settings);
    this.net = new Stepper({ protocol, members, config, seed: setup.seed });
    this.net.stepped = (_, state) => {
      for (const violation of this.#observer.look(state)) this.#violations.push(violation);
    };
  }

  /** The first of the snapshots asked for arrives, and its sender hears of it. */
  install(): this {
    const transfer = this.transfers.shift();
    if (transfer === undefined) throw new RangeError("no snapshot was asked for");
    const { from, to } = transfer;
    const { log, lastApplied, configs } = this.net.stateOf(from);
    const at = { index: lastApplied, epoch: log.epochAt(lastApplied) ?? 0 };
    const config = configs[0]?.config;
    if (config === undefined) throw new RangeError("a replica always has a configuration");
    this.net.install(to, at, config);
    this.net.input(from, { type: "Transferred", to, at, ok: true });
    return this;
  }

  /** Snapshots that were asked for. */
  get transfers(): { readonly from: NodeId; readonly to: NodeId }[] {
    return this.net.transfers;
  }

  /** What the omniscient observer found broken so far. */
  get violations(): readonly string[] {
    return this.#violations;
  }

  state(name: Name): ZabState {
    return this.net.stateOf(idOf(name));
  }

  /** Its role and phase, in words. */
  phaseOf(name: Name): string {
    const { role } = this.state(name);
    return role.type === "Looking" ? "Looking" : `${role.type} in ${role.phase}`;
  }

  /** Zxids of a history, as the paper writes them, with an index for the counter. */
  historyOf(name: Name): readonly (readonly [epoch: number, index: number])[] {
    const { log } = this.state(name);
    return log.slice(log.base.index, log.lastIndex).map(({ epoch, index }) => [epoch, index]);
  }

  /** The commands that this member's machine was given, as texts: each index once, whatever it was given again after a restart. */
  deliveredBy(name: Name): readonly string[] {
    const byIndex = new Map(this.net.appliedOf(idOf(name)).map((entry) => [entry.index, entry]));
    return textsOf([...byIndex.values()]);
  }

  /** The commands in its history, delivered or not. */
  commandsOf(name: Name): readonly string[] {
    const { log } = this.state(name);
    return textsOf(log.slice(log.base.index, log.lastIndex));
  }

  /** Those who lead an established epoch. */
  leaders(): readonly Name[] {
    return this.names.filter((name) => {
      if (!this.net.isUp(idOf(name))) return false;
      return this.phaseOf(name) === "Leading in broadcast";
    });
  }

  /** Only these hear each other, from now on. Messages on their way to others are lost. */
  among(...names: readonly Name[]): this {
    this.net.heal();
    const ids = new Set(names.map(idOf));
    for (const from of this.names.map(idOf)) {
      for (const to of this.names.map(idOf))
        if (!ids.has(from) || !ids.has(to)) this.net.cut(from, to);
    }
    this.net.lose(({ from, to }) => !ids.has(from) || !ids.has(to));
    return this;
  }

  /** Everybody hears everybody. */
  heal(): this {
    this.net.heal();
    return this;
  }

  /** Time passes, and messages arrive, until somebody leads among those who hear each other. */
  settle(millis = SETTLE_TICKS): this {
    this.net.run(millis);
    return this;
  }

  /** Among these alone, until this one leads an established epoch; nothing else is said about who hears whom afterwards. */
  elect(name: Name, names: readonly Name[] = this.names): this {
    this.among(...names).settle();
    if (!this.leaders().includes(name))
      throw new RangeError(`${this.leaders().join() || "nobody"} leads, and not ${name}`);
    return this;
  }

  /**
   * The election errs, as it may: it tells each of these that `leader` leads, and the leader that all have voted for it.
   * What they send then is on its way.
   */
  believe(leader: Name, followers: readonly Name[]): this {
    const id = idOf(leader);
    this.#makeLook(leader);
    for (const from of this.names.map(idOf).filter((other) => other !== id)) {
      const message = { ...HEARSAY, standing: "looking", vote: id } as const;
      this.net.input(id, { type: "Receive", from, message });
    }
    for (const name of followers) this.believeAgain(name, leader);
    return this;
  }

  /** One more is told that `leader` leads, who does so already. */
  believeAgain(name: Name, leader: Name): this {
    this.#makeLook(name);
    const message = { ...HEARSAY, standing: "leading", vote: null } as const;
    this.net.input(idOf(name), { type: "Receive", from: idOf(leader), message });
    this.net.lose((flight) => flight.message.type === "Notification");
    return this;
  }

  #makeLook(name: Name): void {
    const { role, self } = this.state(name);
    if (role.type === "Following")
      this.net.input(self, { type: "Link", peer: role.leader, up: false });
    if (role.type === "Leading") this.net.input(self, { type: "Yield", heir: false });
  }

  /** Commands are proposed at this member, in one turn. What it sends is on its way and not delivered. */
  propose(name: Name, ...keys: readonly string[]): readonly RequestId[] {
    const commands = keys.map((key) => ({
      id: requestId(++this.#requests),
      command: put(key, "1"),
    }));
    this.net.input(idOf(name), { type: "Propose", commands });
    return commands.map(({ id }) => id);
  }

  /** Proposed, and heard by nobody: it stays on its leader alone. */
  proposeAlone(name: Name, ...keys: readonly string[]): this {
    this.propose(name, ...keys);
    this.net.lose();
    return this;
  }

  /** Proposed, and everything that follows arrives. */
  write(name: Name, ...keys: readonly string[]): this {
    this.propose(name, ...keys);
    this.net.deliver();
    return this;
  }

  /** Phase 1 between those who were brought together, and no more. */
  discover(): this {
    return this.deliver(...DISCOVERY);
  }

  /** Phases 1 and 2, until the epoch is established: UPTODATE and the first proposal get lost. */
  establish(): this {
    this.deliver(...DISCOVERY, ...SYNCHRONIZATION).deliver("AckNewLeader");
    this.net.lose();
    return this;
  }

  /** A reader comes: the index it may look at by what arrives without time passing, or null if it may not look. */
  read(name: Name, level: ReadLevel): number | null {
    const id = requestId(++this.#requests);
    this.net.input(idOf(name), { type: "Read", ids: [id], level });
    this.net.deliver();
    return this.net.readable.get(id) ?? null;
  }

  /** The outcome of a request that this cluster gave a number, if it was settled. */
  outcomeOf(id: RequestId): Outcome | null {
    return this.net.outcomes.get(id) ?? null;
  }

  nextId(): RequestId {
    return requestId(++this.#requests);
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

  /** Messages of this type sent so far. */
  sent(type: ZabMessage["type"]): number {
    return this.net.sent.get(type) ?? 0;
  }

  /** Messages of these types that are on their way arrive, and what they cause of these types, until none is left. */
  deliver(...types: readonly ZabMessage["type"][]): this {
    this.net.deliver(({ message }) => types.includes(message.type));
    return this;
  }

  /** The next message of this type on its way to this one. */
  captured(to: Name, type: ZabMessage["type"]): Flight<ZabMessage> {
    const found = this.net.flights.find(
      (flight) => flight.to === idOf(to) && flight.message.type === type,
    );
    if (found === undefined) throw new RangeError(`no ${type} is on its way to ${to}`);
    return found;
  }
}

const HEARSAY = {
  type: "Notification",
  acceptedEpoch: epoch(0),
  candidate: null,
} as const;

const textsOf = (entries: readonly Entry[]): readonly string[] =>
  entries.filter(({ kind }) => kind === "command").map(({ command }) => keyOf(command));

const keyOf = (command: Bytes): string => fromUtf8(command).split("=")[0] ?? "";
