import { DEFAULT_KEYSPACE, keyspaceId, SYSTEM_KEYSPACE } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import { encodeSystemCommand, type SystemCommand } from "@quorate/kernel/replica";
import { Caller, putRequest, type SimNode, World } from "@quorate/sim";
import { expect, it } from "vitest";

const ORDERS = keyspaceId(2);

function cluster(): World {
  const world = new World({ seed: 17n, nodes: 3 }).boot();
  expect(world.until(() => world.leader() !== null, 10_000)).toBe(true);
  return world;
}

function ask(world: World, command: SystemCommand): unknown {
  const { kind, body } = encodeSystemCommand(command);
  const leader = world.leader(SYSTEM_KEYSPACE) as SimNode;
  return new Caller(world).request(leader, kind, body, null, SYSTEM_KEYSPACE);
}

const create = (world: World): unknown =>
  ask(world, {
    type: "createKeyspace",
    name: "orders",
    profile: "etcd",
    fixed: false,
    office: false,
    replicas: null,
  });
const drop = (world: World): unknown => ask(world, { type: "dropKeyspace", name: "orders" });

const put = (world: World): unknown =>
  new Caller(world).request(
    world.leader(ORDERS) as SimNode,
    EtcdKind.put,
    putRequest("k", "v"),
    null,
    ORDERS,
  );

const holders = (world: World): readonly string[] =>
  world.nodes.filter(({ kernel }) => kernel?.replicaOf(ORDERS)).map(({ name }) => name);

it("a dropped keyspace is gone from every node; whoever asks for it is told, and the others go on", () => {
  const world = cluster();
  expect(create(world)).toMatchObject({ ok: true });
  expect(world.until(() => world.leader(ORDERS) !== null, 5000)).toBe(true);
  const node = world.leader(ORDERS) as SimNode;
  expect(put(world)).toMatchObject({ ok: true });
  expect(drop(world)).toMatchObject({ ok: true });
  world.run(2000);
  expect(holders(world)).toEqual([]);
  const asked = new Caller(world).request(node, EtcdKind.put, putRequest("k", "w"), null, ORDERS);
  expect(asked).toMatchObject({ ok: false, code: "UnknownKeyspace", definite: true });
  expect(new Caller(world).put(world.leader(DEFAULT_KEYSPACE) as SimNode, "a", "b")).toMatchObject({
    ok: true,
  });
  expect(world.observer.violations).toEqual([]);
});

it("a node that was down when it was dropped lets go of it when it is back", () => {
  const world = cluster();
  create(world);
  expect(world.until(() => world.leader(ORDERS) !== null, 5000)).toBe(true);
  put(world);
  const away = world.nodes.find(
    (node) => node !== world.leader(ORDERS) && node !== world.leader(SYSTEM_KEYSPACE),
  ) as SimNode;
  world.run(1000);
  away.crash(true);
  expect(drop(world)).toMatchObject({ ok: true });
  away.boot();
  world.run(5000);
  expect(holders(world)).toEqual([]);
  expect(world.observer.violations).toEqual([]);
});

it("what waits for it when it goes is told that nobody knows", () => {
  const world = cluster();
  create(world);
  expect(world.until(() => world.leader(ORDERS) !== null, 5000)).toBe(true);
  const leader = world.leader(ORDERS) as SimNode;
  const others = world.nodes.filter((node) => node !== leader);
  // The write reaches nobody: it stands in the leader's log when the keyspace goes.
  let ended: unknown = null;
  const heal = world.partition([leader], others);
  leader.request(
    { onReply: (outcome) => void (ended = outcome), onReadable: () => {} },
    ORDERS,
    EtcdKind.put,
    putRequest("k", "v"),
    60_000,
  );
  world.run(50);
  heal();
  world.until(() => world.leader(SYSTEM_KEYSPACE) !== null, 10_000);
  drop(world);
  world.run(3000);
  expect(ended).not.toBeNull();
  expect(holders(world)).toEqual([]);
});
