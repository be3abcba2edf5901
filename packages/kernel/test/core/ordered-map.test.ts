import fc from "fast-check";
import { expect, test } from "vitest";
import { OrderedMap } from "../../src/core/ordered-map.ts";

type Entries = [string, number][];

/** What the map must hold: a sorted array. */
class Sorted {
  entries: Entries = [];

  set(key: string, value: number): void {
    this.entries = this.entries.filter(([k]) => k !== key);
    this.entries.push([key, value]);
    this.entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  }

  delete(key: string): void {
    this.entries = this.entries.filter(([k]) => k !== key);
  }
}

function entriesOf(map: OrderedMap<number>, from = "", to: string | null = null): Entries {
  const entries: Entries = [];
  const cursor = map.cursor(from, to);
  while (cursor.next()) entries.push([cursor.key, cursor.value]);
  return entries;
}

const key = fc.oneof(
  fc.nat(400).map((n) => `k${String(n).padStart(3, "0")}`),
  fc.string({ maxLength: 3, unit: fc.nat(255).map((c) => String.fromCharCode(c)) }),
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant("set" as const), key, value: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("delete" as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("deleteRun" as const), key, n: fc.nat(80) }),
  },
  { weight: 1, arbitrary: fc.constant({ type: "fork" as const }) },
);

test("a map and all its forks are what sorted arrays would be", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), key, key, (steps, from, to) => {
      const map = new OrderedMap<number>();
      const model = new Sorted();
      for (let i = 0; i < 300; i++) {
        map.set(`k${i}`, i);
        model.set(`k${i}`, i);
      }
      const frozen: { map: OrderedMap<number>; entries: Entries }[] = [];
      for (const s of steps) {
        if (s.type === "set") {
          const before = model.entries.find(([k]) => k === s.key)?.[1];
          expect(map.set(s.key, s.value)).toBe(before);
          model.set(s.key, s.value);
        } else if (s.type === "delete") {
          expect(map.delete(s.key)).toBe(model.entries.find(([k]) => k === s.key)?.[1]);
          model.delete(s.key);
        } else if (s.type === "deleteRun") {
          const run = model.entries.filter(([k]) => k >= s.key).slice(0, s.n);
          for (const [k] of run) {
            map.delete(k);
            model.delete(k);
          }
        } else {
          frozen.push({ map: map.fork(), entries: model.entries });
        }
      }
      expect(map.size).toBe(model.entries.length);
      expect(entriesOf(map)).toEqual(model.entries);
      expect(entriesOf(map, from, to)).toEqual(model.entries.filter(([k]) => k >= from && k < to));
      expect(map.count(from, to)).toBe(model.entries.filter(([k]) => k >= from && k < to).length);
      expect(map.count(from, null)).toBe(model.entries.filter(([k]) => k >= from).length);
      model.entries.forEach(([k, value], rank) => {
        expect(map.keyAt(rank)).toBe(k);
        expect(map.rank(k)).toBe(rank);
        expect(map.get(k)).toBe(value);
      });
      expect(map.keyAt(model.entries.length)).toBeUndefined();
      for (const f of frozen) expect(entriesOf(f.map)).toEqual(f.entries);
    }),
    { seed: 11, numRuns: 60 },
  );
});

test("a fork that is written to leaves the original as it was", () => {
  const map = new OrderedMap<number>();
  for (let i = 0; i < 1000; i++) map.set(`k${i}`, i);
  const before = entriesOf(map);
  const fork = map.fork();
  for (let i = 0; i < 1000; i += 3) fork.delete(`k${i}`);
  fork.set("new", 1);
  expect(entriesOf(map)).toEqual(before);
  expect(fork.size).toBe(1000 - 334 + 1);
});

test("a cursor goes on behind its key, whatever was changed meanwhile", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ at: fc.nat(600), key, isDelete: fc.boolean() })),
      (changes) => {
        const map = new OrderedMap<number>();
        for (let i = 0; i < 600; i++) map.set(`k${String(i).padStart(3, "0")}`, i);
        const cursor = map.cursor("", null);
        let last = "";
        for (let n = 0; cursor.next(); n++) {
          expect(cursor.key > last || n === 0).toBe(true);
          expect(map.get(cursor.key)).toBe(cursor.value);
          last = cursor.key;
          for (const change of changes) {
            if (change.at !== n) continue;
            if (change.isDelete) map.delete(change.key);
            else map.set(change.key, n);
          }
        }
        expect(map.count(`${last}\0`, null)).toBe(0);
      },
    ),
    { seed: 12, numRuns: 50 },
  );
});

test("keys that arrive in order, and their removal in order, keep counts exact", () => {
  const map = new OrderedMap<number>();
  for (let i = 0; i < 20_000; i++) map.set(String(i).padStart(6, "0"), i);
  expect(map.rank("010000")).toBe(10_000);
  for (let i = 0; i < 19_990; i++) map.delete(String(i).padStart(6, "0"));
  expect(entriesOf(map).map(([, value]) => value)).toEqual([
    19_990, 19_991, 19_992, 19_993, 19_994, 19_995, 19_996, 19_997, 19_998, 19_999,
  ]);
});
