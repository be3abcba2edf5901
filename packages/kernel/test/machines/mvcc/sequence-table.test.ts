import fc from "fast-check";
import { expect, test } from "vitest";
import { SequenceTable } from "../../../src/machines/mvcc/sequence-table.ts";

const step = fc.oneof(
  fc.record({ append: fc.integer({ min: 1, max: 6000 }) }),
  fc.record({ clear: fc.nat(), every: fc.integer({ min: 1, max: 9 }), count: fc.nat(9000) }),
  fc.record({ move: fc.nat() }),
  fc.constant({ fork: true as const }),
);

test("a table and its forks hold what was put into them, however much of it was cleared", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const table = new SequenceTable();
      const model: number[] = [0];
      const forks: { table: SequenceTable; model: number[] }[] = [];
      for (const s of steps) {
        if ("append" in s) {
          for (let i = 0; i < s.append; i++) {
            table.append(model.length, model.length * 3 + 1);
            model.push(model.length * 3 + 1);
          }
        } else if ("clear" in s) {
          const from = 1 + (s.clear % model.length);
          for (let n = from; n < Math.min(model.length, from + s.count); n += 1) {
            if (n % s.every === 0 && s.every > 1) continue;
            if (model[n] === 0) continue;
            table.clear(n);
            model[n] = 0;
          }
        } else if ("move" in s) {
          const n = s.move % model.length;
          if (model[n] === 0) continue;
          table.move(n, 5);
          model[n] = 5;
        } else forks.push({ table: table.fork(), model: model.slice() });
      }
      for (const { table: t, model: m } of [{ table, model }, ...forks]) {
        const got = m.map((_, n) => (n === 0 ? 0 : t.get(n)));
        expect(got).toEqual(m);
      }
    }),
    { seed: 51, numRuns: 80 },
  );
});

test("what is cleared costs nothing in the end, and a lone survivor little", () => {
  const table = new SequenceTable();
  for (let n = 1; n <= 100_000; n++) table.append(n, n);
  for (let n = 1; n <= 90_000; n++) if (n % 4096 !== 7) table.clear(n);
  expect(table.bytesAllocated).toBeLessThan(150_000);
  expect(table.get(4096 + 7)).toBe(4103);
});
