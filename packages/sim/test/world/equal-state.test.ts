import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import { EtcdKind, EtcdMachine } from "@quorate/kernel/etcd";
import {
  DEFAULT_OPTIONS,
  type NodeOptions,
  type Profiles,
  standardProfiles,
} from "@quorate/kernel/replica";
import {
  Caller,
  deleteRequest,
  flipMemory,
  type Seen,
  type SimNode,
  World,
  type WorldSetup,
} from "@quorate/sim";
import { expect, it } from "vitest";

const CHECK_MILLIS = 1000;
const OPTIONS: NodeOptions = { ...DEFAULT_OPTIONS, checkTicks: CHECK_MILLIS };
/** Larger than what is copied when it is read. */
const LARGE = "v".repeat(40_000);

function started(setup: Partial<WorldSetup> = {}): World {
  const world = new World({ seed: 66n, nodes: 3, options: OPTIONS, ...setup }).boot();
  world.until(() => world.leader() !== null, 10_000);
  return world.run(500);
}

const viewOf = (node: SimNode): EtcdMachine => {
  const view = node.kernel?.groupOf(DEFAULT_KEYSPACE)?.view;
  if (!(view instanceof EtcdMachine)) throw new RangeError(`${node.name} holds no etcd keyspace`);
  return view;
};

const noted = (world: World, event: string): readonly string[] =>
  world.notes.filter((note) => note.event === event).map(({ name }) => name);

/** The value came as it was written. */
const isWhole = (seen: Seen): boolean =>
  seen !== "silence" && "value" in seen && seen.value === LARGE;

const hashes = (world: World): number =>
  new Set(world.nodes.map((node) => viewOf(node).hash())).size;

/** One bit of the victim's memory changes; writes go on, so that the log is marked and examined. */
function flipped(world: World, victim: SimNode): Caller {
  const caller = new Caller(world);
  const other = world.nodes.find((node) => node !== victim) as SimNode;
  caller.put(other, "large", LARGE);
  world.run(3 * CHECK_MILLIS);
  flipMemory(viewOf(victim), "large");
  expect(isWhole(caller.get(victim, "large", "local")), "it would be served").toBe(false);
  for (let i = 0; i < 4; i++) caller.put(other, "small", String(i));
  return caller;
}

it("EQ-1: one bit flipped in a follower's memory takes it out of service within a check period, and it is rebuilt", () => {
  const world = started();
  const victim = world.nodes.find((node) => node !== world.leader()) as SimNode;
  const caller = flipped(world, victim);
  const isOut = (): boolean => noted(world, "replica deviates").includes(victim.name);
  expect(world.until(isOut, 1.5 * CHECK_MILLIS)).toBe(true);
  expect(world.until(() => noted(world, "replica rebuilt").length > 0, 5000)).toBe(true);
  expect(isWhole(caller.get(victim, "large", "local"))).toBe(true);
  expect(noted(world, "replica deviates")).toEqual([victim.name]);
});

it("EQ-1: a checkpoint that was written of altered memory is found out when it is loaded, and the replica is rebuilt", () => {
  const world = started({ options: { ...OPTIONS, checkTicks: 0, checkpointBytes: 500 } });
  const caller = new Caller(world);
  const victim = world.nodes.find((node) => node !== world.leader()) as SimNode;
  caller.put(victim, "large", LARGE);
  world.run(500);
  flipMemory(viewOf(victim), "large");
  for (let i = 0; i < 20; i++) caller.put(victim, "small", String(i));
  world.run(1000);
  victim.crash(true);
  victim.boot();
  world.run(5000);
  expect(world.halted).toEqual([]);
  expect(noted(world, "group repairing")).toEqual([victim.name]);
  expect(isWhole(caller.get(victim, "large", "local"))).toBe(true);
});

it("EQ-2: one bit flipped in the leader's memory: it yields, and the followers were right", () => {
  const world = started();
  const victim = world.leader() as SimNode;
  const caller = flipped(world, victim);
  expect(world.until(() => world.leader() !== victim && world.leader() !== null, 5000)).toBe(true);
  expect(world.until(() => noted(world, "replica rebuilt").length > 0, 8000)).toBe(true);
  expect(noted(world, "replica deviates")).toEqual([victim.name]);
  for (const node of world.nodes) expect(isWhole(caller.get(node, "large"))).toBe(true);
  expect(hashes(world)).toBe(1);
});

it("EQ-2: nothing is written, so that no mark tells of a bit flipped in the leader's memory: whoever refuses its snapshot does", () => {
  // A snapshot is what a follower needs that has fallen behind the tail that is kept.
  const world = started({
    options: { ...OPTIONS, checkTicks: 0, tailEntriesMax: 4, checkpointBytes: 500 },
  });
  const leader = world.leader() as SimNode;
  const behind = world.nodes.find((node) => node !== leader) as SimNode;
  const caller = new Caller(world);
  behind.crash(false);
  caller.put(leader, "large", LARGE);
  for (let i = 0; i < 20; i++) caller.put(leader, "small", String(i));
  world.run(1000);
  flipMemory(viewOf(leader), "large");
  behind.boot();
  expect(world.until(() => noted(world, "replica deviates").length > 0, 20_000)).toBe(true);
  expect(noted(world, "replica deviates")).toEqual([leader.name]);
  expect(world.until(() => noted(world, "replica rebuilt").length > 0, 20_000)).toBe(true);
  expect(world.until(() => hashes(world) === 1, 20_000)).toBe(true);
  for (const node of world.nodes) expect(isWhole(caller.get(node, "large"))).toBe(true);
});

/** A release with a fault: on the nodes named it applies a delete as nothing at all, or as it should twice over. */
function faulty(fault: (kind: number) => boolean): Profiles {
  const known = DEFAULT_OPTIONS.profiles.get("etcd");
  if (known === undefined) throw new RangeError("no profile etcd");
  const create = (): EtcdMachine => {
    const machine = known.create() as EtcdMachine;
    const right = machine.apply.bind(machine);
    machine.apply = (commands, out) =>
      right(
        commands.map((c) => (fault(c.kind) ? { ...c, kind: 0xdf } : c)),
        out,
      );
    return machine;
  };
  return new Map([["etcd", { ...known, create }]]);
}

it("EQ-3: when two of three differ from each other and from the third, the group is read-only", () => {
  const world = started({
    optionsOf: (index) =>
      index === 0
        ? { profiles: faulty((kind) => kind === EtcdKind.deleteRange) }
        : index === 1
          ? { profiles: faulty((kind) => kind === EtcdKind.put) }
          : {},
  });
  const caller = new Caller(world);
  const [, , sound] = world.nodes as [SimNode, SimNode, SimNode];
  caller.put(sound, "a", "1");
  caller.put(sound, "b", "2");
  caller.request(sound, EtcdKind.deleteRange, deleteRequest("a"));
  expect(world.until(() => noted(world, "group read-only").length > 0, 5 * CHECK_MILLIS)).toBe(
    true,
  );
  expect(caller.put(world.leader() as SimNode, "c", "3")).toMatchObject({
    ok: false,
    definite: true,
  });
});

it("EQ-1: a follower that applied a command differently is found by the others' hashes", () => {
  const world = started({
    optionsOf: (index) =>
      index === 1 ? { profiles: faulty((kind) => kind === EtcdKind.deleteRange) } : {},
  });
  const caller = new Caller(world);
  const [sound, wrong] = world.nodes as [SimNode, SimNode, SimNode];
  caller.put(sound, "a", "1");
  caller.put(sound, "b", "1");
  caller.request(sound, EtcdKind.deleteRange, deleteRequest("a"));
  expect(
    world.until(() => noted(world, "replica deviates").includes(wrong.name), 3 * CHECK_MILLIS),
  ).toBe(true);
  expect(noted(world, "replica deviates")).toEqual([wrong.name]);
});

it("EQ-4: after snapshot, restart and long lives the replicas' hashes are equal", () => {
  const options = { ...OPTIONS, tailEntriesMax: 5, checkpointBytes: 500 };
  const world = started({ options });
  const caller = new Caller(world);
  const [steady, restarted, late] = world.nodes as [SimNode, SimNode, SimNode];
  const write = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      caller.put(steady, `k${i % 7}`, String(i));
      if (i % 5 === 4) caller.request(steady, EtcdKind.deleteRange, deleteRequest(`k${i % 7}`));
    }
  };
  write(0, 20);
  late.crash(true);
  write(20, 50);
  late.boot();
  world.run(2000);
  restarted.crash(true);
  write(50, 60);
  restarted.boot();
  world.run(5000);
  expect(noted(world, "snapshot installed")).toContain(late.name);
  expect(hashes(world)).toBe(1);
  expect(noted(world, "replica deviates")).toEqual([]);
});

it("EQ-5: two releases side by side are equal at each index, and the cluster counts as the older one", () => {
  const world = started({ optionsOf: (index) => ({ version: index === 0 ? 2 : 1 }) });
  const caller = new Caller(world);
  for (let i = 0; i < 10; i++) caller.put(world.nodes[i % 3] as SimNode, "x", String(i));
  // A kind that only the newer release may know is refused alike by all: nothing is applied.
  expect(caller.request(world.nodes[0] as SimNode, 0xd0, new Uint8Array(3))).toMatchObject({
    ok: false,
    definite: true,
  });
  world.run(3 * CHECK_MILLIS);
  expect(world.nodes.map((node) => node.kernel?.status().clusterVersion)).toEqual([1, 1, 1]);
  expect(hashes(world)).toBe(1);
  expect(noted(world, "replica deviates")).toEqual([]);
});

it("EQ-1: members that are told different quotas refuse alike, by the leader's, and stay equal", () => {
  const quotaOf = (index: number): number => [30_000, 2 ** 33, 60_000][index] ?? 0;
  const world = started({
    optionsOf: (index) => ({
      profiles: standardProfiles({
        quotaBytes: quotaOf(index),
        txnOpsMax: 128,
        leaseTtlSecondsMin: 2,
        leasesMax: 1000,
        watchersMax: 1000,
      }),
    }),
  });
  for (let round = 0; round < 3; round++) {
    const caller = new Caller(world);
    for (let i = 0; i < 40; i++)
      caller.put(world.nodes[i % 3] as SimNode, `k${round}-${i}`, "x".repeat(500));
    world.run(1000);
    expect(hashes(world)).toBe(1);
    const leader = world.leader();
    leader?.crash(false);
    world.run(3000);
    leader?.boot();
    world.run(3000);
    expect(hashes(world)).toBe(1);
  }
  expect(world.observer.violations).toEqual([]);
});
