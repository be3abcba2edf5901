import { DEFAULT_KEYSPACE, Writer } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import { DEFAULT_OPTIONS, ReplicaKind } from "@quorate/kernel/replica";
import { Caller, putRequest, type SimNode, World, type WorldSetup } from "@quorate/sim";
import { expect, it } from "vitest";

const SESSION = 77n;
const HOUR_MILLIS = 3_600_000;

function started(setup: Partial<WorldSetup> = {}): World {
  const world = new World({ seed: 17n, nodes: 3, ...setup }).boot();
  world.until(() => world.leader() !== null, 10_000);
  world.run(500);
  const open = new Writer(16).u64(SESSION).uint(HOUR_MILLIS).take();
  const answer = new Caller(world).request(
    world.leader() as SimNode,
    ReplicaKind.openSession,
    open,
  );
  expect(answer).toMatchObject({ ok: true });
  return world;
}

const write = (caller: Caller, node: SimNode, sequence: number): ReturnType<Caller["request"]> =>
  caller.request(node, EtcdKind.put, putRequest("x", String(sequence)), { id: SESSION, sequence });

/** How often the key was written: every application counts, whatever the client was told. */
const applied = (world: World): readonly number[] =>
  world.nodes.map((node) => {
    const view = node.kernel?.groupOf(DEFAULT_KEYSPACE)?.view;
    return view !== null && view !== undefined && "revision" in view
      ? Number(view.revision) - 1
      : -1;
  });

/** The write is in the log, and its client is cut off from the answer: the outcome is unknown. */
function unknownWrite(world: World): void {
  const leader = world.leader() as SimNode;
  const lastIndex = (): number => leader.kernel?.groupOf(DEFAULT_KEYSPACE)?.lastIndex ?? 0;
  const before = lastIndex();
  const origin = world.nodes.find((node) => node !== leader) as SimNode;
  const rest = world.nodes.filter((node) => node !== origin);
  let answered = false;
  const silent = { onReply: () => void (answered = true), onReadable: () => {} };
  const session = { id: SESSION, sequence: 1 };
  origin.request(silent, DEFAULT_KEYSPACE, EtcdKind.put, putRequest("x", "1"), 2000, session);
  world.until(() => lastIndex() > before, 1000);
  world.partition([origin], rest);
  expect(answered).toBe(false);
}

it("RF-17: the same request again after an unknown outcome is applied once, by the next leader too", () => {
  const world = started();
  unknownWrite(world);
  const caller = new Caller(world);
  const first = write(caller, world.leader() as SimNode, 1);
  expect(first).toMatchObject({ ok: true });
  world.heal();
  world.leader()?.crash(true);
  world.until(() => world.leader() !== null, 10_000);
  for (const node of world.nodes.filter(({ isUp }) => isUp))
    expect(write(caller, node, 1)).toEqual(first);
  expect(write(caller, world.leader() as SimNode, 2)).not.toEqual(first);
  for (const node of world.nodes) node.boot();
  world.run(5000);
  expect(applied(world)).toEqual([2, 2, 2]);
});

it("RF-17: across a snapshot and a restart of all nodes the first outcome is remembered", () => {
  const options = { ...DEFAULT_OPTIONS, tailEntriesMax: 5, checkpointBytes: 500 };
  const world = started({ options });
  const caller = new Caller(world);
  const first = write(caller, world.nodes[0] as SimNode, 1);
  const victim = world.nodes.find((node) => node !== world.leader()) as SimNode;
  victim.crash(true);
  for (let i = 0; i < 30; i++) caller.put(world.leader() as SimNode, "y", String(i));
  victim.boot();
  world.run(5000);
  expect(world.notes.map(({ event }) => event)).toContain("snapshot installed");
  expect(write(caller, victim, 1)).toEqual(first);

  for (const node of world.nodes) node.crash(true);
  world.boot().run(5000);
  for (const node of world.nodes) expect(write(caller, node, 1)).toEqual(first);
  expect(applied(world)).toEqual([31, 31, 31]);
});

it("RF-17: a request whose session has ended is refused, not applied again", () => {
  const world = started();
  const caller = new Caller(world);
  const close = new Writer(8).u64(SESSION).take();
  expect(caller.request(world.leader() as SimNode, ReplicaKind.closeSession, close)).toMatchObject({
    ok: true,
  });
  expect(write(caller, world.leader() as SimNode, 1)).toMatchObject({
    ok: false,
    code: "Rejected",
  });
});
