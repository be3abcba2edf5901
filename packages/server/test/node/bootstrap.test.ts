import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foundingOf } from "../../src/node/index.ts";

const abc = [
  { name: "a", address: "h:1" },
  { name: "b", address: "h:2" },
  { name: "c", address: "h:3" },
];

describe("founding", () => {
  it("is the same for every founder, in whatever order it was told of the others", () => {
    const orders = fc.shuffledSubarray(abc, { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(orders, (order) => {
        expect(foundingOf("t", order)).toEqual(foundingOf("t", abc));
      }),
      { seed: 1, numRuns: 20 },
    );
  });

  it("is another cluster with another token, name or address", () => {
    const { cluster } = foundingOf("t", abc);
    expect(foundingOf("u", abc).cluster).not.toBe(cluster);
    expect(foundingOf("t", abc.slice(1)).cluster).not.toBe(cluster);
    expect(foundingOf("t", [...abc.slice(1), { name: "a", address: "h:9" }]).cluster).not.toBe(
      cluster,
    );
  });

  it("gives ids of 63 bits, none of them zero and no two alike", () => {
    const { cluster, founders } = foundingOf("t", abc);
    const ids = [cluster, ...founders.map(({ node }) => node)];
    expect(new Set<bigint>(ids).size).toBe(4);
    for (const id of ids) expect(id > 0n && id < 1n << 63n).toBe(true);
  });
});
