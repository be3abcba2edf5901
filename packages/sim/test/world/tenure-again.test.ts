import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import { DEFAULT_OPTIONS } from "@quorate/kernel/replica";
import { Caller, type SimNode, World } from "@quorate/sim";
import { expect, it } from "vitest";

const PRIMARY_SYNC = { ...DEFAULT_OPTIONS, defaultProfile: "primary-sync" };

function moveTo(world: World, to: SimNode): void {
  const caller = { onReply: () => {}, onReadable: () => {} };
  world.leader()?.moveLeader(caller, DEFAULT_KEYSPACE, to.id, 2000);
  world.until(() => world.leader() === to, 10_000);
  expect(world.leader()).toBe(to);
}

it("a primary whose tenure ran out long ago and who is appointed again may act without a pause", () => {
  const world = new World({ seed: 1n, nodes: 3, options: PRIMARY_SYNC }).boot();
  world.until(() => world.leader() !== null, 10_000);
  const one = world.leader() as SimNode;
  const other = world.nodes.find((node) => node !== one) as SimNode;
  world.run(3000);
  moveTo(world, other);
  world.run(2 * PRIMARY_SYNC.tenureTicks);
  moveTo(world, one);
  const caller = new Caller(world, 400);
  for (let i = 0; i < 20; i++) {
    world.run(500);
    expect(caller.put(one, "x", String(i))).toMatchObject({ ok: true });
  }
  expect(world.observer.violations).toEqual([]);
});
