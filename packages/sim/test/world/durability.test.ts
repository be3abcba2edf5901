import { DEFAULT_KEYSPACE, groupId } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import { DEFAULT_OPTIONS } from "@quorate/kernel/replica";
import {
  Caller,
  deleteRequest,
  HEALTHY_DISK,
  leaseGrantRequest,
  leaseKeepAliveRequest,
  type SimNode,
  World,
  type WorldSetup,
} from "@quorate/sim";
import { expect, it } from "vitest";

function started(setup: Partial<WorldSetup> = {}): World {
  const world = new World({ seed: 13n, nodes: 3, ...setup }).boot();
  world.until(() => world.leader() !== null, 10_000);
  return world.run(500);
}

const follower = (world: World): SimNode =>
  world.nodes.find((node) => node !== world.leader()) as SimNode;

const hashes = (world: World): readonly (bigint | undefined)[] =>
  world.nodes.map((node) => node.kernel?.groupOf(DEFAULT_KEYSPACE)?.view?.hash());

const noted = (world: World, event: string): readonly string[] =>
  world.notes.filter((note) => note.event === event).map(({ name }) => name);

function write(world: World, count: number, from = 0): void {
  const caller = new Caller(world);
  for (let i = from; i < from + count; i++)
    expect(
      caller.put(world.nodes[i % world.nodes.length] as SimNode, `k${i}`, `v${i}`),
    ).toMatchObject({ ok: true });
}

function expectWritten(world: World, count: number): void {
  const caller = new Caller(world, 15_000);
  for (let i = 0; i < count; i++)
    expect(caller.get(world.nodes[i % world.nodes.length] as SimNode, `k${i}`)).toEqual({
      value: `v${i}`,
    });
}

it("RF-14: after a power cut of all nodes at once every acknowledged write is there", () => {
  const world = started();
  for (let cut = 0; cut < 3; cut++) {
    write(world, 10, cut * 10);
    for (const node of world.nodes) node.crash(true);
    world.run(100);
    world.boot().run(3000);
  }
  expectWritten(world, 30);
  expect(world.observer.violations).toEqual([]);
});

it("RF-13, JN-2: a flipped bit in one follower's journal is found at its restart, and its groups are rebuilt", () => {
  let rebuilt = 0;
  for (let at = 100; at < 4000; at += 487) {
    const world = started();
    write(world, 20);
    const victim = follower(world);
    victim.crash(false);
    victim.disk.flipBit(at);
    victim.boot();
    world.run(8000);
    // A bit in a mark, which belongs to no group, takes nothing away.
    rebuilt += noted(world, "group repairing").length;
    expect(new Set(hashes(world)).size, `bit ${at}`).toBe(1);
    expectWritten(world, 20);
    expect(world.observer.violations).toEqual([]);
  }
  expect(rebuilt).toBeGreaterThan(4);
});

it("JN-2: damage that belongs to nobody for sure: all groups of the node are rebuilt, births and all", () => {
  for (const from of [0, 100, 300, 700, 1500]) {
    const world = started();
    write(world, 20);
    const victim = follower(world);
    victim.crash(false);
    victim.disk.spoil(from, 512);
    victim.boot();
    world.run(8000);
    expect(
      noted(world, "group repairing").filter((name) => name === victim.name).length,
      `from byte ${from}`,
    ).toBe(2);
    expect(new Set(hashes(world)).size, `from byte ${from}`).toBe(1);
    // The next start finds the same damage, and checkpoints that were written since.
    victim.crash(true);
    victim.boot();
    world.run(3000);
    expect(noted(world, "group repairing").length, `from byte ${from}`).toBe(2);
    expectWritten(world, 20);
    expect(world.observer.violations).toEqual([]);
  }
});

it("JN-2: a replica whose birth is lost gives no vote until it is whole, and crashes on the way change nothing", () => {
  const world = started();
  write(world, 20);
  const victim = follower(world);
  const [leader, other] = world.nodes.filter((node) => node !== victim) as [SimNode, SimNode];
  victim.crash(false);
  leader.crash(false);
  victim.disk.spoil(0, 2000);
  for (let life = 0; life < 4; life++) {
    victim.boot();
    world.run(2500);
    expect(world.leader(), "one of two does not know what it lost").toBeNull();
    victim.crash(life % 2 === 0);
  }
  victim.boot();
  world.run(31_000);
  expect(noted(world, "group still repairing"), "nobody can repair it").toContain(victim.name);
  leader.boot();
  expect(world.until(() => world.leader() !== null, 10_000)).toBe(true);
  expect([leader, other]).toContain(world.leader());
  world.run(5000);
  expectWritten(world, 20);
  expect(new Set(hashes(world)).size).toBe(1);
  expect(world.observer.violations).toEqual([]);
});

it("JN-2: a group of which neither checkpoint nor birth is left is rebuilt, never born anew", () => {
  for (const groups of [[1], [0], [0, 1]] as const) {
    const world = started({
      disk: { ...HEALTHY_DISK, segmentBytes: 2000 },
      options: {
        ...DEFAULT_OPTIONS,
        tailEntriesMax: 5,
        checkpointBytes: 500,
        pinnedBytesMax: 4000,
      },
    });
    write(world, 300);
    const victim = follower(world);
    expect(victim.disk.firstSeq, "the births are in no segment any more").toBeGreaterThan(10);
    victim.crash(false);
    for (const group of groups)
      expect(victim.disk.spoilCheckpoints(groupId(group), true)).toBe(true);
    for (let life = 0; life < 3; life++) {
      victim.boot();
      world.run(20);
      victim.crash(true);
    }
    victim.boot();
    world.run(8000);
    expect(noted(world, "group repairing")).toContain(victim.name);
    expect(new Set(hashes(world)).size, `groups ${groups.join()}`).toBe(1);
    expectWritten(world, 300);
    expect(world.observer.violations).toEqual([]);
  }
});

it("RF-13: while its log is not whole again it wins no election", () => {
  const world = started();
  write(world, 20);
  const victim = follower(world);
  const [leader, other] = world.nodes.filter((node) => node !== victim) as [SimNode, SimNode];
  victim.crash(false);
  victim.disk.flipBit(2000);
  leader.crash(false);
  victim.boot();
  world.run(10_000);
  expect(victim.isUp).toBe(true);
  expect(
    world.leader(),
    "two of three are up, and one of them does not know what it lost",
  ).toBeNull();
  leader.boot();
  expect(world.until(() => world.leader() !== null, 10_000)).toBe(true);
  expect([leader, other]).toContain(world.leader());
  world.run(3000);
  expectWritten(world, 20);
});

it("JN-2: a lone node with a flipped bit serves nothing: there is nobody to repair it from", () => {
  const world = started({ nodes: 1 });
  write(world, 20);
  const [node] = world.nodes as [SimNode];
  node.crash(false);
  node.disk.flipBit(2000);
  node.boot();
  world.run(5000);
  expect(new Caller(world, 1000).get(node, "k1")).not.toHaveProperty("value");
});

it("groups that fell silent do not keep the journal: it stays within what one may pin", () => {
  const world = started({
    disk: { ...HEALTHY_DISK, segmentBytes: 2000 },
    options: { ...DEFAULT_OPTIONS, pinnedBytesMax: 8000 },
  });
  for (let i = 0; i < 5; i++) {
    write(world, 100, i * 100);
    world.run(1000);
    // Two checkpoints of a group are kept, and what the older one needs; each may be as old as that.
    for (const { disk, name } of world.nodes) expect(disk.bytes, name).toBeLessThan(4 * 8000);
  }
  expect(Math.min(...world.nodes.map(({ disk }) => disk.firstSeq))).toBeGreaterThan(200);
});

it("JN-1: power is cut at every byte of the last batch; what replays is the acknowledged prefix and whole records", () => {
  const lengths = new Set<number>();
  for (let kept = 0, size = 1; kept <= size; kept++) {
    const world = started({ seed: 21n, nodes: 1 });
    const [node] = world.nodes as [SimNode];
    write(world, 3);
    node.hangDisk(10_000_000);
    new Caller(world, 50).put(node, "k3", "unacknowledged");
    size = node.disk.volatileBytes;
    const durable = node.disk.bytes;
    node.disk.cutPower(kept);
    node.crash(true);
    node.boot();
    lengths.add(node.disk.bytes - durable);
    expect(node.isUp, `cut at byte ${kept} of ${size}`).toBe(true);
    if (kept % 16 !== 0) continue;
    world.run(3000);
    expectWritten(world, 3);
  }
  expect(lengths.size, "the mark, and each record behind it, whole or not at all").toBeLessThan(6);
}, 30_000);

it("JN-3: a sync that fails ends the node, and its restart is clean", () => {
  const world = started();
  write(world, 5);
  const victim = follower(world);
  victim.input({ type: "DiskFailed", reason: "EIO" });
  world.run(100);
  expect(world.halted.map(({ name }) => name)).toEqual([victim.name]);
  victim.boot();
  world.run(3000);
  expectWritten(world, 5);
});

it("JN-4: with the first reserve in use writes are refused, while leases are renewed and keys deleted", () => {
  const world = started();
  write(world, 1);
  const caller = new Caller(world);
  const leader = world.leader() as SimNode;
  expect(caller.request(leader, EtcdKind.leaseGrant, leaseGrantRequest(7, 60))).toMatchObject({
    ok: true,
  });
  leader.input({ type: "Space", space: "low" });
  expect(caller.put(follower(world), "x", "refused")).toMatchObject({ ok: false, code: "NoSpace" });
  expect(caller.request(leader, EtcdKind.leaseKeepAlive, leaseKeepAliveRequest(7))).toMatchObject({
    ok: true,
  });
  expect(caller.request(leader, EtcdKind.deleteRange, deleteRequest("k0"))).toMatchObject({
    ok: true,
  });
  leader.input({ type: "Space", space: "ample" });
  expect(caller.put(follower(world), "x", "taken")).toMatchObject({ ok: true });
});

it("JN-4: a leader with nothing left to write on hands over", () => {
  const world = started();
  const old = world.leader() as SimNode;
  old.input({ type: "Space", space: "exhausted" });
  expect(world.until(() => world.leader() !== old && world.leader() !== null, 5000)).toBe(true);
  write(world, 3);
});

const lying = { ...HEALTHY_DISK, lyingPerMille: 1000, tornPerMille: 0 };

it("JN-5: one disk of three that lies loses no acknowledged write", () => {
  const world = started();
  const liar = follower(world);
  liar.disk.faults = lying;
  write(world, 10);
  liar.crash(true);
  liar.disk.faults = HEALTHY_DISK;
  liar.boot();
  world.run(5000);
  expectWritten(world, 10);
  expect(world.observer.violations).toEqual([]);
});

it("JN-5: two disks of three that lie are found out by the check", () => {
  const world = started();
  write(world, 3);
  const liars = world.nodes.filter((node) => node !== world.leader());
  for (const liar of liars) liar.disk.faults = lying;
  write(world, 10, 3);
  const honest = world.leader() as SimNode;
  for (const node of world.nodes) node.crash(true);
  for (const liar of liars) liar.boot();
  world.run(8000);
  honest.boot();
  world.run(3000);
  expect(world.observer.violations.join("\n")).toMatch(/Leader Completeness|State Machine Safety/);
});

/** Followers that fall behind the log's tail are sent a snapshot, while writes go on. */
it("RF-15: snapshots are installed twice in quick succession, while entries are applied", () => {
  const options = {
    ...DEFAULT_OPTIONS,
    tailEntriesMax: 5,
    checkpointBytes: 500,
    applyEntriesMax: 1,
  };
  const world = started({ options });
  const victim = follower(world);
  const rest = world.nodes.filter((node) => node !== victim);
  for (let round = 0; round < 2; round++) {
    world.partition([victim], rest);
    const caller = new Caller(world);
    for (let i = 0; i < 25; i++) caller.put(rest[i % 2] as SimNode, `k${i}`, `v${round}.${i}`);
    world.heal();
    for (let i = 0; i < 25; i++) caller.put(rest[i % 2] as SimNode, `k${i}`, `v${i}`);
  }
  world.run(5000);
  expect(
    noted(world, "snapshot installed").filter((name) => name === victim.name).length,
  ).toBeGreaterThan(1);
  expect(new Set(hashes(world)).size).toBe(1);
  expectWritten(world, 25);
  expect(world.observer.violations).toEqual([]);
});
