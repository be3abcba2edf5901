import type { SimNode } from "../world/sim-node.ts";
import type { World } from "../world/world.ts";
import type { Sides } from "./sides.ts";

/** The leader was lost at that time; somebody leads again since then, or nobody yet. */
interface Loss {
  readonly at: number;
  ledAgainAt: number | null;
}

/**
 * How long writes stood still. Time counts only while there is a majority that could go on: what no protocol could have
 * served is nobody's delay.
 */
export class Recovery {
  /** The longest time without an acknowledged write, in microseconds. */
  longestMicros = 0;
  /** From each loss of the leader to the first write that was acknowledged under the next. */
  readonly recoveries: number[] = [];
  /** Losses of a leader after which the majority was lost, too, or the run ended. */
  interrupted = 0;
  readonly #world: World;
  readonly #sides: Sides;
  /** Since when no write was acknowledged though there was a majority; null while there is none. */
  #quietSince: number | null = null;
  #leader: SimNode | null = null;
  #loss: Loss | null = null;

  constructor(world: World, sides: Sides) {
    this.#world = world;
    this.#sides = sides;
  }

  look(): void {
    const { now } = this.#world.agenda;
    if (!this.#sides.isAvailable) {
      this.#quietSince = null;
      this.#leader = null;
      return this.#interrupt();
    }
    this.#quietSince ??= now;
    this.longestMicros = Math.max(this.longestMicros, now - this.#quietSince);
    const leader = this.#working();
    if (this.#leader !== null && leader !== this.#leader)
      this.#loss ??= { at: now, ledAgainAt: null };
    if (this.#loss !== null)
      this.#loss.ledAgainAt = leader === null ? null : (this.#loss.ledAgainAt ?? now);
    this.#leader = leader;
  }

  /** A write was acknowledged. */
  written(): void {
    const { now } = this.#world.agenda;
    if (this.#quietSince !== null) {
      this.longestMicros = Math.max(this.longestMicros, now - this.#quietSince);
      this.#quietSince = now;
    }
    // Without a leader it is the last word of the old one.
    if (this.#loss === null || this.#loss.ledAgainAt === null) return;
    this.recoveries.push(now - this.#loss.at);
    this.#loss = null;
  }

  stop(): void {
    this.#interrupt();
  }

  #interrupt(): void {
    if (this.#loss !== null) this.interrupted++;
    this.#loss = null;
  }

  /** Who leads, runs, and stands with the majority. */
  #working(): SimNode | null {
    const leader = this.#world.leader();
    return leader !== null && this.#sides.of(leader) === "majority" ? leader : null;
  }
}
