import fc from "fast-check";
import { expect, test } from "vitest";
import { IntervalIndex } from "../../src/core/interval-index.ts";

const byNumber = (a: number, b: number): number => a - b;
const point = fc.string({ maxLength: 2, unit: fc.constantFrom("a", "b", "c", "\xff", "\0") });
const interval = fc.record({ from: point, to: fc.option(point), value: fc.nat(3) });
const step = fc.record({ isAdd: fc.constantFrom(true, true, false), interval });

test("a point finds exactly the intervals that contain it", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.array(point), (steps, points) => {
      const index = new IntervalIndex<number>();
      const model: { from: string; to: string | null; value: number }[] = [];
      for (const { isAdd, interval: i } of steps) {
        if (isAdd) {
          index.add(i.from, i.to, i.value);
          model.push(i);
          continue;
        }
        const at = model.findIndex(
          (m) => m.from === i.from && m.to === i.to && m.value === i.value,
        );
        expect(index.remove(i.from, i.to, i.value)).toBe(at >= 0);
        if (at >= 0) model.splice(at, 1);
      }
      expect(index.size).toBe(model.length);
      for (const p of points) {
        const hits: number[] = [];
        index.stab(p, hits);
        const wanted = model.filter((m) => m.from <= p && (m.to === null || p < m.to));
        expect(hits.sort(byNumber)).toEqual(wanted.map((m) => m.value).sort(byNumber));
      }
    }),
    { seed: 31, numRuns: 300 },
  );
});
