import { seeded } from "@quorate/kernel/core";

/** The world's one source of chance. Everything drawn from it is drawn in the order of events, so a seed is a run. */
export class Dice {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: bigint) {
    const { a, b, c, d } = seeded(seed);
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }

  /** A number in [0, bound). */
  below(bound: number): number {
    const value = this.#draw();
    return bound <= 1 ? 0 : value % bound;
  }

  /** A number in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True in `perMille` of a thousand cases. */
  chance(perMille: number): boolean {
    return perMille > 0 && this.below(1000) < perMille;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  /** 62 random bits, for ids. */
  id(): bigint {
    return (BigInt(this.below(0x7fff_ffff)) << 31n) | BigInt(this.below(0x7fff_ffff)) | 1n;
  }

  /** A generator of its own, whose use does not disturb this one. */
  fork(): Dice {
    return new Dice(this.id());
  }

  /** What the kernel's `draw` gives, in place: a world draws for every frame and turn, and needs no generator of before. */
  #draw(): number {
    let t = this.#a ^ (this.#a << 11);
    t ^= t >>> 8;
    const d = (this.#d ^ (this.#d >>> 19) ^ t) >>> 0;
    this.#a = this.#b;
    this.#b = this.#c;
    this.#c = this.#d;
    this.#d = d;
    return d;
  }
}
