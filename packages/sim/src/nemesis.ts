import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import type { Dice } from "./dice.ts";
import type { SimNode } from "./sim-node.ts";
import type { World } from "./world.ts";

/** What may go wrong in a run. The seed draws which of them do, and when. */
export type FaultKind =
  | "crash"
  | "powerCut"
  | "powerCutAll"
  | "pause"
  | "partition"
  | "isolateLeader"
  | "oneWay"
  | "bridge"
  | "moveLeader"
  | "hangDisk";

export const ALL_FAULTS: readonly FaultKind[] = [
  "crash",
  "powerCut",
  "powerCutAll",
  "pause",
  "partition",
  "isolateLeader",
  "oneWay",
  "bridge",
  "moveLeader",
  "hangDisk",
];

const EPISODE_MILLIS_MIN = 300;
const EPISODE_MILLIS_MAX = 3000;

/** Makes faults happen, one episode after another, until it is stopped; then everything heals and comes back. */
export class Nemesis {
  readonly #world: World;
  readonly #dice: Dice;
  readonly #faults: readonly FaultKind[];
  #stopped = false;

  constructor(world: World, faults: readonly FaultKind[]) {
    this.#world = world;
    this.#dice = world.dice.fork();
    this.#faults = faults;
  }

  start(): this {
    if (this.#faults.length > 0) this.#plan();
    return this;
  }

  stop(): void {
    this.#stopped = true;
    this.#world.heal();
    for (const node of this.#world.nodes) node.boot();
  }

  #plan(): void {
    this.#world.agenda.after(this.#dice.between(100, 1500) * 1000, () => {
      if (this.#stopped) return;
      this.#strike(this.#dice.pick(this.#faults));
      this.#plan();
    });
  }

  #strike(fault: FaultKind): void {
    const { nodes } = this.#world;
    const millis = this.#dice.between(EPISODE_MILLIS_MIN, EPISODE_MILLIS_MAX);
    switch (fault) {
      case "crash":
        return this.#crash([this.#dice.pick(nodes)], false, millis);
      case "powerCut":
        return this.#crash([this.#dice.pick(nodes)], true, millis);
      case "powerCutAll":
        return this.#crash(nodes, true, millis / 4);
      case "pause":
        this.#dice.pick(nodes).pause(millis * 1000);
        return;
      case "hangDisk":
        return this.#dice.pick(nodes).hangDisk(millis * 1000);
      case "moveLeader":
        return this.#moveLeader();
      default:
        return this.#cut(fault, millis);
    }
  }

  #crash(nodes: readonly SimNode[], power: boolean, millis: number): void {
    for (const node of nodes) {
      if (!node.isUp) continue;
      node.crash(power);
      this.#world.agenda.after(millis * 1000, () => node.boot());
    }
  }

  #cut(fault: "partition" | "isolateLeader" | "oneWay" | "bridge", millis: number): void {
    const { nodes } = this.#world;
    const [one, ...others] = this.#shuffled();
    if (one === undefined || others.length === 0 || !this.#world.network.isWhole) return;
    const leader = this.#world.leader() ?? one;
    if (fault === "isolateLeader")
      this.#world.partition(
        [leader],
        nodes.filter((node) => node !== leader),
      );
    else if (fault === "oneWay") this.#world.partition([one], others, "forward");
    // A bridge: everybody sees the one in the middle, the two sides do not see each other.
    else if (fault === "bridge")
      this.#world.partition(others.slice(0, others.length / 2), others.slice(others.length / 2));
    else
      this.#world.partition(
        [one, ...others].slice(0, nodes.length / 2),
        [one, ...others].slice(nodes.length / 2),
      );
    this.#world.agenda.after(millis * 1000, () => this.#world.heal());
  }

  #moveLeader(): void {
    const leader = this.#world.leader();
    const target = this.#dice.pick(this.#world.nodes);
    leader?.moveLeader(
      { onReply: () => {}, onReadable: () => {} },
      DEFAULT_KEYSPACE,
      target.id,
      2000,
    );
  }

  #shuffled(): readonly SimNode[] {
    const rest = [...this.#world.nodes];
    const shuffled: SimNode[] = [];
    while (rest.length > 0) shuffled.push(...rest.splice(this.#dice.below(rest.length), 1));
    return shuffled;
  }
}
