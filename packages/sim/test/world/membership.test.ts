import { DEFAULT_KEYSPACE, nodeId, type Outcome, SYSTEM_KEYSPACE } from "@quorate/kernel/core";
import {
  DEFAULT_OPTIONS,
  encodeSystemCommand,
  type ProfileName,
  type SystemCommand,
} from "@quorate/kernel/replica";
import { Caller, type SimNode, World } from "@quorate/sim";
import { expect, it } from "vitest";

const FOURTH = nodeId(9n);

/** Raft, and Multi-Paxos, whose members change another way. */
const PROFILES = ["etcd", "chubby"] as const;

it.each(PROFILES)(
  "%s: a voter that has not started enters as a learner, is counted when it is in step, and another may then leave",
  (profile) => {
    const world = settled(1n, 3, profile);
    expect(
      change(world, {
        type: "addNode",
        node: FOURTH,
        name: "",
        peerAddress: "n9:2380",
        learner: false,
      }),
    ).toMatchObject({ ok: true });
    expect(configOf(world, 0)).toMatchObject({ voters: [1n, 2n, 3n], learners: [FOURTH] });

    const contacts = world.nodes.map((node) => ({
      node: node.id,
      name: "",
      peerAddress: `${node.name}:2380`,
    }));
    world.addNode(FOURTH, "n9", contacts).boot();
    world.run(5000);
    expect(configOf(world, 3)).toMatchObject({ voters: [1n, 2n, 3n, FOURTH], learners: [] });

    expect(change(world, { type: "removeNode", node: nodeId(2n) })).toMatchObject({ ok: true });
    world.run(8000);
    expect(world.halted).toEqual([{ name: "n2", reason: expect.stringContaining("removed") }]);
    expect(configOf(world, 3)).toMatchObject({ epoch: 2, voters: [1n, 3n, FOURTH] });
    expect(world.observer.violations).toEqual([]);
  },
);

it("a change that would lose the quorum is refused, and changes nothing", () => {
  const world = settled(2n);
  world.nodes[2]?.crash(true);
  world.run(100);
  const outcome = change(world, { type: "removeNode", node: nodeId(2n) });
  expect(outcome).toMatchObject({
    ok: false,
    definite: true,
    message: "etcdserver: re-configuration failed due to not enough started members",
  });
  expect(configOf(world, 0)).toMatchObject({ epoch: 0, voters: [1n, 2n, 3n] });
});

it("a group that slept for long takes a member change like any other", () => {
  const world = settled(3n);
  world.run(30_000);
  expect(
    change(world, {
      type: "addNode",
      node: FOURTH,
      name: "",
      peerAddress: "n9:2380",
      learner: true,
    }),
  ).toMatchObject({ ok: true });
});

it("two members that are removed at once: the second must wait until every group has left the first out", () => {
  const world = settled(4n, 4);
  const outcomes: (Outcome | undefined)[] = [undefined, undefined];
  for (const [i, node] of [nodeId(3n), nodeId(4n)].entries()) {
    const { kind, body } = encodeSystemCommand({ type: "removeNode", node });
    const caller = {
      onReply: (reply: Outcome) => void (outcomes[i] = reply),
      onReadable: () => {},
    };
    world.nodes[0]?.request(caller, SYSTEM_KEYSPACE, kind, body, 5000);
  }
  world.until(() => outcomes.every((outcome) => outcome !== undefined), 8000);
  expect(outcomes[0]).toMatchObject({ ok: true });
  expect(outcomes[1]).toMatchObject({
    ok: false,
    definite: true,
    message: "etcdserver: another member change is under way; ask again when it is done",
  });
});

/** The node leads the default keyspace, and not group 0. */
function leading(world: World, index: number): SimNode {
  const node = world.nodes[index] as SimNode;
  const nobody = { onReply: () => {}, onReadable: () => {} };
  const other = world.nodes.find((one) => one !== node) as SimNode;
  world.leader()?.moveLeader(nobody, DEFAULT_KEYSPACE, node.id, 2000);
  world.leader(SYSTEM_KEYSPACE)?.moveLeader(nobody, SYSTEM_KEYSPACE, other.id, 2000);
  const moved = (): boolean => world.leader() === node && world.leader(SYSTEM_KEYSPACE) !== node;
  expect(world.until(moved, 8000)).toBe(true);
  return node;
}

it("a group that sleeps at the word of a leader that is removed wakes, and goes on without it", () => {
  const world = settled(5n);
  const gone = leading(world, 1);
  world.run(10_000);
  expect(change(world, { type: "removeNode", node: gone.id })).toMatchObject({ ok: true });
  world.run(8000);
  const caller = new Caller(world);
  for (const node of world.members())
    expect(caller.put(node, "x", node.name)).toMatchObject({ ok: true });
  expect(world.halted.map(({ name }) => name)).toEqual([gone.name]);
});

it.each(PROFILES)(
  "%s: of two members the one that leads may be removed: its links last until both groups are the other's alone",
  (profile) => {
    const world = settled(6n, 2, profile);
    const gone = leading(world, 1);
    expect(change(world, { type: "removeNode", node: gone.id })).toMatchObject({ ok: true });
    world.run(10_000);
    expect(world.halted.map(({ name }) => name)).toEqual([gone.name]);
    expect(configOf(world, 0)).toMatchObject({ voters: [1n], outgoing: null });
    expect(new Caller(world).put(world.nodes[0] as SimNode, "x", "1")).toMatchObject({ ok: true });
  },
);

it.each(PROFILES)(
  "%s: a member that was away while others changed learns who leads now from any member that it knew",
  (profile) => {
    const world = settled(7n, 3, profile);
    const [first, , away] = world.nodes as [SimNode, SimNode, SimNode];
    away.crash(false);
    const address = { name: "", peerAddress: "n9:2380", learner: false };
    expect(change(world, { type: "addNode", node: FOURTH, ...address })).toMatchObject({
      ok: true,
    });
    const contacts = world.nodes.map(({ id, name }) => ({
      node: id,
      name: "",
      peerAddress: `${name}:2380`,
    }));
    const fresh = world.addNode(FOURTH, "n9", contacts);
    fresh.boot();
    world.run(5000);
    expect(change(world, { type: "removeNode", node: nodeId(2n) })).toMatchObject({ ok: true });
    world.run(8000);
    const nobody = { onReply: () => {}, onReadable: () => {} };
    for (const keyspace of [SYSTEM_KEYSPACE, DEFAULT_KEYSPACE]) {
      world.leader(keyspace)?.moveLeader(nobody, keyspace, FOURTH, 2000);
      expect(world.until(() => world.leader(keyspace) === fresh, 8000)).toBe(true);
    }

    // It knows the first, who follows, and one that is gone; who leads it has never heard of.
    away.boot();
    world.run(3000);
    expect(away.kernel?.status().members.map(({ node }) => node)).toEqual([first.id, 3n, FOURTH]);
    expect(new Caller(world).put(away, "x", "1")).toMatchObject({ ok: true });
  },
);

function settled(seed: bigint, nodes = 3, defaultProfile: ProfileName = "etcd"): World {
  const world = new World({ seed, nodes, options: { ...DEFAULT_OPTIONS, defaultProfile } }).boot();
  expect(world.until(() => world.leader() !== null, 10_000)).toBe(true);
  return world.run(5000);
}

function change(world: World, command: SystemCommand): Outcome | undefined {
  const { kind, body } = encodeSystemCommand(command);
  let outcome: Outcome | undefined;
  const caller = { onReply: (reply: Outcome) => void (outcome = reply), onReadable: () => {} };
  world.nodes[0]?.request(caller, SYSTEM_KEYSPACE, kind, body, 5000);
  world.until(() => outcome !== undefined, 8000);
  return outcome;
}

const configOf = (world: World, index: number) =>
  world.nodes[index]?.kernel?.groupOf(DEFAULT_KEYSPACE)?.config;
