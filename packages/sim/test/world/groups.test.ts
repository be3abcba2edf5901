import { type KeyspaceId, keyspaceId, SYSTEM_KEYSPACE } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import { DEFAULT_OPTIONS, encodeSystemCommand, type NodeOptions } from "@quorate/kernel/replica";
import { Caller, putRequest, type SimNode, World } from "@quorate/sim";
import { expect, it } from "vitest";

/** Groups fall asleep sooner than by default, so that the test need not wait for a thousand of them. */
const OPTIONS: NodeOptions = {
  ...DEFAULT_OPTIONS,
  pendingMax: 4096,
  raft: { ...DEFAULT_OPTIONS.raft, quiesceTicks: 500 },
};
const ELECTION_MILLIS = OPTIONS.raft.electionTicksMax;

/** Three nodes that hold so many groups beside group 0 and the default one, each created by a command to group 0. */
function worldOf(groups: number): World {
  const world = new World({ seed: 16n, nodes: 3, options: OPTIONS }).boot();
  world.until(() => world.leader() !== null, 10_000);
  const leader = world.leader() as SimNode;
  let created = 0;
  for (let i = 0; i < groups; i++) {
    const { kind, body } = encodeSystemCommand({
      type: "createKeyspace",
      name: `g${i}`,
      profile: "etcd",
      fixed: false,
      office: false,
      replicas: null,
    });
    const caller = {
      onReply: ({ ok }: { readonly ok: boolean }) => void (created += Number(ok)),
      onReadable: () => {},
    };
    leader.request(caller, SYSTEM_KEYSPACE, kind, body, 60_000);
  }
  expect(world.until(() => created === groups, 60_000)).toBe(true);
  return world;
}

const keyspaces = (groups: number): readonly KeyspaceId[] =>
  Array.from({ length: groups }, (_, i) => keyspaceId(i + 2));

/** Frames that all nodes send in ten seconds in which nobody asks for anything. */
function idleFrames(world: World): number {
  const before = world.network.counts.sent;
  world.run(10_000);
  return world.network.counts.sent - before;
}

it("RF-16, a thousand groups on three nodes: all elect a leader, and idle ones cost no message", () => {
  const [few, many] = [2, 1000].map((groups) => {
    const world = worldOf(groups);
    const all = keyspaces(groups);
    world.run(10_000);
    expect(all.filter((keyspace) => world.leader(keyspace) === null)).toEqual([]);
    return { world, frames: idleFrames(world) };
  });
  if (few === undefined || many === undefined) throw new RangeError("two worlds were made");
  expect(few.frames, "nodes say that they live").toBeGreaterThan(0);
  expect(many.frames).toBeLessThanOrEqual(few.frames + 10);

  const { world } = many;
  const last = keyspaceId(1001);
  const before = world.agenda.now;
  const answer = new Caller(world).request(
    world.leader(last) as SimNode,
    EtcdKind.put,
    putRequest("x", "awake"),
    null,
    last,
  );
  expect(answer).toMatchObject({ ok: true });
  expect((world.agenda.now - before) / 1000, "a sleeping group wakes").toBeLessThan(
    ELECTION_MILLIS,
  );
  expect(world.observer.violations).toEqual([]);
}, 60_000);
