import { DEFAULT_KEYSPACE, groupId, type Machine } from "@quorate/kernel/core";
import { EtcdMachine } from "@quorate/kernel/etcd";
import { Dice } from "../world/dice.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";

/** The group of the default keyspace. */
const DEFAULT_GROUP = groupId(1);
const LOOK_MILLIS_MAX = 300;
const PATIENCE_MILLIS = 1000;

/** What a node has shown, and its last record then. */
interface Shown {
  readonly revision: number;
  readonly seq: number;
}

/**
 * A reader on every node that takes what is there, at any time, and at once when the node has started. It may see old
 * state, but while the node runs never older than what it saw there before; and after a restart never older than what it
 * saw before a record was written that is still there, since with every record goes what was committed by then.
 */
export class LocalReaders {
  readonly #world: World;
  readonly #dice: Dice;
  /** What each node has shown, oldest first, from the last on that it is bound by. */
  readonly #shown = new Map<string, readonly Shown[]>();
  readonly #broken: string[] = [];
  #stopped = false;

  constructor(world: World, seed: bigint) {
    this.#world = world;
    this.#dice = new Dice(seed);
  }

  start(): this {
    for (const node of this.#world.nodes) this.#often(node);
    this.#world.onStarted((node) => {
      this.#restarted(node);
      if (!this.#stopped) this.#look(node);
    });
    return this;
  }

  stop(): void {
    this.#stopped = true;
  }

  findings(): readonly string[] {
    return this.#broken;
  }

  #often(node: SimNode): void {
    if (this.#stopped) return;
    this.#look(node);
    const again = this.#dice.between(1, LOOK_MILLIS_MAX) * 1000;
    this.#world.agenda.after(again, () => this.#often(node));
  }

  #look(node: SimNode): void {
    if (!node.isUp) return;
    const caller = {
      onReply: () => {},
      onReadable: (view: Machine) => {
        if (view instanceof EtcdMachine) this.#saw(node, view.revision);
      },
    };
    node.read(caller, DEFAULT_KEYSPACE, "local", PATIENCE_MILLIS);
  }

  #saw({ name, kernel }: SimNode, revision: number): void {
    const shown = this.#shown.get(name) ?? [];
    const before = shown[shown.length - 1]?.revision ?? 0;
    if (revision < before)
      this.#broken.push(`${name} showed revision ${before}, and then ${revision}`);
    if (revision > before)
      this.#shown.set(name, [...shown, { revision, seq: kernel?.lastSeq() ?? 0 }]);
  }

  #restarted({ name, lastRecordOf }: SimNode): void {
    const written = lastRecordOf.get(DEFAULT_GROUP) ?? 0;
    const shown = this.#shown.get(name) ?? [];
    const bound = shown.findLast(({ seq }) => seq < written);
    this.#shown.set(name, bound === undefined ? [] : [bound]);
  }
}
