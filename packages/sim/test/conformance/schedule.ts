import { drawBelow, type Random, seeded } from "@quorate/kernel/core";
import type { Name } from "@quorate/sim";
import type { Form } from "./forms.ts";
import { Group } from "./group.ts";

/** What a schedule may do beside losing, repeating and reordering messages. */
export type Harm = "network" | "crashes";

const FLIGHTS_MAX = 100;
const DOWN_MAX = 1;

/** A schedule drawn from a seed. What is held against every step is the group's. */
export class Schedule {
  readonly group: Group;
  readonly #harm: Harm;
  #random: Random;
  #keys = 0;

  constructor(form: Form, harm: Harm, seed: bigint, freezes = false) {
    this.group = new Group(form, { seed, freezes });
    this.#harm = harm;
    this.#random = seeded(seed);
    this.group.settled();
  }

  run(acts: number): this {
    for (let i = 0; i < acts && this.group.broken.length === 0; i++) this.#act();
    return this;
  }

  #act(): void {
    const { net } = this.group;
    const roll = this.#below(100);
    if (roll < 60) this.#deliver();
    else if (roll < 72) this.#pass();
    else if (roll < 84) this.#write();
    else if (roll < 92) this.#read();
    else if (roll < 97 || this.#harm === "network") this.#repeat();
    else this.#disturb();
    if (net.flights.length > FLIGHTS_MAX) net.lose(() => this.#below(2) === 0);
  }

  /** Any message on its way arrives, before others that left earlier. */
  #deliver(): void {
    const { net } = this.group;
    const chosen = net.flights[this.#below(Math.max(1, Math.min(8, net.flights.length)))];
    if (chosen === undefined) return this.#pass();
    net.deliver((flight) => flight === chosen, 1);
  }

  #pass(): void {
    const { group } = this;
    group.net.pass(this.#below(60));
    for (const name of group.names) {
      const at = group.net.wakeAt(group.idOf(name));
      if (at !== null && at <= group.net.now.ticks) group.net.wake(group.idOf(name));
    }
    if (this.#below(2) === 0) group.govern();
    if (group.net.transfers.length > 0) group.stream();
  }

  #write(): void {
    const { group } = this;
    for (const leader of group.leaders()) group.propose(leader, `k${++this.#keys}`);
  }

  #read(): void {
    const { group } = this;
    const name = this.#pick(group.names.filter((one) => group.net.isUp(group.idOf(one))));
    if (name !== undefined) group.ask(name, this.#below(2) === 0 ? "readIndex" : "lease");
  }

  /** A message arrives and stays on its way; or it is lost. */
  #repeat(): void {
    const { net } = this.group;
    const chosen = net.flights[this.#below(Math.max(1, net.flights.length))];
    if (chosen === undefined) return;
    if (this.#below(2) === 0) net.arrive(chosen);
    else net.lose((flight) => flight === chosen);
  }

  #disturb(): void {
    const { group } = this;
    const down = group.names.filter((name) => !group.net.isUp(group.idOf(name)));
    const up = group.names.filter((name) => !down.includes(name));
    const roll = this.#below(4);
    const one = this.#pick(up);
    if (one === undefined) return;
    if (roll === 0) group.net.holdSync(group.idOf(one));
    else if (roll === 1) group.net.sync(group.idOf(one));
    else if (down.length >= DOWN_MAX) group.restart(...down);
    else group.crash(one);
  }

  #pick(names: readonly Name[]): Name | undefined {
    return names[this.#below(Math.max(1, names.length))];
  }

  #below(bound: number): number {
    const [drawn, random] = drawBelow(this.#random, bound);
    this.#random = random;
    return drawn;
  }
}
