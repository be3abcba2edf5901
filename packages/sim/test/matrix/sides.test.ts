import { type SimNode, World } from "@quorate/sim";
import { expect, it } from "vitest";
import { Sides } from "../../src/matrix/sides.ts";

const five = (): World => {
  const world = new World({ seed: 3n, nodes: 5 }).boot();
  world.until(() => world.leader() !== null && world.members().length === 5, 5000);
  return world;
};

const sidesOf = (world: World): readonly string[] => {
  const sides = new Sides(world);
  sides.look();
  return world.nodes.map((node) => sides.of(node));
};

it("a node stands with the majority while frames pass both ways between it and more than half", () => {
  const world = five();
  expect(new Set(sidesOf(world))).toEqual(new Set(["majority"]));
  const [a, b, c, d, e] = world.nodes as [SimNode, SimNode, SimNode, SimNode, SimNode];
  const join = world.partition([a, b], [c, d, e]);
  expect(sidesOf(world)).toEqual(["minority", "minority", "majority", "majority", "majority"]);
  join();
  world.partition([a], [b, c, d, e], "forward");
  expect(sidesOf(world)[0], "it hears all, and nobody hears it").toBe("minority");
});

it("between: it reaches some who stand with the majority, and not enough itself", () => {
  const world = five();
  const [a, b, c, d, e] = world.nodes as [SimNode, SimNode, SimNode, SimNode, SimNode];
  world.partition([a], [c, d, e]);
  expect(sidesOf(world)).toEqual(["between", "majority", "majority", "majority", "majority"]);
  world.partition([b], [c, d, e]);
  expect(sidesOf(world).slice(0, 2)).toEqual(["minority", "minority"]);
});

it("who is down or stands still counts for nobody", () => {
  const world = five();
  const [a, b, c] = world.nodes;
  a?.crash(false);
  b?.pause(10_000_000);
  expect(sidesOf(world)).toEqual(["down", "down", "majority", "majority", "majority"]);
  c?.crash(false);
  expect(sidesOf(world)).toEqual(["down", "down", "down", "minority", "minority"]);
});

it("remembers since when, so that a request is told apart from one that saw both sides", () => {
  const world = five();
  const sides = new Sides(world);
  const [a, ...others] = world.nodes;
  if (a === undefined) return expect.unreachable();
  sides.look();
  const asked = world.agenda.now;
  expect(sides.allAlong(a, asked)).toBe("majority");
  world.run(10);
  const join = world.partition([a], others);
  sides.look();
  expect(sides.allAlong(a, asked)).toBeNull();
  expect(sides.allAlong(a, world.agenda.now)).toBe("minority");
  join();
});
