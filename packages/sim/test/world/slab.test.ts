import { expect, it } from "vitest";
import { Slab } from "../../src/world/slab.ts";

it("gives no byte out twice, however small and large parts follow each other", () => {
  const slab = new Slab();
  const parts = Array.from({ length: 400 }, (_, i) => slab.take((i * 997) % 9000));
  for (const [i, part] of parts.entries()) part.fill(i % 251);
  for (const [i, part] of parts.entries())
    expect(part.every((byte) => byte === i % 251)).toBe(true);
});

it("joins parts behind a head", () => {
  const slab = new Slab();
  const joined = slab.join(Uint8Array.of(1, 2), [Uint8Array.of(3), Uint8Array.of(4, 5)]);
  expect([...joined]).toEqual([1, 2, 3, 4, 5]);
});
