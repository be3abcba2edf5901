import {
  type Bytes,
  configOf,
  type Entry,
  type GroupConfig,
  type LogIndex,
  logIndex,
  type MemberChange,
  type NodeId,
  nodeId,
  type ReadLevel,
  type RequestId,
  requestId,
  utf8,
} from "@quorate/kernel/core";
import {
  ALL_RULES,
  DEFAULT_SETTINGS,
  encodeAppend,
  type RaftMessage,
  type RaftRules,
  type RaftSettings,
  type RaftState,
  raft,
  term,
} from "@quorate/kernel/raft";
import { GroupObserver } from "../observers/index.ts";
import { type Flight, Stepper } from "./stepper.ts";

/** A replica as the papers name it. */
export type Name = `S${number}`;

export interface RaftClusterSetup {
  readonly replicas: number;
  /** Those of them that are voters; the others are learners. All, unless told. */
  readonly voters?: readonly Name[];
  readonly rules?: Partial<RaftRules>;
  readonly settings?: Partial<RaftSettings>;
  /** Terms of the entries that every log holds at first. */
  readonly log?: readonly number[];
  readonly seed: bigint;
}

/** Elections that `elect` may need until the term it is to win. */
const ATTEMPTS_MAX = 8;

/**
 * A Raft group in the words of the paper: `elect`, `propose`, `replicate`, `crash`. What is not said does not happen:
 * messages to others are lost, and nobody's time-out passes. The properties of Figure 3 are held against every step.
 */
export class RaftCluster {
  readonly net: Stepper<RaftState, RaftMessage>;
  readonly settings: RaftSettings;
  readonly #observer = new GroupObserver();
  readonly #names: readonly Name[];
  readonly #violations: string[] = [];
  #requests = 0;

  constructor(setup: RaftClusterSetup) {
    const names = Array.from({ length: setup.replicas }, (_, i): Name => `S${i + 1}`);
    const voters = setup.voters ?? names;
    const config: GroupConfig = {
      epoch: 0,
      voters: voters.map(idOf),
      outgoing: null,
      learners: names.filter((name) => !voters.includes(name)).map(idOf),
    };
    this.#names = names;
    this.settings = {
      ...DEFAULT_SETTINGS,
      // What is lost is sent again at the next tick: schedules are told in steps, not in time-outs.
      retransmitTicks: 1,
      quiesceTicks: 0,
      ...setup.settings,
      rules: { ...ALL_RULES, ...setup.rules },
    };
    this.net = new Stepper({
      protocol: raft(this.settings),
      members: names.map(idOf),
      config,
      seed: setup.seed,
      records: setup.log === undefined ? [] : [logOf(setup.log)],
    });
    this.net.stepped = (_, state) => this.#look(state);
  }

  /** What the omniscient observer found broken so far. */
  get violations(): readonly string[] {
    return this.#violations;
  }

  state(name: Name): RaftState {
    return this.net.stateOf(idOf(name));
  }

  config(name: Name): GroupConfig {
    return configOf(this.state(name));
  }

  commitIndexOf(name: Name): number {
    return this.state(name).commitIndex;
  }

  entryAt(name: Name, index: number): Entry | null {
    return this.state(name).log.at(logIndex(index));
  }

  /** The terms of a log's entries, as the paper draws them. */
  termsOf(name: Name): readonly number[] {
    const { log } = this.state(name);
    return log.slice(log.base.index, log.lastIndex).map((entry) => entry.epoch);
  }

  leaders(): readonly Name[] {
    return this.#names.filter(
      (name) => this.net.isUp(idOf(name)) && this.state(name).role.type === "Leader",
    );
  }

  /** Its time-out passes, and it wins the election of that term with these votes (all, unless told). */
  elect(name: Name, how: { readonly term?: number; readonly votes?: readonly Name[] } = {}): this {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      this.stand(name, how.votes ?? this.#names);
      const { role, term: reached } = this.state(name);
      if (role.type === "Leader" && (how.term ?? reached) === reached) return this;
      if (how.term !== undefined && reached > how.term)
        throw new RangeError(`${name} is past term ${how.term}: it is in ${reached}`);
    }
    throw new RangeError(`${name} is not elected by ${how.votes?.join() ?? "all"}`);
  }

  /** Its time-out passes once, and these may answer. It may win or not; the entries of a new leader get lost. */
  stand(name: Name, voters: readonly Name[]): this {
    this.net.pass(2 * this.settings.electionTicksMax).wake(idOf(name));
    this.exchange(name, voters, isElection);
    this.net.lose();
    return this;
  }

  propose(name: Name, command: Bytes): Proposal {
    this.proposeAll(name, [command]);
    return new Proposal(this, name);
  }

  /** Several commands in one turn. */
  proposeAll(name: Name, commands: readonly Bytes[]): void {
    this.net.input(idOf(name), {
      type: "Propose",
      commands: commands.map((command) => ({ id: requestId(++this.#requests), command })),
    });
  }

  /** A reader comes, and all messages that help it arrive. The index it may look at, or null if it may not look. */
  read(name: Name, level: ReadLevel): number | null {
    const id = requestId(++this.#requests);
    this.net.input(idOf(name), { type: "Read", ids: [id], level });
    this.exchange(name, this.#names, () => true);
    return this.net.readable.get(id) ?? null;
  }

  change(name: Name, change: { readonly voters: readonly Name[] }, epoch: number): RequestId {
    const id = requestId(++this.#requests);
    const voters = change.voters.map(idOf);
    const members: MemberChange = {
      voters,
      learners: this.#names.map(idOf).filter((member) => !voters.includes(member)),
    };
    this.net.input(idOf(name), { type: "ChangeMembers", id, change: members, epoch });
    return id;
  }

  /** The leader sends again whatever these lack, and hears their answers. */
  replicate(name: Name, to: readonly Name[] = this.#names): this {
    this.net.lose().pass(1).wake(idOf(name));
    this.exchange(name, to, () => true);
    this.net.lose();
    return this;
  }

  /** All messages between one and these others arrive, and their answers, until none is left. */
  exchange(
    name: Name,
    others: readonly Name[],
    matches: (flight: Flight<RaftMessage>) => boolean,
  ): void {
    const one = idOf(name);
    const ids = others.map(idOf);
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
    this.net.repair(idOf(name), lost);
    this.#observer.forget(idOf(name));
    return this;
  }

  /** Records that its disk holds. */
  recordsOf(name: Name): number {
    return this.net.recordsOf(idOf(name));
  }

  /** The next message on its way to this one, to be delivered once more later. */
  captured(to: Name, type: RaftMessage["type"]): Flight<RaftMessage> {
    const found = this.net.flights.find(
      (flight) => flight.to === idOf(to) && flight.message.type === type,
    );
    if (found === undefined) throw new RangeError(`no ${type} is on its way to ${to}`);
    return found;
  }

  /** Messages of this type sent so far. */
  sent(type: RaftMessage["type"]): number {
    return this.net.sent.get(type) ?? 0;
  }

  #look(state: RaftState): void {
    for (const violation of this.#observer.look(state)) this.#violations.push(violation);
  }
}

/** A command that was proposed, and whom it reaches. */
export class Proposal {
  readonly #cluster: RaftCluster;
  readonly #leader: Name;

  constructor(cluster: RaftCluster, leader: Name) {
    this.#cluster = cluster;
    this.#leader = leader;
  }

  /** It arrives at these, and their answers at the leader; all else is lost. */
  reaches(...names: readonly Name[]): RaftCluster {
    return this.#cluster.replicate(this.#leader, names);
  }
}

export const idOf = (name: Name): NodeId => nodeId(BigInt(name.slice(1)));
export const nameOf = (id: NodeId): Name => `S${Number(id)}`;

export const put = (key: string, value: string): Bytes => utf8(`${key}=${value}`);

const isElection = ({ message }: Flight<RaftMessage>): boolean =>
  message.type === "PreVote" ||
  message.type === "PreVoteReply" ||
  message.type === "RequestVote" ||
  message.type === "RequestVoteReply";

/** A record that makes a log hold entries of these terms, as if a leader of each had been there. */
function logOf(terms: readonly number[]): Bytes {
  const entries = terms.map(
    (epoch, i): Entry => ({
      index: logIndex(i + 1),
      epoch,
      kind: "command",
      command: put("x", "0"),
    }),
  );
  const newest = term(Math.max(0, ...terms));
  const hardState = {
    term: newest,
    votedFor: null,
    commitIndex: 0 as LogIndex,
    repairing: false,
    blind: false,
  };
  return encodeAppend(hardState, { index: 0 as LogIndex, epoch: 0 }, entries);
}
