import { DEFAULT_OPTIONS } from "@quorate/kernel/replica";
import { LevelledWrites, World } from "@quorate/sim";
import { describe, expect, it } from "vitest";

/** By hand many more: they take a second each. */
const SEEDS = 3;

/** Numbers from a seed, for faults alone. */
function* numbers(seed: number): Generator<number, never> {
  for (let n = seed; ; ) {
    n = (Math.imul(n, 1_103_515_245) + 12_345) >>> 0;
    yield n >>> 8;
  }
}

/** An asynchronous keyspace whose primary is cut off, goes on for a while alone or with some, and is lost; and again. */
function lostPrimaries(seed: number, nodes: number): ReturnType<LevelledWrites["undone"]> {
  const options = { ...DEFAULT_OPTIONS, defaultProfile: "primary-async" };
  const world = new World({ seed: BigInt(seed), nodes, options }).boot();
  world.until(() => world.leader() !== null, 10_000);
  const drawn = numbers(seed);
  const below = (end: number): number => drawn.next().value % end;
  const writes = new LevelledWrites(world, BigInt(seed)).start();
  for (let round = 0; round < 3; round++) {
    world.run(1000 + below(2000));
    const primary = world.leader();
    if (primary === null) continue;
    const others = world.nodes.filter((node) => node !== primary);
    const friends = others.splice(0, below(others.length));
    world.partition([primary, ...friends], others);
    world.run(200 + below(1500));
    for (const node of [primary, ...friends.slice(0, below(2))]) node.crash(below(2) === 0);
    world.heal();
    world.run(4000 + below(4000));
    for (const node of world.nodes) node.boot();
  }
  writes.stop();
  world.run(12_000);
  expect(world.observer.violations).toEqual([]);
  return writes.undone();
}

describe("RM-4: primaries of an asynchronous keyspace are lost", () => {
  it.each([3, 5])(
    "of %i members: a write that a majority held is never undone, one that fewer held sometimes is",
    (nodes) => {
      const below: string[] = [];
      for (let seed = 1; seed <= SEEDS; seed++) {
        const undone = lostPrimaries(seed, nodes);
        expect(undone.atMajority, `seed ${seed}`).toEqual([]);
        below.push(...undone.below);
      }
      expect(below.length).toBeGreaterThan(0);
    },
  );
});
