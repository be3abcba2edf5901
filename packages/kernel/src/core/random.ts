/**
 * A seeded generator as a value: xorshift128 over four 32-bit words. Drawing gives the number and the next
 * generator, so that a protocol holds its randomness in its state and advances it in its step.
 */
export interface Random {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/** Spreads the seed over the words by splitmix32, so that neighbouring seeds give unrelated sequences. */
export function seeded(seed: bigint): Random {
  let state =
    Number(BigInt.asUintN(32, seed)) ^
    Math.imul(Number(BigInt.asUintN(32, seed >> 32n)), 0x85ebca6b);
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  return { a: next(), b: next(), c: next(), d: next() || 1 };
}

/** A number in [0, 2^32) and the generator to draw the next one from. */
export function draw(random: Random): readonly [value: number, next: Random] {
  let t = random.a ^ (random.a << 11);
  t ^= t >>> 8;
  const d = (random.d ^ (random.d >>> 19) ^ t) >>> 0;
  return [d, { a: random.b, b: random.c, c: random.d, d }];
}

/** A number in [0, bound); the bias of the modulo is below 2^-12 for bounds under a million. */
export function drawBelow(random: Random, bound: number): readonly [value: number, next: Random] {
  const [value, next] = draw(random);
  return [bound <= 1 ? 0 : value % bound, next];
}
