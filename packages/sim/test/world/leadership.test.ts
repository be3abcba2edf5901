import { DEFAULT_KEYSPACE } from "@quorate/kernel/core";
import type { RaftSettings } from "@quorate/kernel/raft";
import { DEFAULT_OPTIONS, type NodeOptions } from "@quorate/kernel/replica";
import {
  CALM_NETWORK,
  Caller,
  Clients,
  decodeRun,
  planOf,
  REGISTERS,
  run,
  type SimNode,
  World,
  type WorldSetup,
} from "@quorate/sim";
import { checkLinearizableRegisters, never, REGISTER } from "@quorate/verify";
import { expect, it } from "vitest";

const ELECTION_MILLIS = DEFAULT_OPTIONS.raft.electionTicksMax;

function raftOptions(raft: Partial<RaftSettings>): NodeOptions {
  return { ...DEFAULT_OPTIONS, raft: { ...DEFAULT_OPTIONS.raft, ...raft } };
}

function started(setup: Partial<WorldSetup>): { readonly world: World; readonly leader: SimNode } {
  const world = new World({ seed: 1n, nodes: 3, ...setup }).boot();
  world.until(() => world.leader() !== null, 10_000);
  world.run(500);
  return { world, leader: world.leader() as SimNode };
}

const others = (world: World, node: SimNode): readonly SimNode[] =>
  world.nodes.filter((other) => other !== node);

const first = (nodes: readonly SimNode[]): SimNode => nodes[0] as SimNode;

/** The leader stands still for three election time-outs while another takes over and is written through. */
function pausedLeader(raft: Partial<RaftSettings>): {
  readonly world: World;
  readonly old: SimNode;
} {
  const { world, leader: old } = started({ options: raftOptions(raft) });
  const caller = new Caller(world);
  caller.put(old, "x", "before");
  world.partition([old], others(world, old));
  old.pause(3 * ELECTION_MILLIS * 1000);
  world.until(() => world.leader() !== old, 10_000);
  expect(caller.put(world.leader() as SimNode, "x", "after")).toMatchObject({ ok: true });
  return { world, old };
}

for (const [level, leaseReads] of [
  ["readIndex", false],
  ["lease", true],
] as const) {
  it(`RF-5: a paused ex-leader never answers a ${level} read with what was overwritten meanwhile`, () => {
    const { world, old } = pausedLeader({ leaseReads });
    const caller = new Caller(world, 8000);
    world.agenda.after(4_000_000, () => world.heal());
    expect(caller.get(old, "x", level)).toEqual({ value: "after" });
    expect(world.observer.violations).toEqual([]);
  });
}

it("RF-5 without confirmations: the ex-leader answers from the past", () => {
  const rules = { ...DEFAULT_OPTIONS.raft.rules, confirmReads: false, checkQuorum: false };
  const { world, old } = pausedLeader({ rules });
  expect(new Caller(world).get(old, "x")).toEqual({ value: "before" });
});

/** The leader's clock runs at two fifths of the others'; it is cut off, and its successor is written through. */
function slowLeader(ratePerMille: number): {
  readonly world: World;
  readonly old: SimNode;
} {
  const { world } = started({
    seed: 6n,
    options: raftOptions({ leaseReads: true }),
    clockOf: (index) => ({ ratePerMille: index === 0 ? ratePerMille : 0, aheadTicks: 0 }),
  });
  const old = world.node("n1");
  world
    .leader()
    ?.moveLeader({ onReply: () => {}, onReadable: () => {} }, DEFAULT_KEYSPACE, old.id, 2000);
  world.until(() => world.leader() === old, 5000);
  const caller = new Caller(world);
  caller.put(old, "x", "before");
  world.run(2000);
  world.partition([old], others(world, old));
  world.until(() => world.leader() !== old, 10_000);
  caller.put(world.leader() as SimNode, "x", "after");
  return { world, old };
}

it("RF-6: beyond the stated bound on drift a lease read is stale: the limit of leases", () => {
  const { world, old } = slowLeader(-600);
  expect(new Caller(world, 200).get(old, "x", "lease")).toEqual({ value: "before" });
});

it("RF-6: within the bound the lease has ended before anybody else leads", () => {
  const { world, old } = slowLeader(-80);
  expect(new Caller(world, 200).get(old, "x", "lease")).not.toEqual({ value: "before" });
});

it("RF-11: leadership moves under heavy writes; none is lost, none is slow for an election time-out", () => {
  const { world } = started({ seed: 11n });
  const workload = {
    ...REGISTERS,
    clients: 8,
    operations: 150,
    thinkMillisMax: 5,
    readPerMille: 100,
  };
  const clients = new Clients(world, workload, 1n).start();
  for (let i = 0; i < 6; i++) {
    world.run(150);
    const from = world.leader();
    const to = first(others(world, from ?? first(world.nodes)));
    from?.moveLeader({ onReply: () => {}, onReadable: () => {} }, DEFAULT_KEYSPACE, to.id, 2000);
    world.until(() => world.leader() === to, 2000);
    expect(world.leader()).toBe(to);
  }
  world.until(() => clients.done, 30_000);

  const history = clients.finish();
  expect(history.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
  const slowest = Math.max(...history.map(({ called, returned }) => returned - called));
  expect(slowest / 1000).toBeLessThan(ELECTION_MILLIS);
  expect(checkLinearizableRegisters(history, REGISTER, never).type).toBe("ok");
  expect(world.observer.violations).toEqual([]);
});

it("RF-12: a leader whose disk hangs is replaced within three election time-outs, and stays so", () => {
  const { world, leader: old } = started({ seed: 12n });
  old.hangDisk(60_000_000);
  const caller = new Caller(world, 500);
  const other = first(others(world, old));
  caller.put(other, "x", "during");
  expect(
    world.until(() => world.leader() !== old && world.leader() !== null, 3 * ELECTION_MILLIS),
  ).toBe(true);
  expect(new Caller(world).put(other, "x", "after")).toMatchObject({ ok: true });
  world.run(10_000);
  expect(world.leader()).not.toBe(old);
  expect(world.observer.violations).toEqual([]);
});

it("RF-12: nor does it stand while its disk hangs: its terms deposed whoever the others elected, over and over", () => {
  const faults =
    "bridge,clog,cutPair,deposeAgain,flapping,isolateLeader,majorityRing,oneWay,partition,rough,slowLink";
  const code = decodeRun(`43.n3.reads=lease.faults=${faults}.-e12-15,18-19,28-29,36-37,42`);
  if (code === null) throw new Error("no run");
  expect(run(planOf(code)).broken).toEqual([]);
});

it("RF-12 without the rule: its heartbeats keep everybody from leading for as long as it hangs", () => {
  const rules = { ...DEFAULT_OPTIONS.raft.rules, stepDownOnHungDisk: false };
  // Followers' disks answer, so what they hold commits without the leader's; a lone second voter is down.
  const { world, leader: old } = started({ seed: 12n, options: raftOptions({ rules }) });
  const [witness, down] = others(world, old) as [SimNode, SimNode];
  old.hangDisk(60_000_000);
  down.crash(false);
  expect(new Caller(world, 500).put(witness, "x", "during")).toMatchObject({ ok: false });
  down.boot();
  world.run(20_000);
  expect(world.leader()).toBe(old);
});

it("a lone voter whose disk hangs goes on leading: nobody could take over, and the write under way is answered in the end", () => {
  const { world, leader } = started({ seed: 12n, nodes: 1 });
  leader.hangDisk(5_000_000);
  expect(new Caller(world, 8000).put(leader, "x", "late")).toMatchObject({ ok: true });
  expect(world.leader()).toBe(leader);
  expect(leader.kernel?.groupOf(DEFAULT_KEYSPACE)?.term).toBe(1);
});

it("where links close, a leader's successor leads within a few round trips, whoever finds out first: votes are not split", () => {
  for (let seed = 1n; seed <= 40n; seed++) {
    const nodes = seed % 2n === 0n ? 3 : 5;
    // A round trip takes as long as the whole window in which followers begin to stand.
    const network = { ...CALM_NETWORK, delayMicrosMin: 10_000, delayMicrosMax: 20_000 };
    const { world, leader } = started({ seed, nodes, network });
    leader.crash(false);
    const next = (): boolean => world.leader() !== null && world.leader() !== leader;
    expect(world.until(next, DEFAULT_OPTIONS.raft.electionTicksMin - 100), `seed ${seed}`).toBe(
      true,
    );
  }
});
