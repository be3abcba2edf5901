import {
  type Bytes,
  configOf,
  type Entry,
  type GroupConfig,
  logIndex,
  type ReadLevel,
  requestId,
  type Violation,
} from "@quorate/kernel/core";
import {
  ALL_RULES,
  DEFAULT_SETTINGS,
  type PaxosMessage,
  type PaxosRules,
  type PaxosSettings,
  type PaxosState,
  paxos,
} from "@quorate/kernel/paxos";
import { GroupObserver } from "../observers/index.ts";
import { idOf, type Name } from "./raft-cluster.ts";
import { type Flight, Stepper } from "./stepper.ts";

export interface PaxosClusterSetup {
  readonly replicas: number;
  /** Those of them that are voters; the others are learners. All, unless told. */
  readonly voters?: readonly Name[];
  readonly rules?: Partial<PaxosRules>;
  readonly settings?: Partial<PaxosSettings>;
  readonly seed: bigint;
  /** What every disk holds at first. */
  readonly records?: readonly Bytes[];
}

/** Times that `elect` lets somebody stand. */
const ATTEMPTS_MAX = 8;

/**
 * A Multi-Paxos group in the words of the papers: `elect`, `propose`, `reaches`, `crash`. What is not said does not happen: messages
 * to others are lost, and nobody's time-out passes. What must never be is held against every step.
 */
export class PaxosCluster {
  readonly net: Stepper<PaxosState, PaxosMessage>;
  readonly settings: PaxosSettings;
  readonly names: readonly Name[];
  readonly #observer = new GroupObserver();
  readonly #violations: Violation[] = [];
  #requests = 0;

  constructor({ replicas, rules, settings, seed, records = [], ...setup }: PaxosClusterSetup) {
    this.names = Array.from({ length: replicas }, (_, i): Name => `S${i + 1}`);
    const members = this.names.map(idOf);
    const voters = (setup.voters ?? this.names).map(idOf);
    const learners = members.filter((member) => !voters.includes(member));
    const config: GroupConfig = { epoch: 0, voters, outgoing: null, learners };
    this.settings = {
      ...DEFAULT_SETTINGS,
      // What is lost is sent again at the next tick: schedules are told in steps, not in time-outs.
      retransmitTicks: 1,
      ...settings,
      rules: { ...ALL_RULES, ...rules },
    };
    const protocol = paxos(this.settings);
    this.net = new Stepper({ protocol, members, config, seed, records });
    this.net.stepped = (_, state) => {
      for (const violation of this.#observer.look(state)) this.#violations.push(violation);
    };
  }

  /** What the omniscient observer found broken so far. */
  get violations(): readonly Violation[] {
    return this.#violations;
  }

  state(name: Name): PaxosState {
    return this.net.stateOf(idOf(name));
  }

  decidedOf(name: Name): number {
    return this.state(name).commitIndex;
  }

  entryAt(name: Name, slot: number): Entry | null {
    return this.state(name).log.at(logIndex(slot));
  }

  /** What its machine was given: commands as texts, no-ops as "-". */
  historyOf(name: Name): readonly string[] {
    return this.net.appliedOf(idOf(name)).map(textOf);
  }

  /** Those in phase 2. */
  leaders(): readonly Name[] {
    return this.names.filter(
      (name) => this.net.isUp(idOf(name)) && this.state(name).role.type === "Leader",
    );
  }

  /** Its time-out passes, and it prepares a ballot that these promise (all, unless told). Its first proposals get lost. */
  elect(name: Name, promisers: readonly Name[] = this.names): this {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      this.stand(name, promisers);
      if (this.state(name).role.type === "Leader") return this;
    }
    throw new RangeError(`${name} is not promised a ballot by ${promisers.join()}`);
  }

  /** Its time-out passes once, and these may answer. */
  stand(name: Name, promisers: readonly Name[]): this {
    this.net.pass(2 * this.settings.electionTicksMax).wake(idOf(name));
    this.exchange(name, promisers, isPhase1);
    this.net.lose();
    return this;
  }

  propose(name: Name, ...commands: readonly Bytes[]): this {
    this.net.input(idOf(name), {
      type: "Propose",
      commands: commands.map((command) => ({ id: requestId(++this.#requests), command })),
    });
    return this;
  }

  /** Asks for these voters; all others are learners. True where they were proposed. */
  change(name: Name, voters: readonly Name[]): boolean {
    const id = requestId(++this.#requests);
    const learners = this.names.filter((other) => !voters.includes(other)).map(idOf);
    const change = { voters: voters.map(idOf), learners };
    this.net.input(idOf(name), { type: "ChangeMembers", id, change, epoch: this.#requests });
    return this.net.outcomes.get(id)?.ok ?? false;
  }

  config(name: Name): GroupConfig {
    return configOf(this.state(name));
  }

  /** This member gets the state of the other as a snapshot. */
  install(name: Name, from: Name): this {
    const { commitIndex } = this.state(from);
    this.net.install(idOf(name), { epoch: 0, index: commitIndex }, this.config(from));
    return this;
  }

  /** What is on its way arrives at these, and their answers, and then so many heartbeats and what follows from them; all else is lost. */
  reaches(name: Name, to: readonly Name[] = this.names, heartbeats = 1): this {
    this.exchange(name, to, () => true);
    for (let i = 0; i < heartbeats; i++) {
      this.net.lose().pass(this.settings.heartbeatTicks).wake(idOf(name));
      this.exchange(name, to, () => true);
    }
    this.net.lose();
    return this;
  }

  /** A reader comes, and all messages that help it arrive. The slot it may look at, or null if it may not look. */
  read(name: Name, level: ReadLevel): number | null {
    const id = requestId(++this.#requests);
    this.net.input(idOf(name), { type: "Read", ids: [id], level });
    this.exchange(name, this.names, () => true);
    return this.net.readable.get(id) ?? null;
  }

  /** All messages between one and these others arrive, and their answers, until none is left. */
  exchange(
    name: Name,
    others: readonly Name[],
    matches: (flight: Flight<PaxosMessage>) => boolean,
  ): void {
    const [one, ids] = [idOf(name), others.map(idOf)];
    this.net.deliver(
      (flight) =>
        matches(flight) &&
        ((flight.from === one && ids.includes(flight.to)) ||
          (flight.to === one && ids.includes(flight.from))),
    );
  }

  crash(name: Name): this {
    this.net.crash(idOf(name));
    this.#observer.forget(idOf(name));
    return this;
  }

  restart(name: Name): this {
    this.net.restart(idOf(name));
    return this;
  }

  /** Its last records are damaged: it comes back to be rebuilt by the others. */
  repair(name: Name, lost: number): this {
    this.#observer.forget(idOf(name));
    this.net.repair(idOf(name), lost);
    return this;
  }

  recordsOf(name: Name): number {
    return this.net.recordsOf(idOf(name));
  }

  /** The next message on its way to this one, to be delivered once more later. */
  captured(to: Name, type: PaxosMessage["type"]): Flight<PaxosMessage> {
    const found = this.net.flights.find(
      (flight) => flight.to === idOf(to) && flight.message.type === type,
    );
    if (found === undefined) throw new RangeError(`no ${type} is on its way to ${to}`);
    return found;
  }

  /** Messages of this type sent so far. */
  sent(type: PaxosMessage["type"]): number {
    return this.net.sent.get(type) ?? 0;
  }
}

const textOf = ({ kind, command }: Entry): string =>
  kind === "noop" ? "-" : String.fromCharCode(...command);

const isPhase1 = ({ message }: Flight<PaxosMessage>): boolean =>
  message.type === "PreVote" ||
  message.type === "PreVoteReply" ||
  message.type === "Prepare" ||
  message.type === "Promised";
