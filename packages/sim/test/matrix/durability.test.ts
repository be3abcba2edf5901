import { planOf, run } from "@quorate/sim";
import type { History, Operation } from "@quorate/verify";
import { describe, expect, it } from "vitest";
import { divergence, type FinalState, losses } from "../../src/run/final-state.ts";

const write = (index: number, value: string, outcome: Operation["outcome"] = "ok"): Operation => ({
  index,
  process: index,
  f: "write",
  key: "k",
  input: value,
  output: null,
  called: 10 * index,
  returned: outcome === "unknown" ? Number.POSITIVE_INFINITY : 10 * index + 5,
  outcome,
});

const swap = (index: number, from: string, to: string, output: boolean): Operation => ({
  ...write(index, ""),
  f: "cas",
  input: [from, to],
  output,
});

const replica = (node: string, value: string | null, version: number, hash = 1n): FinalState => ({
  node,
  index: 9,
  hash,
  stored: [{ key: "k", value, version }],
});

const HISTORY: History = [
  write(0, "a"),
  swap(1, "a", "b", true),
  swap(2, "a", "c", false),
  write(3, "d", "failed"),
  write(4, "e", "unknown"),
];

describe("durability: what was acknowledged is there in the end, once", () => {
  it("counts what is certain, and what may have been applied", () => {
    expect(losses([replica("n1", "b", 2)], HISTORY)).toEqual([]);
    expect(losses([replica("n1", "e", 3)], HISTORY)).toEqual([]);
  });

  it("finds an acknowledged write that is gone, and one that was applied twice", () => {
    expect(losses([replica("n1", "a", 1)], HISTORY)).toEqual([
      "writes applied to k: out-of-bounds: from 2 to 3, not 1",
    ]);
    expect(losses([replica("n1", "b", 4)], HISTORY)).toEqual([
      "writes applied to k: out-of-bounds: from 2 to 3, not 4",
    ]);
  });

  it("atMostOnce: a run that repeats requests without it applies one of them twice", () => {
    const found: string[] = [];
    for (let seed = 1n; seed <= 40n && found.length === 0; seed++) {
      const options = { rules: { atMostOnce: false }, aim: "atMostOnce", millis: 8000 } as const;
      const cuts = { episodes: [], clients: null, operations: null, millis: null };
      const plan = planOf({ seed, options, cuts: { ...cuts, bare: true, straight: false } });
      found.push(...(run(plan).findings.get("durability") ?? []));
    }
    expect(found[0]).toMatch(/^writes applied to k\d+: out-of-bounds/);
  });
});

describe("convergence: in the end the replicas agree", () => {
  it("at one index, in state, and in values that were written", () => {
    const one = replica("n1", "b", 2);
    expect(divergence([one, replica("n2", "b", 2)], HISTORY, false)).toEqual([]);
    expect(divergence([one, replica("n2", "b", 2, 7n)], HISTORY, false)).toEqual([
      "n1 and n2 differ at index 9",
    ]);
    expect(divergence([one, replica("n2", "a", 2)], HISTORY, false)).toEqual([
      'diverged: "b" in k, as operation 4 read',
    ]);
    expect(divergence([replica("n1", "x", 2)], HISTORY, false)?.[0]).toMatch(/^thin-air read/);
  });

  it("and nothing is said while clients write and the replicas are on the way", () => {
    const behind = { ...replica("n2", "a", 1), index: 8 };
    expect(divergence([replica("n1", "b", 2), behind], HISTORY, true)).toBeNull();
    expect(divergence([replica("n1", "b", 2), behind], HISTORY, false)).toEqual([
      "at the end n1 stands at 9,n2 stands at 8",
    ]);
  });
});
