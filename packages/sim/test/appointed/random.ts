import { drawBelow, type LogIndex, type Random, requestId, seeded } from "@quorate/kernel/core";
import {
  type AppointedCluster,
  type AppointedState,
  type Flight,
  idOf,
  type Name,
} from "@quorate/sim";

/** Draws a number below a bound. */
export type Below = (bound: number) => number;

/** What is scheduled: the same for every protocol whose primary is appointed. */
export interface Play<
  S extends AppointedState,
  M extends { readonly type: string },
  T extends { readonly heartbeatTicks: number },
> {
  readonly seed: number;
  readonly steps: number;
  readonly cluster: (replicas: number, below: Below) => AppointedCluster<S, M, T>;
  /** May it be appointed? */
  readonly isSound: (state: S) => boolean;
  /** Is what it has committed acknowledged? */
  readonly acknowledges: (state: S) => boolean;
  /** How many surely hold what was acknowledged, of so many that are in step. */
  readonly holders: (inSync: number) => number;
  /** Of a hundred acts. */
  readonly reads: number;
  /** Afterwards all are in step. */
  readonly mends: boolean;
}

const FLIGHTS_MAX = 150;
const TENURE_MILLIS_MAX = 800;

/**
 * A schedule drawn from a seed: messages are lost, repeated and overtake each other, members crash with what their disks had not synced,
 * and come back; group 0 appoints, answers and is heard late or not at all. Afterwards all is good, and the group must agree and go on.
 */
export class RandomSchedule<
  S extends AppointedState,
  M extends { readonly type: string },
  T extends { readonly heartbeatTicks: number },
> {
  readonly cluster: AppointedCluster<S, M, T>;
  readonly #play: Play<S, M, T>;
  /** A reader saw less than what had been acknowledged when it came. */
  readonly stale: string[] = [];
  readonly #steps: number;
  readonly #faults: number;
  readonly #overtaking: number;
  readonly #losses: number;
  #random: Random;
  #proposed = 0;
  /** Readers under way, and what had been acknowledged when they came. */
  readonly #readers: { readonly id: number; readonly least: number; readonly at: Name }[] = [];
  #acknowledged = 0;
  #requests = 1_000_000;

  constructor(play: Play<S, M, T>) {
    const { seed, steps } = play;
    this.#play = play;
    this.#random = seeded(BigInt(seed));
    const replicas = this.#below(3) === 0 ? 5 : 3;
    this.cluster = play.cluster(replicas, (bound) => this.#below(bound));
    this.#steps = steps;
    this.#faults = 5 + this.#below(80);
    this.#overtaking = 1 + this.#below(8);
    this.#losses = this.#below(8);
  }

  get broken(): readonly string[] {
    return [...this.cluster.violations, ...this.stale];
  }

  run(): this {
    for (let i = 0; i < this.#steps && this.broken.length === 0; i++) {
      this.#act();
      this.#watch();
    }
    return this;
  }

  /** What is wrong when everybody is back, the network and group 0 are good, and time has passed. */
  healed(): readonly string[] {
    const c = this.cluster;
    if (this.broken.length > 0) return this.broken;
    c.net.heal();
    for (const name of c.names) {
      if (!c.net.isUp(idOf(name))) c.restart(name);
      c.net.sync(idOf(name));
    }
    for (let i = 0; i < 60; i++) this.#calm();
    const [acting, second] = c.acting();
    if (acting === undefined || second !== undefined) return [`${c.acting().join()} act`];
    const [id] = c.propose(acting, "last");
    for (let i = 0; i < 20; i++) this.#calm();
    const found = [...this.broken];
    if (c.outcomeOf(id) !== null) found.push(`refused: ${JSON.stringify(c.outcomeOf(id))}`);
    const { lastIndex } = c.state(acting).log;
    for (const name of c.names) {
      const { commitIndex, log } = c.state(name);
      if (commitIndex !== lastIndex || log.lastIndex !== lastIndex)
        found.push(
          `${name} applied ${commitIndex} of ${lastIndex}, its log ends at ${log.lastIndex}`,
        );
    }
    if (this.#play.mends && c.inSync.length !== c.names.length)
      found.push(`${c.inSync.join()} are in step`);
    return found;
  }

  /** A while in which group 0 does what it should: renews, answers, and fills the office when it is free. */
  #calm(): void {
    const c = this.cluster;
    const { primary } = c.office;
    const holder = c.names.find((name) => idOf(name) === primary);
    if (holder !== undefined && c.net.isUp(idOf(holder))) c.grant(holder, 2000);
    else {
      const heir = this.#heir();
      if (heir !== null) c.appoint(heir, { millis: 2000 });
    }
    c.decide();
    while (c.transfers.length > 0) c.install();
    c.net.run(100);
  }

  /** Anyone in step where all hold what was acknowledged; else the furthest, where so many are there that one of them holds it. */
  #heir(): Name | null {
    const c = this.cluster;
    const there = c.names.filter((name) => this.#mayHold(name));
    const members = c.inSync.length;
    const holders = this.#play.holders(members);
    if (holders === members) return there[this.#below(Math.max(1, there.length))] ?? null;
    if (there.length <= members - holders) return null;
    return there.reduce((best, name) => (this.#isFurther(name, best) ? name : best));
  }

  /** By what their disks hold. */
  #isFurther(one: Name, other: Name): boolean {
    const [a, b] = [one, other].map((name) => {
      const { log, durableIndex } = this.cluster.state(name);
      return { index: durableIndex, epoch: log.epochAt(durableIndex) ?? log.base.epoch };
    });
    if (a === undefined || b === undefined) return false;
    return a.epoch > b.epoch || (a.epoch === b.epoch && a.index > b.index);
  }

  #mayHold(name: Name): boolean {
    const { net } = this.cluster;
    if (!net.isUp(idOf(name)) || !this.cluster.inSync.includes(name)) return false;
    return this.#play.isSound(this.cluster.state(name));
  }

  #act(): void {
    if (this.#below(1000) < this.#faults) return this.#disturb();
    const roll = this.#below(100);
    if (roll < 68) this.#deliver();
    else if (roll < 80) this.#pass();
    else if (roll < 88) this.#propose();
    else if (roll < 88 + this.#play.reads) this.#withUp((name) => this.#read(name));
    else if (roll < 98) this.#govern();
    else this.#transfer();
  }

  /** What may have been acknowledged by now, and which readers have been answered. */
  #watch(): void {
    const c = this.cluster;
    for (const name of c.names.filter((other) => c.net.isUp(idOf(other)))) {
      const state = c.state(name);
      if (!this.#play.acknowledges(state)) continue;
      this.#acknowledged = Math.max(this.#acknowledged, lastChange(state, state.commitIndex));
    }
    let shown = this.#acknowledged;
    for (let i = this.#readers.length - 1; i >= 0; i--) {
      const reader = this.#readers[i];
      if (reader === undefined) continue;
      const at = c.net.readable.get(requestId(reader.id));
      if (at === undefined) continue;
      this.#readers.splice(i, 1);
      if (c.net.isUp(idOf(reader.at))) shown = Math.max(shown, lastChange(c.state(reader.at), at));
      if (at < reader.least)
        this.stale.push(`a reader at ${reader.at} sees ${at} of ${reader.least}`);
    }
    // What one has seen no later one may miss.
    this.#acknowledged = shown;
  }

  #disturb(): void {
    const c = this.cluster;
    const roll = this.#below(100);
    if (roll < 20) this.#withUp((name) => c.crash(name));
    else if (roll < 50) this.#restart();
    else if (roll < 60) this.#withUp((name) => c.net.holdSync(idOf(name)));
    else if (roll < 75) this.#withUp((name) => c.net.sync(idOf(name)));
    else if (roll < 85) this.#cut();
    else if (roll < 93) this.#isolatePrimary();
    else this.#rare();
  }

  /** Group 0 does something, and some hear of it. */
  #govern(): void {
    const c = this.cluster;
    const told = c.names.filter(() => this.#below(3) > 0);
    const roll = this.#below(10);
    const millis = 1 + this.#below(TENURE_MILLIS_MAX);
    const { primary } = c.office;
    const holder = c.names.find((name) => idOf(name) === primary);
    if (roll < 2) {
      const heir = this.#heir();
      if (heir !== null) c.appoint(heir, { millis, told });
    } else if (roll < 5 && holder !== undefined && c.net.isUp(idOf(holder)))
      c.grant(holder, millis).tell(...told);
    else if (roll < 6) c.wishes = c.wishes.filter(() => this.#below(2) === 0);
    else if (told.length > 0) c.decide(...told);
  }

  #deliver(): void {
    const { net } = this.cluster;
    const window = Math.max(1, Math.min(this.#overtaking, net.flights.length));
    const flight = net.flights[this.#below(window)];
    if (flight === undefined) return;
    const fate = this.#below(100);
    const again = fate >= 97;
    if (!again) net.lose((other: Flight<M>) => other === flight);
    if (fate >= this.#losses) net.arrive(flight);
    if (net.flights.length > FLIGHTS_MAX) net.lose();
  }

  #pass(): void {
    const { net, names } = this.cluster;
    net.pass(this.#below(20) === 0 ? this.#below(600) : this.#below(20));
    for (const id of names.map(idOf)) {
      const at = net.wakeAt(id);
      if (at !== null && at <= net.now.ticks) net.wake(id);
    }
  }

  #propose(): void {
    const [acting] = this.cluster.acting();
    const name = this.#below(3) === 0 || acting === undefined ? this.#name() : acting;
    if (this.cluster.net.isUp(idOf(name))) this.cluster.propose(name, `k${++this.#proposed}`);
  }

  #restart(): void {
    const { net, names } = this.cluster;
    const down = names.filter((name) => !net.isUp(idOf(name)));
    const name = down[this.#below(Math.max(1, down.length))];
    if (name !== undefined) this.cluster.restart(name);
  }

  #cut(): void {
    const { net } = this.cluster;
    if (this.#below(3) > 0) net.heal();
    else net.cut(idOf(this.#name()), idOf(this.#name()));
  }

  /** What it proposes from now on nobody else gets, or only one. */
  #isolatePrimary(): void {
    const { net, names } = this.cluster;
    const [acting] = this.cluster.acting();
    if (acting === undefined) return;
    const spared = this.#name();
    this.cluster.propose(acting, `k${++this.#proposed}`);
    for (const name of names) if (name !== spared) net.cut(idOf(acting), idOf(name));
    net.lose(({ from, to }) => from === idOf(acting) && to !== idOf(spared));
    if (this.#below(2) === 0) this.cluster.crash(acting);
  }

  #rare(): void {
    const { net } = this.cluster;
    const [acting] = this.cluster.acting();
    const kind = this.#below(4);
    if (acting === undefined) return;
    const at = idOf(acting);
    if (kind === 0) net.input(at, { type: "Yield", heir: this.#below(2) === 0 });
    if (kind === 1) {
      const id = requestId(++this.#requests);
      net.input(at, { type: "TransferLeadership", id, to: idOf(this.#name()) });
    }
    if (kind === 2) net.input(idOf(this.#name()), { type: "Link", peer: at, up: false });
    if (kind === 3) this.#compact();
  }

  /** Everybody drops most of what was applied: who lacks it then needs a snapshot. */
  #compact(): void {
    const { net, names } = this.cluster;
    for (const name of names.filter((other) => net.isUp(idOf(other)))) {
      const { lastApplied } = this.cluster.state(name);
      const upTo = Math.max(0, lastApplied - this.#below(3)) as LogIndex;
      net.input(idOf(name), { type: "Compact", upTo });
    }
  }

  /** A snapshot arrives, or is given up. */
  #transfer(): void {
    const { net, transfers } = this.cluster;
    const [transfer] = transfers;
    if (transfer === undefined) return;
    const { from, to } = transfer;
    if (net.isUp(from) && net.isUp(to) && this.#below(4) > 0) {
      this.cluster.install();
      return;
    }
    transfers.shift();
    const at = { index: 0 as LogIndex, epoch: 0 };
    net.input(from, { type: "Transferred", to, at, ok: false });
  }

  #read(at: Name): void {
    const id = ++this.#requests;
    this.#readers.push({ id, least: this.#acknowledged, at });
    this.cluster.net.input(idOf(at), { type: "Read", ids: [requestId(id)], level: "readIndex" });
  }

  #withUp(act: (name: Name) => unknown): void {
    const name = this.#name();
    if (this.cluster.net.isUp(idOf(name))) act(name);
  }

  #name(): Name {
    const { names } = this.cluster;
    return names[this.#below(names.length)] ?? "S1";
  }

  #below(bound: number): number {
    const [value, next] = drawBelow(this.#random, bound);
    this.#random = next;
    return value;
  }
}

/** Nobody is acknowledged or shown an entry that changes nothing, so readers need not see it. 0 where the log does not tell. */
function lastChange({ log }: AppointedState, upTo: LogIndex): number {
  let change = upTo;
  while (log.at(change)?.kind === "noop") change = (change - 1) as LogIndex;
  return log.at(change) === null ? 0 : change;
}
