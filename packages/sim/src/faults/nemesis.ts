import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";
import type { Episode, FaultType, Field } from "./fault.ts";
import { kindOf } from "./kinds.ts";

/** Makes the episodes of a plan happen, and counts what they did; then everything heals and comes back. */
export class Nemesis implements Field {
  readonly world: World;
  /** How often a fault of each type took effect: one that never bites proves nothing. */
  readonly bites = new Map<FaultType, number>();
  readonly #excused = new Set<string>();
  over = false;
  /** When the last fault that has struck ends, in the world's time: a disk that hangs goes on to hang. */
  #endsAt = 0;

  constructor(world: World) {
    this.world = world;
  }

  start(episodes: readonly Episode[]): this {
    for (const { at, millis, fault } of episodes) {
      this.world.agenda.after(at * 1000, () => {
        if (this.over) return;
        this.world.trace.note(
          this.world.agenda.now,
          `fault ${JSON.stringify(fault)} for ${millis} ms`,
        );
        this.#endsAt = Math.max(this.#endsAt, this.world.agenda.now + millis * 1000);
        kindOf(fault.type).strike(this, fault, millis);
      });
    }
    return this;
  }

  bite(type: FaultType, times = 1): void {
    this.bites.set(type, (this.bites.get(type) ?? 0) + times);
  }

  excuse(node: SimNode): void {
    this.#excused.add(node.name);
  }

  /** Was this node made to stop by itself? */
  excuses(name: string): boolean {
    return this.#excused.has(name);
  }

  /** How long the longest of what has struck still lasts. */
  get millisLeft(): number {
    return Math.max(0, this.#endsAt - this.world.agenda.now) / 1000;
  }

  /** No fault strikes any more; what lasts ends by itself, or now. */
  stop(): void {
    this.over = true;
    this.world.heal();
    for (const node of this.world.nodes) {
      node.slow(1);
      node.mendSync();
      node.disk.slowness = 1;
      node.disk.lying = false;
      node.retime((clock, micros) => clock.run(clock.usual, micros));
      node.space("ample");
      node.boot();
    }
  }
}
