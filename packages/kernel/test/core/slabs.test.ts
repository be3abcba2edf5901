import fc from "fast-check";
import { expect, test } from "vitest";
import { SLAB_BYTES_MAX, Slabs } from "../../src/core/slabs.ts";

function write(slabs: Slabs, length: number, mark: number): number {
  const reference = slabs.allocate(length);
  const at = slabs.offsetOf(reference);
  slabs.slabOf(reference).bytes.fill(mark, at, at + length);
  return reference;
}

function isIntact(slabs: Slabs, reference: number, length: number, mark: number): boolean {
  const at = slabs.offsetOf(reference);
  const bytes = slabs.slabOf(reference).bytes.subarray(at, at + length);
  return slabs.lengthOf(reference) === length && bytes.every((byte) => byte === mark);
}

/** Records as their owner knows them. */
class Owner {
  readonly slabs = new Slabs();
  readonly records = new Map<number, { length: number; mark: number }>();
  bytes = 0;

  add(length: number, mark: number): void {
    this.records.set(write(this.slabs, length, mark), { length, mark });
    this.bytes += length;
  }

  remove(nth: number): void {
    const reference = [...this.records.keys()][nth % this.records.size];
    if (reference === undefined) return;
    this.bytes -= this.records.get(reference)?.length ?? 0;
    this.records.delete(reference);
    this.slabs.free(reference);
  }

  tidy(budget: number): boolean {
    return this.slabs.tidy(budget, {
      isLive: (reference) => this.records.has(reference),
      moved: (from, to) => {
        const record = this.records.get(from);
        if (record === undefined) throw new Error("a record was moved that nobody keeps");
        this.records.delete(from);
        this.records.set(to, record);
      },
    });
  }
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ add: fc.integer({ min: 0, max: 3000 }) }) },
  { weight: 4, arbitrary: fc.record({ remove: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ tidy: fc.integer({ min: 1, max: 50 }) }) },
  { weight: 1, arbitrary: fc.constant({ fork: true as const }) },
);

test("records keep their bytes through frees, tidying and forks", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 250 }), (steps) => {
      const owner = new Owner();
      const forks: { slabs: Slabs; records: Map<number, { length: number; mark: number }> }[] = [];
      steps.forEach((s, i) => {
        if ("add" in s) owner.add(s.add, i & 255);
        else if ("remove" in s) owner.remove(s.remove);
        else if ("tidy" in s) owner.tidy(s.tidy);
        else forks.push({ slabs: owner.slabs.fork(), records: new Map(owner.records) });
      });
      for (const { slabs, records } of [owner, ...forks]) {
        for (const [reference, { length, mark }] of records) {
          expect(isIntact(slabs, reference, length, mark)).toBe(true);
        }
      }
    }),
    { seed: 21, numRuns: 150 },
  );
});

test("after tidying, memory is at most one and a half times what lives, plus the open slab", () => {
  const owner = new Owner();
  for (let i = 0; i < 40_000; i++) {
    owner.add(200, i & 255);
    if (i % 10 !== 0) owner.remove(owner.records.size - 1);
    if (i % 100 === 0) while (owner.tidy(1000));
  }
  while (owner.tidy(1000));
  const live = owner.bytes + owner.records.size * 4;
  expect(owner.slabs.bytesAllocated).toBeLessThanOrEqual(live * 1.5 + SLAB_BYTES_MAX);
});

test("a large record has a slab of its own, which goes with it", () => {
  const slabs = new Slabs();
  const reference = write(slabs, 3_000_000, 7);
  expect(isIntact(slabs, reference, 3_000_000, 7)).toBe(true);
  const fork = slabs.fork();
  slabs.free(reference);
  expect(slabs.bytesAllocated).toBe(0);
  expect(isIntact(fork, reference, 3_000_000, 7)).toBe(true);
});

test("a slab whose last record is freed while it is being emptied may be used anew at once", () => {
  const owner = new Owner();
  // Ten records fill a slab. The first slab becomes sparse and its emptying begins,
  for (let i = 0; i < 30; i++) owner.add(400, 1);
  for (let i = 0; i < 4; i++) owner.remove(0);
  owner.tidy(1);
  // then its other records go, and its number is that of the next slab to be opened.
  for (let i = 0; i < 6; i++) owner.remove(0);
  for (let i = 0; i < 5; i++) owner.add(300, 2);
  while (owner.tidy(10));
  for (const [reference, { length, mark }] of owner.records) {
    expect(isIntact(owner.slabs, reference, length, mark)).toBe(true);
  }
});

test("an empty store holds next to nothing", () => {
  const slabs = new Slabs();
  expect(slabs.bytesAllocated).toBe(0);
  write(slabs, 100, 1);
  expect(slabs.bytesAllocated).toBeLessThanOrEqual(4096);
});
