import { type Counts, contradictions, HISTORY_MODELS, type Model, weakerThan } from "@quorate/sim";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const held = (runs: number): Counts => ({ held: runs, broken: 0, unknown: 0 });
const broken = (runs: number): Counts => ({ held: 0, broken: runs, unknown: 0 });

describe("G5: the lattice of models", () => {
  it("linearizability stands above every model of histories, and a guarantee of sessions above none but its own", () => {
    expect([...weakerThan("linearizable")].sort()).toEqual(
      HISTORY_MODELS.filter((model) => model !== "linearizable").sort(),
    );
    expect([...weakerThan("pram")].sort()).toEqual([
      "monotonic-reads",
      "monotonic-writes",
      "read-your-writes",
    ]);
    expect(weakerThan("read-your-writes")).toEqual([]);
    expect(weakerThan("durability")).toEqual([]);
  });

  it("is contradicted where a model holds in more runs than one that follows from it", () => {
    const cells = (causal: Counts): ReadonlyMap<Model, Counts> =>
      new Map<Model, Counts>([
        ["causal-memory", causal],
        ["pram", { held: 4, broken: 1, unknown: 0 }],
        ["read-your-writes", held(5)],
        ["monotonic-reads", held(5)],
        ["monotonic-writes", held(5)],
        ["writes-follow-reads", held(5)],
      ]);
    expect(contradictions(cells({ held: 4, broken: 1, unknown: 0 }))).toEqual([]);
    expect(contradictions(cells({ held: 0, broken: 5, unknown: 0 }))).toEqual([]);
    expect(contradictions(cells(held(5)))).toEqual([
      "causal-memory held in 5 runs, and pram, which follows, in 4",
    ]);
  });

  it("is contradicted over several steps, too, where what stands between was not measured", () => {
    const cells = new Map<Model, Counts>([
      ["linearizable", held(1)],
      ["monotonic-reads", broken(1)],
    ]);
    expect(contradictions(cells)).toContain(
      "linearizable held in 1 runs, and monotonic-reads, which follows, in 0",
    );
  });

  it("is not contradicted by a search that was ended", () => {
    const cells = new Map<Model, Counts>([
      ["sequential", { held: 0, broken: 0, unknown: 2 }],
      ["causal-memory", broken(2)],
      ["pram", { held: 1, broken: 0, unknown: 1 }],
      ["monotonic-writes", held(2)],
      ["monotonic-reads", { held: 0, broken: 0, unknown: 2 }],
      ["read-your-writes", held(2)],
    ]);
    expect(contradictions(cells)).toEqual([]);
  });

  it("any verdicts that are closed downwards keep to it, and any model lifted over a broken one does not", () => {
    fc.assert(
      fc.property(fc.subarray([...HISTORY_MODELS]), (tops) => {
        const holds = new Set(tops.flatMap((model) => [model, ...weakerThan(model)]));
        const cells = new Map(
          HISTORY_MODELS.map((model) => [model, holds.has(model) ? held(1) : broken(1)] as const),
        );
        expect(contradictions(cells)).toEqual([]);
        const lifted = HISTORY_MODELS.find(
          (model) => !holds.has(model) && weakerThan(model).some((weaker) => !holds.has(weaker)),
        );
        if (lifted === undefined) return;
        expect(contradictions(new Map([...cells, [lifted, held(1)]]))).not.toEqual([]);
      }),
      { seed: 5, numRuns: 200 },
    );
  });
});
