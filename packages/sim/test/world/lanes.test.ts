import { type Bytes, type Lane, SYSTEM_GROUP, u32At } from "@quorate/kernel/core";
import { DEFAULT_OPTIONS } from "@quorate/kernel/replica";
import { Caller, World } from "@quorate/sim";
import { expect, it, vi } from "vitest";

/** The groups whose items, each behind group, kind and length, are in a frame. */
function groupsIn(parts: readonly Bytes[]): readonly number[] {
  const bytes = Buffer.concat(parts);
  const groups: number[] = [];
  for (let at = 0; at < bytes.length; at += 9 + u32At(bytes, at + 5)) groups.push(u32At(bytes, at));
  return groups;
}

it("the system keyspace's log does not stand behind other groups' values: it has the lane of what is urgent", () => {
  const options = { ...DEFAULT_OPTIONS, defaultProfile: "primary-sync" };
  const world = new World({ seed: 1n, nodes: 3, options });
  const send = vi.spyOn(world.network, "send");
  world.boot();
  world.until(() => world.leader() !== null, 10_000);
  const primary = world.leader();
  if (primary === null) return expect.unreachable("nobody leads");
  const caller = new Caller(world, 400);
  for (let i = 0; i < 20; i++)
    expect(caller.put(primary, "x", String(i))).toMatchObject({ ok: true });
  const on = (lane: Lane) =>
    new Set(send.mock.calls.flatMap((call) => (call[2] === lane ? groupsIn(call[3]) : [])));
  expect(on("control")).toContain(SYSTEM_GROUP);
  expect(on("log").size).toBe(1);
  expect(on("log")).not.toContain(SYSTEM_GROUP);
});
