import type { Acks } from "@quorate/kernel/core";
import { DEFAULT_OPTIONS, type NodeOptions, PROFILE_NAMES } from "@quorate/kernel/replica";
import { Caller, SCHEDULED, type SimNode, World } from "@quorate/sim";
import { describe, expect, it } from "vitest";

/** A world of this profile whose default keyspace has a leader, and all in step. */
function worldOf(
  profile: string,
  nodes = 3,
  more: Partial<NodeOptions> = {},
): { readonly world: World; readonly leader: SimNode } {
  const options = { ...DEFAULT_OPTIONS, defaultProfile: profile, ...more };
  const world = new World({ seed: 11n, nodes, options }).boot();
  world.until(() => world.leader() !== null, 10_000);
  world.run(2000);
  const leader = world.leader();
  if (leader === null) throw new RangeError("nobody leads");
  return { world, leader };
}

const othersOf = (world: World, one: SimNode): readonly SimNode[] =>
  world.nodes.filter((node) => node !== one);

describe("acknowledgement levels (card 63)", () => {
  describe.each(PROFILE_NAMES)("%s", (profile) => {
    it("answers when so many disks hold the write, whichever member took it, and says how many", () => {
      const { world } = worldOf(profile);
      const caller = new Caller(world);
      for (const node of world.nodes)
        for (const [acks, least] of [
          [1, 1],
          [2, 2],
          ["majority", 2],
          ["all", 3],
        ] as const) {
          const answer = caller.putAt(node, "x", `${node.name} ${acks}`, acks);
          expect(answer).toMatchObject({ ok: true, holders: expect.any(Number) });
          if (answer !== "silence") expect(answer.holders).toBeGreaterThanOrEqual(least);
        }
      expect(world.observer.violations).toEqual([]);
    });

    it("a level that cannot be reached now leaves the outcome unknown, and the write in; one that never can is refused before that", () => {
      const { world, leader } = worldOf(profile);
      const [away, other] = othersOf(world, leader);
      if (away === undefined || other === undefined) return;
      const refused = new Caller(world).putAt(other, "x", "refused", 4);
      expect(refused).toMatchObject({ code: "Rejected", definite: true, status: 9 });
      away.hangDisk(8_000_000);
      const caller = new Caller(world, 3000);
      const all = caller.putAt(other, "x", "held by two", "all");
      expect(all).toMatchObject({ ok: false, definite: false });
      world.run(8000);
      const seen = caller.get(leader, "x");
      expect(seen).toEqual({ value: "held by two" });
      const later = caller.putAt(other, "x", "held by all", "all");
      expect(later).toMatchObject({ ok: true, holders: 3 });
    });
  });

  it("an asynchronous primary alone answers for itself, and for nobody else", () => {
    const { world, leader } = worldOf("primary-async");
    world.partition([leader], othersOf(world, leader));
    const caller = new Caller(world, 400);
    expect(caller.putAt(leader, "x", "a", 1)).toMatchObject({ ok: true, holders: 1 });
    for (const acks of [2, "majority", "all"] as const satisfies readonly Acks[])
      expect(caller.putAt(leader, "x", `b${acks}`, acks)).toMatchObject({ definite: false });
  });

  it.each([true, false])(
    "a secondary counts when its disk holds the write (persistBeforeAck: %s): else a power cut undoes what a majority was said to hold",
    (persistBeforeAck) => {
      const rules = { ...DEFAULT_OPTIONS.primary.rules, persistBeforeAck };
      const primary = { ...DEFAULT_OPTIONS.primary, rules };
      const { world, leader } = worldOf("primary-async", 3, { primary });
      const others = othersOf(world, leader);
      for (const node of others) node.hangDisk(700_000);
      const answer = new Caller(world, 400).putAt(leader, "x", "undone", "majority");
      expect(answer).toMatchObject({ ok: !persistBeforeAck });
      for (const node of world.nodes) node.crash(true);
      for (const node of others) node.boot();
      world.until(() => world.leader() !== null, 20_000);
      const [one] = others;
      if (one !== undefined) expect(new Caller(world).get(one, "x")).toEqual({ value: null });
    },
  );

  it("a member whose leader is gone asks the next one: what that one has is acknowledged", () => {
    const { world, leader } = worldOf("etcd", 5);
    const [taker, third, ...slow] = othersOf(world, leader);
    if (taker === undefined || third === undefined) return;
    for (const node of slow) node.crash(false);
    let held: number | null = null;
    new Caller(world).start(taker, "x", "v", 4, (_, holders) => void (held = holders));
    world.run(500);
    expect(held).toBe(null);
    leader.crash(false);
    for (const node of slow) node.boot();
    world.until(() => held !== null, 20_000);
    expect(held).toBe(4);
  });

  it.each(["acksByEpoch", "officePromoteByMajority", "exportBeforeUndo"] as const)(
    "without %s what a majority was said to hold is undone, or undone unseen",
    (rule) => {
      expect(SCHEDULED[rule]?.violations(true)).toEqual([]);
      expect(SCHEDULED[rule]?.violations(false)).not.toEqual([]);
    },
  );
});
