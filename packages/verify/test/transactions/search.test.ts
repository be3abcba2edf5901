import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { never } from "../../src/budget.ts";
import { components, digraph, EdgeList, WW } from "../../src/transactions/graph/index.ts";
import { AcyclicGraph } from "../../src/transactions/isolation/acyclic.ts";
import { answers } from "../../src/transactions/isolation/answers.ts";
import {
  type Events,
  prefix,
  repeatableRead,
  serializable,
  snapshotIsolation,
  strictSerializable,
} from "../../src/transactions/isolation/events.ts";
import { restrict } from "../../src/transactions/isolation/history.ts";
import { Polygraph } from "../../src/transactions/isolation/polygraph.ts";
import { searchOrder, strong } from "../../src/transactions/isolation/strong.ts";
import { orderHolds } from "./axioms.ts";
import { chance, execution, history, levels, spoilt } from "./histories.ts";

const events: readonly (readonly [
  "prefix" | "snapshot-isolation" | "serializable" | "repeatable-read" | "strict-serializable",
  Events,
])[] = [
  ["prefix", prefix],
  ["snapshot-isolation", snapshotIsolation],
  ["serializable", serializable],
  ["repeatable-read", repeatableRead],
  ["strict-serializable", strictSerializable],
];

describe("the search alone, without inference before it", () => {
  it("finds what inference finds: an order that the definition accepts, or a core that has none", () => {
    const shape = { transactions: 14, sessions: 5, keys: 3, steps: 3 };
    let conflicts = 0;
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom(...levels), fc.nat(2), (seed, from, reads) => {
        const transactions = spoilt(execution(from, shape, seed), reads, seed);
        const { history: registers, wrong } = answers(transactions);
        if (wrong.length > 0) return;
        for (const [level, kind] of events) {
          const polygraph = new Polygraph(registers, kind);
          const inferred = strong(registers, kind, never);
          if (components(polygraph.graph(), 0xff).cyclic) {
            expect(inferred.type).toBe("broken");
            continue;
          }
          const searched = searchOrder(polygraph, never);
          expect([level, searched.type]).toEqual([level, inferred.type]);
          if (searched.type === "holds") {
            const order = searched.order.flatMap((t) => transactions[t] ?? []);
            expect(orderHolds(level, order, transactions)).toBe(true);
          } else if (searched.type === "broken") {
            conflicts++;
            const core = restrict(registers, searched.core);
            expect(strong(core, kind, never).type).toBe("broken");
          }
        }
      }),
      { seed: 10, numRuns: 300 },
    );
    expect(conflicts).toBeGreaterThan(100);
  });
});

describe("inference alone", () => {
  it("settles what rests on who read a version, and finds the cycle", () => {
    const { history: lostUpdate } = answers(history(["wx1"], ["rx1 wx2"], ["rx1 wx3"]));
    expect(new Polygraph(lostUpdate, serializable).saturate(never)).not.toBeNull();
    // Both orders of x's two versions are possible; of y's only one, as somebody read the first before the second was there.
    const { history: open } = answers(history(["wx1", "wy1"], ["wx2"], ["ry1 wz1"], ["rz1 wy2"]));
    const polygraph = new Polygraph(open, serializable);
    expect(polygraph.saturate(never)).toBeNull();
    expect(polygraph.inferences.map(({ key }) => open.keys[key])).toEqual(["y"]);
  });
});

describe("a graph that stays without cycles", () => {
  it("refuses exactly the edges that would close one, and keeps a topological order", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (seed) => {
        const draw = chance(seed);
        const nodes = 8;
        const known = new EdgeList();
        for (let v = 0; v + 1 < nodes; v++) if (draw(3) === 0) known.add(v, v + 1, WW, -1);
        const graph = new AcyclicGraph(
          digraph(nodes, known),
          Int32Array.from({ length: nodes }, (_, v) => v),
        );
        for (let i = 0; i < 30; i++) {
          if (draw(5) === 0) {
            graph.undo(draw(graph.added.count + 1));
            continue;
          }
          const from = draw(nodes);
          const to = draw(nodes);
          if (from === to) continue;
          const all = new EdgeList();
          for (const list of [known, graph.added]) {
            for (let e = 0; e < list.count; e++) all.add(list.from[e] ?? 0, list.to[e] ?? 0, WW, e);
          }
          all.add(from, to, WW, -1);
          const closes = components(digraph(nodes, all), WW).cyclic;
          expect(graph.add(from, to, WW, i) !== null).toBe(closes);
          for (let e = 0; e < graph.added.count; e++) {
            const a = graph.order[graph.added.from[e] ?? 0] ?? 0;
            expect(a).toBeLessThan(graph.order[graph.added.to[e] ?? 0] ?? 0);
          }
        }
      }),
      { seed: 11, numRuns: 200 },
    );
  });
});
