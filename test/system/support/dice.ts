/** Reproducible chance for inputs (mulberry32): a failure names its seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number below `n`. */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  }

  pick<T>(of: readonly [T, ...T[]]): T {
    return of[this.below(of.length)] ?? of[0];
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** The bytes with some of them changed, cut out, said twice or put in. */
  mutated(bytes: Uint8Array): Buffer {
    let out = Buffer.from(bytes);
    for (let times = 1 + this.below(4); times > 0; times--) {
      const at = this.below(out.length + 1);
      const length = 1 + this.below(8);
      switch (this.below(5)) {
        case 0:
          if (at < out.length) out[at] = this.below(256);
          break;
        case 1:
          out = Buffer.concat([out.subarray(0, at), out.subarray(at + length)]);
          break;
        case 2:
          out = Buffer.concat([out.subarray(0, at), this.bytes(length), out.subarray(at)]);
          break;
        case 3:
          out = Buffer.concat([out.subarray(0, at), out.subarray(Math.max(0, at - length))]);
          break;
        default:
          if (at < out.length) out[at] = this.pick([0, 0x7f, 0x80, 0xff]);
      }
    }
    return out;
  }
}
