import { DEFAULT_KEYSPACE, type Machine, type Outcome, type RequestId } from "@quorate/kernel/core";
import { EtcdKind, EtcdMachine } from "@quorate/kernel/etcd";
import { DEFAULT_OPTIONS, type NodeOptions } from "@quorate/kernel/replica";
import { Caller, readKey, type SimNode, World } from "@quorate/sim";
import { describe, expect, it } from "vitest";
import {
  compareAndPut,
  deleteRequest,
  leaseGrantRequest,
  leaseKeepAliveRequest,
  putRequest,
} from "../../src/workload/etcd-requests.ts";

/** What a member said to a cache that asked for a key. */
interface Told {
  readonly value: string | null;
  readonly leaseTicks: number | null;
}

const LEASE = DEFAULT_OPTIONS.cache.leaseTicks;
/** By the leader's clock, with its bound. */
const OWED = LEASE * 1.01;

/** One cache at one node; it answers recalls at once, unless it is told to be deaf. */
class TestCache {
  readonly recalled: string[] = [];
  deaf = false;
  readonly #world: World;
  readonly #node: SimNode;
  readonly #holder: RequestId;

  constructor(world: World, node: SimNode) {
    this.#world = world;
    this.#node = node;
    this.#holder = node.openCache({
      onRecall: (key, recall) => {
        this.recalled.push(key);
        if (!this.deaf) this.giveBack(key, recall);
      },
    });
  }

  giveBack(key: string, recall: number): void {
    const keyspace = DEFAULT_KEYSPACE;
    this.#node.input({ type: "Returned", holder: this.#holder, keyspace, key, recall });
  }

  read(key: string): Told | Outcome {
    let told: Told | Outcome | null = null;
    const caller = {
      onReply: (outcome: Outcome) => void (told = outcome),
      onReadable: (view: Machine, leaseTicks: number | null) =>
        void (told = {
          value: view instanceof EtcdMachine ? readKey(view, key) : null,
          leaseTicks,
        }),
    };
    this.#node.cacheRead(caller, this.#holder, key, 5000);
    this.#world.until(() => told !== null, 10_000);
    if (told === null) throw new Error("nobody answered");
    return told;
  }
}

interface Setting {
  readonly world: World;
  readonly leader: SimNode;
  readonly cache: TestCache;
  readonly caller: Caller;
}

/** Three members; the leader has said in its log how long leases are, and `a` was written. */
function started(options: NodeOptions = DEFAULT_OPTIONS, nodes = 3): Setting {
  const world = new World({ seed: 1n, nodes, options }).boot();
  world.until(() => world.leader() !== null, 10_000);
  world.run(500);
  const leader = world.leader() as SimNode;
  const cache = new TestCache(world, leader);
  const caller = new Caller(world);
  caller.put(leader, "a", "1");
  expect(cache.read("a")).toEqual({ value: "1", leaseTicks: null });
  world.run(200);
  return { world, leader, cache, caller };
}

const withCache = (cache: Partial<NodeOptions["cache"]>): NodeOptions => ({
  ...DEFAULT_OPTIONS,
  cache: { ...DEFAULT_OPTIONS.cache, ...cache },
});

/** How many milliseconds of the world that took. */
function millisOf(world: World, act: () => void): number {
  const before = world.agenda.now;
  act();
  return (world.agenda.now - before) / 1000;
}

const lastIndex = (node: SimNode): number =>
  node.kernel?.replicaOf(DEFAULT_KEYSPACE)?.state.log.lastIndex ?? 0;

describe("the leader of a group leases what it answers", () => {
  it("a key, for as long as is configured, and one that does not exist like any other", () => {
    const { cache } = started();
    expect(cache.read("a")).toEqual({ value: "1", leaseTicks: LEASE });
    expect(cache.read("nothing")).toEqual({ value: null, leaseTicks: LEASE });
  });

  it("not while a member could lead that knows of no leases", () => {
    const optionsOf = (index: number) => (index === 2 ? { version: 2 } : {});
    const world = new World({ seed: 1n, nodes: 3, optionsOf }).boot();
    world.until(() => world.leader() !== null, 10_000);
    world.run(500);
    const leader = world.leader() as SimNode;
    const index = lastIndex(leader);
    const cache = new TestCache(world, leader);
    for (let i = 0; i < 3; i++) expect(cache.read("a")).toEqual({ value: null, leaseTicks: null });
    expect(lastIndex(leader)).toBe(index);
  });

  it("only a leader does: another member says who leads", () => {
    const { world, leader } = started();
    const other = world.nodes.find((node) => node !== leader) as SimNode;
    expect(new TestCache(world, other).read("a")).toMatchObject({
      ok: false,
      code: "NotLeader",
      leaderHint: leader.id,
    });
  });

  it("not in a keyspace whose protocol may find commands that a leader before did not know", () => {
    const world = new World({
      seed: 1n,
      nodes: 3,
      options: { ...DEFAULT_OPTIONS, defaultProfile: "chubby" },
    }).boot();
    world.until(() => world.leader() !== null, 10_000);
    world.run(500);
    const leader = world.leader() as SimNode;
    expect(new TestCache(world, leader).read("a")).toMatchObject({ code: "Rejected", status: 9 });
  });

  it("a key that is too long to be remembered for many is told without a lease", () => {
    const { cache } = started(withCache({ keyBytesMax: 3 }));
    expect(cache.read("abc")).toMatchObject({ leaseTicks: LEASE });
    expect(cache.read("abcd")).toMatchObject({ leaseTicks: null });
  });

  it("beyond its bounds it gives the value alone, and again when leases have ended", () => {
    const { world, leader, cache } = started(withCache({ leasesMax: 3, leasesPerHolderMax: 2 }));
    const leaseOf = (told: Told | Outcome): number | null =>
      "leaseTicks" in told ? told.leaseTicks : null;
    expect(["a", "b", "c"].map((key) => leaseOf(cache.read(key)))).toEqual([LEASE, LEASE, null]);
    const other = new TestCache(world, leader);
    expect(["a", "b"].map((key) => leaseOf(other.read(key)))).toEqual([LEASE, null]);
    world.run(2 * LEASE);
    expect(leaseOf(cache.read("c"))).toBe(LEASE);
  });
});

describe("a command that may change a leased key waits outside the log", () => {
  it("until each holder has dropped it, for one message to each and one back", () => {
    const { world, leader, cache, caller } = started();
    const second = new TestCache(world, leader);
    cache.read("a");
    second.read("a");
    const took = millisOf(world, () =>
      expect(caller.put(leader, "a", "2")).toMatchObject({ ok: true }),
    );
    expect(took).toBeLessThan(50);
    expect([cache.recalled, second.recalled]).toEqual([["a"], ["a"]]);
    expect(cache.read("a")).toEqual({ value: "2", leaseTicks: LEASE });
  });

  it("or until its lease has ended by the leader's clock and its bound, and is asked again meanwhile", () => {
    const { world, leader, cache, caller } = started();
    cache.deaf = true;
    const granted = world.agenda.now;
    cache.read("a");
    const index = lastIndex(leader);
    let applied = Number.POSITIVE_INFINITY;
    const waiting = {
      onReply: () => void (applied = (world.agenda.now - granted) / 1000),
      onReadable: () => {},
    };
    leader.request(waiting, DEFAULT_KEYSPACE, EtcdKind.put, putRequest("a", "2"), 5000);
    world.run(LEASE - 100);
    expect([lastIndex(leader), applied]).toEqual([index, Number.POSITIVE_INFINITY]);
    world.run(500);
    expect(applied).toBeGreaterThanOrEqual(OWED);
    expect(applied).toBeLessThan(OWED + 100);
    expect(cache.recalled.length).toBeGreaterThan(5);
    expect(caller.get(leader, "a")).toEqual({ value: "2" });
  });

  it("and meanwhile readers of the key get no lease, and all others are served", () => {
    const { world, leader, cache, caller } = started();
    cache.deaf = true;
    cache.read("a");
    const silent = { onReply: () => {}, onReadable: () => {} };
    leader.request(silent, DEFAULT_KEYSPACE, EtcdKind.put, putRequest("a", "2"), 5000);
    world.run(10);
    expect(cache.read("a")).toEqual({ value: "1", leaseTicks: null });
    expect(cache.read("b")).toEqual({ value: null, leaseTicks: LEASE });
    expect(millisOf(world, () => caller.put(leader, "c", "1"))).toBeLessThan(50);
  });

  it("an acknowledgement of an older recall does not stand for a newer lease", () => {
    const { world, leader, cache } = started();
    cache.deaf = true;
    cache.read("a");
    const silent = { onReply: () => {}, onReadable: () => {} };
    // It gives up before the lease has ended: the key is leased again as it was, at the same revision.
    leader.request(silent, DEFAULT_KEYSPACE, EtcdKind.put, putRequest("a", "2"), 300);
    world.run(500);
    expect(cache.read("a")).toEqual({ value: "1", leaseTicks: LEASE });
    let done = false;
    const waiting = { onReply: () => void (done = true), onReadable: () => {} };
    leader.request(waiting, DEFAULT_KEYSPACE, EtcdKind.put, putRequest("a", "3"), 5000);
    world.run(5);
    cache.giveBack("a", 1);
    world.run(100);
    expect(done).toBe(false);
  });

  const touching: readonly (readonly [string, number, Uint8Array])[] = [
    ["a deletion", EtcdKind.deleteRange, deleteRequest("a")],
    ["a transaction, whichever branch is taken", EtcdKind.txn, compareAndPut("a", "no", "2")],
    ["the end of a lease that the key hangs on", EtcdKind.leaseRevoke, leaseKeepAliveRequest(7)],
  ];
  for (const [what, kind, body] of touching) {
    it(`${what} waits like a put`, () => {
      const { world, leader, cache, caller } = started();
      caller.request(leader, EtcdKind.leaseGrant, leaseGrantRequest(7, 60));
      caller.request(leader, EtcdKind.put, putRequest("a", "1", 7));
      cache.read("a");
      cache.read("b");
      cache.deaf = true;
      expect(millisOf(world, () => caller.request(leader, kind, body))).toBeGreaterThan(LEASE - 50);
      expect(new Set(cache.recalled)).toEqual(new Set(["a"]));
    });
  }

  it("so does the end of a lease by time", () => {
    const { world, leader, cache, caller } = started();
    caller.request(leader, EtcdKind.leaseGrant, leaseGrantRequest(7, 2));
    caller.request(leader, EtcdKind.put, putRequest("a", "1", 7));
    world.run(1500);
    cache.deaf = true;
    cache.read("a");
    world.run(1000);
    expect(caller.get(leader, "a"), "due, and held back").toEqual({ value: "1" });
    world.run(LEASE);
    expect(caller.get(leader, "a")).toEqual({ value: null });
  });

  const full: readonly Partial<NodeOptions["cache"]>[] = [{ heldMax: 2 }, { heldBytesMax: 200 }];
  for (const bound of full)
    it(`beyond ${Object.keys(bound).join()} a command is refused, and has not happened`, () => {
      const { world, leader, cache, caller } = started(withCache(bound));
      cache.deaf = true;
      cache.read("a");
      const silent = { onReply: () => {}, onReadable: () => {} };
      for (const value of ["2", "3"])
        leader.request(silent, DEFAULT_KEYSPACE, EtcdKind.put, putRequest("a", value), 5000);
      world.run(5);
      expect(caller.put(leader, "a", "4".repeat(100))).toMatchObject({
        code: "Overloaded",
        definite: true,
      });
      world.run(2 * LEASE);
      expect(caller.get(leader, "a")).toEqual({ value: "3" });
    });

  it("whose client gives up it is dropped, for certain; another member's too", () => {
    const { world, leader, cache } = started();
    const other = world.nodes.find((node) => node !== leader) as SimNode;
    cache.deaf = true;
    cache.read("a");
    const impatient = new Caller(world, 300);
    expect(impatient.put(leader, "a", "2")).toMatchObject({ ok: false, definite: true });
    impatient.put(other, "a", "3");
    world.run(2 * LEASE);
    expect(cache.read("a")).toMatchObject({ value: "1" });
  });
});

describe("who leads next is bound by what was granted before", () => {
  it("it lets no change into its log before the longest lease is over, and serves readers meanwhile", () => {
    const { world, leader, cache, caller } = started();
    cache.read("a");
    const at = world.agenda.now;
    leader.crash(false);
    world.until(() => world.leader() !== null && world.leader() !== leader, 10_000);
    const next = world.leader() as SimNode;
    expect(caller.get(next, "a")).toEqual({ value: "1" });
    expect(caller.put(next, "a", "2")).toMatchObject({ ok: true });
    expect((world.agenda.now - at) / 1000).toBeGreaterThan(OWED);
    expect(millisOf(world, () => caller.put(next, "a", "3"))).toBeLessThan(50);
  });

  it("so is a leader of its own earlier life, with a snapshot where the entry was", () => {
    const { world, leader, cache, caller } = started(
      { ...DEFAULT_OPTIONS, checkpointBytes: 500, tailEntriesMax: 5 },
      1,
    );
    for (let i = 0; i < 100; i++) caller.put(leader, "x", String(i));
    cache.read("a");
    world.run(200);
    leader.crash(true);
    leader.boot();
    world.until(() => world.leader() !== null, 10_000);
    expect(millisOf(world, () => caller.put(leader, "a", "2"))).toBeGreaterThan(LEASE);
  });

  it("where nobody ever had a cache, nobody waits, and nothing is written", () => {
    const world = new World({ seed: 1n, nodes: 3 }).boot();
    world.until(() => world.leader() !== null, 10_000);
    world.run(500);
    const leader = world.leader() as SimNode;
    const caller = new Caller(world);
    caller.put(leader, "a", "1");
    const index = lastIndex(leader);
    caller.get(leader, "a");
    expect(lastIndex(leader)).toBe(index);
    leader.crash(false);
    world.until(() => world.leader() !== null && world.leader() !== leader, 10_000);
    const next = world.leader() as SimNode;
    expect(millisOf(world, () => caller.put(next, "a", "2"))).toBeLessThan(200);
  });
});
