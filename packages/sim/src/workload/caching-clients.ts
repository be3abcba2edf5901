import type { Operation } from "@quorate/verify";
import { Dice } from "../world/dice.ts";
import type { World } from "../world/world.ts";
import { type CachedRead, CachingClient } from "./caching-client.ts";

/** Their operations stand in the history under processes of their own. */
const PROCESSES_FROM = 1_000_000;
const THINK_MICROS_MAX = 40_000;
/** Something happens to one of them so often. */
const TROUBLE_MICROS_MAX = 3_000_000;
const TROUBLE_LASTS_MICROS_MAX = 4_000_000;

/** About as long as a lease: who stood still for longer holds none. */
const LONG_MICROS = 2_000_000;

/** Clients that read the registers of `Clients` through caches: what they see must be as new as what everybody else sees. */
export class CachingClients {
  /** Reads that asked nobody. */
  cached = 0;
  readonly #world: World;
  readonly #keys: number;
  readonly #dice: Dice;
  readonly #clients: CachingClient[] = [];
  readonly #history: Omit<Operation, "index">[] = [];
  #stopped = false;

  constructor(world: World, keys: number, seed: bigint) {
    this.#world = world;
    this.#keys = keys;
    this.#dice = new Dice(seed);
  }

  start(count: number, delayMicrosMax: number): this {
    for (let i = 0; i < count; i++) {
      const dice = this.#dice.fork();
      const process = PROCESSES_FROM + i;
      const [node] = this.#world.nodes;
      if (node === undefined) return this;
      const { cache } = node.options;
      const client = new CachingClient(this.#world, dice, cache, delayMicrosMax, (read) => {
        if (read !== null) this.#record(process, read);
        this.#next(client, dice);
      });
      this.#clients.push(client);
      this.#next(client, dice);
    }
    if (count > 0) this.#trouble();
    return this;
  }

  stop(): void {
    this.#stopped = true;
  }

  finish(): readonly Omit<Operation, "index">[] {
    return this.#history;
  }

  #next(client: CachingClient, dice: Dice): void {
    this.#world.agenda.after(dice.below(THINK_MICROS_MAX), () => {
      if (!this.#stopped) client.read(`k${dice.below(this.#keys)}`);
    });
  }

  #record(process: number, { key, value, called, cached }: CachedRead): void {
    if (cached) this.cached++;
    const returned = this.#world.agenda.now;
    const what = { f: "read", key, input: null, output: value } as const;
    this.#history.push({ process, ...what, called, returned, outcome: "ok" });
  }

  #trouble(): void {
    this.#world.agenda.after(this.#dice.below(TROUBLE_MICROS_MAX), () => {
      if (this.#stopped) return;
      const client = this.#dice.pick(this.#clients);
      const micros = this.#dice.below(TROUBLE_LASTS_MICROS_MAX);
      const kind = this.#dice.below(6);
      if (kind === 0) client.restart();
      else if (kind === 1) client.pause(micros);
      else if (kind <= 3) client.pauseAsking(micros + LONG_MICROS);
      else client.cut(micros);
      this.#trouble();
    });
  }
}
