import fc from "fast-check";
import { expect, test } from "vitest";
import { Leases } from "../../../src/machines/leases/index.ts";

const id = fc.constantFrom(1n, 2n, 255n, 256n, 1n << 40n, (1n << 63n) - 1n, -1n);

test("leases are found by id, by deadline and by what they hold", () => {
  const step = fc.record({
    id,
    deadline: fc.constantFrom(0, 1, 500, 2 ** 33, 2 ** 52),
    isRemoved: fc.constantFrom(false, false, true),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const leases = new Leases();
      const model = new Map<bigint, { ttlSeconds: number; deadline: number }>();
      for (const s of steps) {
        if (s.isRemoved) {
          leases.remove(s.id);
          model.delete(s.id);
        } else {
          const lease = { ttlSeconds: 5, deadline: s.deadline };
          leases.set(s.id, lease);
          model.set(s.id, lease);
        }
      }
      const bits = (n: bigint): bigint => BigInt.asUintN(64, n);
      const wanted = [...model].sort(
        ([a, x], [b, y]) => x.deadline - y.deadline || (bits(a) < bits(b) ? -1 : 1),
      );
      expect(leases.ids()).toEqual(wanted.map(([i]) => i));
      expect(leases.dueAt()).toBe(wanted[0]?.[1].deadline ?? null);
      expect(leases.due(500, 2)).toEqual(
        wanted
          .filter(([, l]) => l.deadline <= 500)
          .slice(0, 2)
          .map(([i]) => i),
      );
      expect(leases.count).toBe(model.size);
      const again = new Leases();
      for (const [i, lease] of model) again.set(i, lease);
      expect(again.sum.equals(leases.sum)).toBe(true);
      for (let rank = 0; rank < model.size; rank++) {
        const found = leases.at(rank);
        expect(found?.lease).toEqual(model.get(found?.id ?? 0n));
      }
    }),
    { seed: 61 },
  );
});

test("a lease holds its keys and not those of the lease whose id is one more", () => {
  const leases = new Leases();
  for (const key of ["b", "a", "a\0", "\xff"]) leases.attach(255n, key);
  leases.attach(256n, "other");
  leases.detach(255n, "b");
  expect(leases.keysOf(255n)).toEqual(["a", "a\0", "\xff"]);
  const fork = leases.fork();
  leases.detach(255n, "a");
  expect(fork.keysOf(255n)).toEqual(["a", "a\0", "\xff"]);
});
