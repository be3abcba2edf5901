import {
  drawBelow,
  type LogIndex,
  type NodeId,
  type Random,
  requestId,
  seeded,
} from "@quorate/kernel/core";
import type { ZabMessage, ZabRules, ZabSettings } from "@quorate/kernel/zab";
import { type Flight, idOf, type Name, ZabCluster } from "@quorate/sim";

export interface RandomRun {
  readonly seed: number;
  readonly steps: number;
  readonly rules?: Partial<ZabRules>;
  readonly settings?: Partial<ZabSettings>;
  /** Disks lose records: one member at a time comes back to be rebuilt. */
  readonly amnesia: boolean;
}

const FLIGHTS_MAX = 150;

/**
 * A schedule drawn from a seed: messages are lost, repeated and overtake each other, members crash with what their disks
 * had not synced, and come back. Afterwards the network is good, and the group must agree and go on.
 */
export class RandomSchedule {
  readonly cluster: ZabCluster;
  readonly #amnesia: boolean;
  readonly #steps: number;
  /** How bad the weather is, another in every run: faults in a thousand steps, and how far messages overtake each other. */
  readonly #faults: number;
  readonly #overtaking: number;
  readonly #losses: number;
  #random: Random;
  #proposed = 0;
  #requests = 1_000_000;

  constructor({ seed, steps, rules = {}, settings = {}, amnesia }: RandomRun) {
    this.#random = seeded(BigInt(seed));
    const replicas = this.#below(2) === 0 ? 3 : 5;
    const drawn: Partial<ZabSettings> = {
      ...(this.#below(4) === 0 ? { batchEntriesMax: 1, inflightMessagesMax: 1 } : {}),
      ...(this.#below(4) === 0 ? { counterMax: 1 + this.#below(8) } : {}),
      ...settings,
    };
    this.cluster = new ZabCluster({ replicas, seed: BigInt(seed), rules, settings: drawn });
    this.#steps = steps;
    this.#amnesia = amnesia;
    this.#faults = 5 + this.#below(80);
    this.#overtaking = 1 + this.#below(8);
    this.#losses = this.#below(8);
  }

  run(): this {
    for (let i = 0; i < this.#steps && this.cluster.violations.length === 0; i++) this.#act();
    return this;
  }

  /** What is wrong when everybody is back, the network is good, and time has passed. */
  healed(): readonly string[] {
    const c = this.cluster;
    if (c.violations.length > 0) return c.violations;
    c.heal();
    for (const name of c.names) {
      if (!c.net.isUp(idOf(name))) c.restart(name);
      c.net.sync(idOf(name));
    }
    for (let i = 0; i < 100; i++) {
      c.net.run(200);
      while (c.transfers.length > 0) c.install();
    }
    const [leader, second] = c.leaders();
    if (leader === undefined || second !== undefined) return [`${c.leaders().join()} lead`];
    c.write(leader, "last");
    c.net.run(5000);
    const found = [...c.violations];
    for (const name of c.names) {
      const { commitIndex, log, repairing } = c.state(name);
      if (repairing) found.push(`${name} is not whole`);
      if (commitIndex !== c.state(leader).log.lastIndex || log.lastIndex !== commitIndex)
        found.push(`${name} delivered ${commitIndex} of ${c.state(leader).log.lastIndex}`);
    }
    return found;
  }

  #act(): void {
    if (this.#below(1000) < this.#faults) return this.#disturb();
    const roll = this.#below(100);
    if (roll < 75) this.#deliver();
    else if (roll < 88) this.#pass();
    else if (roll < 96) this.#propose();
    else if (roll < 98) this.#withUp((name) => this.#read(name));
    else this.#transfer();
  }

  #disturb(): void {
    const c = this.cluster;
    const roll = this.#below(100);
    if (roll < 20) this.#withUp((name) => c.crash(name));
    else if (roll < 50) this.#restart();
    else if (roll < 60) this.#withUp((name) => c.net.holdSync(idOf(name)));
    else if (roll < 75) this.#withUp((name) => c.net.sync(idOf(name)));
    else if (roll < 85) this.#cut();
    else if (roll < 93) this.#isolateLeader();
    else this.#rare();
  }

  #deliver(): void {
    const { net } = this.cluster;
    const window = Math.max(1, Math.min(this.#overtaking, net.flights.length));
    const flight = net.flights[this.#below(window)];
    if (flight === undefined) return;
    const fate = this.#below(100);
    const lost = fate < this.#losses;
    const again = fate >= 97;
    if (!again) net.lose((other: Flight<ZabMessage>) => other === flight);
    if (!lost) net.arrive(flight);
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
    const [leader] = this.cluster.leaders();
    const name = this.#below(3) === 0 || leader === undefined ? this.#name() : leader;
    if (this.cluster.net.isUp(idOf(name))) this.cluster.propose(name, `k${++this.#proposed}`);
  }

  #restart(): void {
    const { net, names } = this.cluster;
    const down = names.filter((name) => !net.isUp(idOf(name)));
    const name = down[this.#below(Math.max(1, down.length))];
    if (name === undefined) return;
    const forgets = this.#amnesia && this.#below(4) === 0 && !this.#anyRepairing();
    // Only where all others are up: a second loss may then be told from this one.
    if (forgets && down.length === 1) this.cluster.repair(name, this.#below(6));
    else this.cluster.restart(name);
  }

  #anyRepairing(): boolean {
    const { net, names } = this.cluster;
    return names.some((name) => net.isUp(idOf(name)) && this.cluster.state(name).repairing);
  }

  #cut(): void {
    const { net } = this.cluster;
    if (this.#below(3) > 0) net.heal();
    else net.cut(idOf(this.#name()), idOf(this.#name()));
  }

  /** What it proposes from now on only a minority gets: another leader will have it cut. */
  #isolateLeader(): void {
    const { net, names } = this.cluster;
    const [leader] = this.cluster.leaders();
    if (leader === undefined) return;
    this.cluster.propose(leader, `k${++this.#proposed}`);
    net.lose(({ from }) => from === idOf(leader));
    for (const name of names) net.cut(idOf(leader), idOf(name));
    if (this.#below(2) === 0) this.cluster.crash(leader);
  }

  #rare(): void {
    const { net } = this.cluster;
    const [leader] = this.cluster.leaders();
    const kind = this.#below(4);
    if (leader === undefined) return;
    if (kind === 0) net.input(idOf(leader), { type: "Yield", heir: this.#below(2) === 0 });
    if (kind === 1)
      net.input(idOf(leader), {
        type: "TransferLeadership",
        id: requestId(++this.#requests),
        to: idOf(this.#name()),
      });
    if (kind === 3) this.#compact();
    if (kind === 2) this.#linkClosed(idOf(this.#name()), idOf(leader));
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

  #linkClosed(at: NodeId, peer: NodeId): void {
    this.cluster.net.input(at, { type: "Link", peer, up: false });
  }

  #read(name: Name): void {
    const ids = [requestId(++this.#requests)];
    this.cluster.net.input(idOf(name), { type: "Read", ids, level: "readIndex" });
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
