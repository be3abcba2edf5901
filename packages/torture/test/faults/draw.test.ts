import { describe, expect, it } from "vitest";
import { Dice } from "../../src/dice.ts";
import { drawEpisodes, FAULT_TYPES, faultsNamed, kindOf } from "../../src/faults/index.ts";

const MILLIS = 300_000;
const shape = { nodes: 5, frail: 3 };
const drawn = (seed: number, types = FAULT_TYPES) =>
  drawEpisodes(new Dice(seed), types, shape, MILLIS);

describe("episodes", () => {
  it("are the same for the same seed, and others for another", () => {
    expect(drawn(7)).toEqual(drawn(7));
    expect(drawn(7)).not.toEqual(drawn(8));
  });

  it("give every fault its turn before any of its family comes again", () => {
    for (const family of ["process", "network", "disk"]) {
      const types = faultsNamed(family) ?? [];
      const first = drawn(1, types).slice(0, types.length);
      expect(first.map(({ fault }) => fault.type).sort()).toEqual(types);
    }
  });

  it("of one family do not overlap, and end before the run does", () => {
    const ends = new Map<string, number>();
    for (const { at, millis, fault } of drawn(2)) {
      const { family } = kindOf(fault.type);
      expect(at).toBeGreaterThan(ends.get(family) ?? 0);
      expect(at + millis).toBeLessThan(MILLIS);
      ends.set(family, at + millis);
    }
  });

  it("damage one disk only: with two a lost write would be no bug", () => {
    const damaged = drawn(3).flatMap(({ fault }) => (fault.type === "rotBit" ? [fault.node] : []));
    expect(new Set(damaged)).toEqual(new Set([shape.frail]));
  });

  it("come to an end where a cluster can have none of the faults", () => {
    expect(drawEpisodes(new Dice(1), ["majorityRing"], { nodes: 3, frail: 0 }, MILLIS)).toEqual([]);
  });
});
