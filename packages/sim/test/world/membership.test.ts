import { DEFAULT_KEYSPACE, nodeId, type Outcome, SYSTEM_KEYSPACE } from "@quorate/kernel/core";
import { encodeSystemCommand, type SystemCommand } from "@quorate/kernel/replica";
import { expect, it } from "vitest";
import { World } from "../../src/index.ts";

const FOURTH = nodeId(9n);

it("a voter that has not started enters as a learner, is counted when it is in step, and another may then leave", () => {
  const world = settled(1n);
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
});

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

function settled(seed: bigint): World {
  const world = new World({ seed, nodes: 3 }).boot();
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
