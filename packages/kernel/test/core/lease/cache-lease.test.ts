import {
  ALL_LEASE_RULES,
  DEFAULT_HOLDER_SETTINGS,
  DEFAULT_ISSUER_SETTINGS,
  type IssuerInput,
  type IssuerMessage,
  type IssuerSettings,
  issuerRecords,
  type LeaseRules,
  type Now,
  nodeId,
  requestId,
  startHolder,
  startId,
  startIssuer,
  stepHolder,
  stepIssuer,
  ticks,
} from "@quorate/kernel/core";
import { describe, expect, it } from "vitest";
import { LeaseWorld, type WorldSetup } from "./lease-world.ts";

/** Duration 10 s, rho 1 %: a write waits 10.1 s for a lease whose holder says nothing. */
const base = (setup: Partial<WorldSetup> = {}): LeaseWorld =>
  new LeaseWorld({ holders: 3, ...setup, issuer: { revokes: false, ...setup.issuer } });

/** Holder 1 reads `a` at 0 and cannot be reached from 1 on; `b` is written at 4. */
function writeAgainstLease(setup: Partial<WorldSetup>): { world: LeaseWorld; write: number } {
  const world = base(setup);
  world.write("a");
  world.read(1);
  world.pass(1000).cut(1).pass(3000);
  return { world, write: world.write("b") };
}

describe("a write waits for the leases on its datum", () => {
  it("LC-1: the base form applies at 10.1 s, and reads of others wait with it", () => {
    const { world, write } = writeAgainstLease({ issuer: { duringWrite: "block" } });
    world.pass(2000);
    const read = world.read(2);
    world.pass(4099);
    expect([world.appliedAt(write), world.answerTo(read)]).toEqual([null, null]);
    world.pass(1);
    expect(world.appliedAt(write)).toBe(10_100);
    expect(world.answerTo(read)).toMatchObject({ at: 10_100, value: "b" });
    expect(world.caches(2), "what waited is leased again").toBe(true);
  });

  it("LC-2: without a lease during a write, reads show the old value until 10.1 s, and the new one from then on", () => {
    const { world, write } = writeAgainstLease({ issuer: { duringWrite: "noLease" } });
    world.pass(2000);
    const old = world.read(2);
    world.pass(0);
    expect(world.answerTo(old)).toMatchObject({ at: 6000, value: "a" });
    expect(world.caches(2)).toBe(false);
    world.pass(4100);
    const fresh = world.read(2);
    world.pass(0);
    expect(world.appliedAt(write)).toBe(10_100);
    expect(world.answerTo(fresh)).toMatchObject({ value: "b" });
  });

  it("LC-3: with a bounded end, a read at 6 s is leased until 10 s at the latest, and the write is not held up", () => {
    const { world, write } = writeAgainstLease({ issuer: { duringWrite: "boundedEnd" } });
    world.pass(2000);
    world.read(2);
    world.pass(0);
    expect(world.caches(2)).toBe(true);
    expect(world.holder(2).cached?.until).toBeLessThanOrEqual(10_000);
    world.pass(3900);
    expect(world.caches(2)).toBe(true);
    world.pass(99);
    expect(world.caches(2)).toBe(false);
    world.pass(1000);
    expect(world.appliedAt(write)).toBe(10_100);
  });
});

describe("reads cannot keep a write waiting", () => {
  /** A thousand clients read every millisecond, from the cache where they can. When was the write of 4 s applied? */
  function livelock(setup: Partial<IssuerSettings>, until: number): number | null {
    const settings = { ...DEFAULT_ISSUER_SETTINGS, revokes: false, ...setup };
    let issuer = startIssuer<string>(settings, startId(1n), [], at(0));
    const clients = Array.from({ length: 1000 }, () =>
      startHolder<string>({ ...DEFAULT_HOLDER_SETTINGS, waitingMax: 4 }, startId(1n), "x"),
    );
    let applied: number | null = null;
    const serve = (now: Now, input: IssuerInput<string>): void => {
      const [next, effects] = stepIssuer(issuer, now, [input]);
      issuer = next;
      for (const effect of effects) {
        if (effect.type === "Applied") applied = now.ticks;
        else if (effect.type === "Send") ask(Number(effect.to), now, effect.message);
      }
    };
    const ask = (client: number, now: Now, message: IssuerMessage<string> | null): void => {
      const id = requestId(client);
      const input =
        message === null
          ? ({ type: "Read", id } as const)
          : ({ type: "Receive", message } as const);
      const holder = clients[client];
      if (holder === undefined) throw new RangeError(`no client ${client}`);
      const [next, effects] = stepHolder(holder, now, [input]);
      clients[client] = next;
      for (const effect of effects)
        if (effect.type === "Send")
          serve(now, { type: "Receive", from: nodeId(BigInt(client)), message: effect.message });
    };
    for (let millis = 0; millis < until && applied === null; millis++) {
      const now = at(millis);
      if (millis === 4000) serve(now, { type: "Write", id: requestId(0), datum: "x", value: "b" });
      else serve(now, { type: "Wake" });
      for (let client = 0; client < clients.length; client++)
        if (millis >= (clients[client]?.cached?.until ?? 0)) ask(client, now, null);
    }
    return applied;
  }

  const at = (millis: number): Now => ({ ticks: ticks(millis), wall: { earliest: 0, latest: 0 } });

  it("LC-4: without fix 1 the write of 4 s is not applied by 30 s, nor would it ever be", () => {
    expect(livelock({ rules: { ...ALL_LEASE_RULES, boundDuringWrite: false } }, 30_000)).toBeNull();
  });

  it.each(["block", "noLease", "boundedEnd"] as const)("LC-4: with %s it is by 10.1 s", (form) => {
    expect(livelock({ duringWrite: form }, 10_200)).toBe(10_100);
  });
});

describe("recall", () => {
  const recalled = (): LeaseWorld => {
    const world = new LeaseWorld({ holders: 3, latency: () => 500 });
    world.write("a");
    for (const at of [1, 2, 3]) world.read(at);
    return world.pass(4000);
  };

  it("LC-5: with all holders there, a write is applied after one round trip, for 2 messages to each", () => {
    const world = recalled();
    const write = world.write("b");
    world.pass(1);
    expect(world.appliedAt(write)).toBe(4001);
    expect([world.sent.get("Revoke"), world.sent.get("RevokeAck")]).toEqual([3, 3]);
  });

  it("LC-5: with one of them cut off, when its lease has ended", () => {
    const world = recalled().cut(3);
    const write = world.write("b");
    world.pass(7000);
    expect(world.appliedAt(write)).toBe(10_100);
    expect(world.stale).toEqual([]);
  });

  it("a recall that got lost is repeated", () => {
    let lost = 0;
    const world = new LeaseWorld({
      holders: 1,
      latency: ({ message }) => (message.type === "Revoke" && lost++ < 2 ? null : 500),
    });
    world.write("a");
    world.read(1);
    world.pass(10);
    const write = world.write("b");
    world.pass(1000);
    expect(world.appliedAt(write)).toBe(10 + 2 * 200 + 1);
  });

  /** The issuer grants, and takes back; the recall overtakes the grant, is acknowledged, and the write is applied. */
  function overtaken(rules: Partial<LeaseRules>): LeaseWorld {
    const world = new LeaseWorld({ holders: 1, rules, latency: () => null });
    world.write("a");
    world.read(1);
    world.deliverAll("Read");
    world.write("b");
    world.deliverAll("Revoke").deliverAll("RevokeAck").deliverAll("Data");
    world.read(1);
    return world;
  }

  it("LC-6: a holder that acknowledged a recall caches no answer that the recall overtook", () => {
    const world = overtaken({});
    expect(world.applied.map(({ version }) => version)).toEqual([1, 2]);
    expect(world.caches(1)).toBe(false);
    expect(world.stale).toEqual([]);
    expect(world.answered, "the read under way is answered all the same").toHaveLength(1);
  });

  it("LC-6: without rememberRevoked it caches what was replaced", () => {
    expect(overtaken({ rememberRevoked: false }).stale).toHaveLength(1);
  });

  it("an acknowledgement of an older recall does not stand for a newer lease", () => {
    const world = new LeaseWorld({ holders: 1, latency: () => null });
    world.write("a");
    world.read(1);
    world.deliverAll("Read", "Data");
    world.write("b");
    world.deliverAll("Revoke");
    const [old] = world.letters;
    if (old === undefined) throw new Error("an acknowledgement is under way");
    world.deliverAll("RevokeAck");
    world.read(1);
    world.deliverAll("Read", "Data");
    const write = world.write("c");
    world.deliver(old);
    expect(world.appliedAt(write)).toBeNull();
  });

  it("nor does one to an issuer of an earlier life, for a lease of the same version", () => {
    const world = new LeaseWorld({
      holders: 1,
      issuer: { persistence: "table" },
      latency: () => null,
    });
    world.write("a");
    world.read(1);
    world.deliverAll("Read", "Data");
    world.write("b");
    world.deliverAll("Revoke");
    world.restartIssuer().read(1);
    world.deliverAll("Read", "Data");
    expect(world.caches(1)).toBe(true);
    const write = world.write("c");
    world.deliverAll("RevokeAck");
    expect([world.appliedAt(write), world.caches(1)]).toEqual([null, true]);
  });

  it("with a bounded end too, nobody is leased what is being taken back: a second answer would give it away", () => {
    const world = new LeaseWorld({
      holders: 2,
      issuer: { duringWrite: "boundedEnd" },
      latency: () => null,
    });
    world.write("a");
    for (const at of [1, 2]) world.read(at);
    world.deliverAll("Read", "Data");
    world.write("b");
    const [one, two] = world.letters;
    if (one === undefined || two === undefined) throw new Error("two recalls are under way");
    world.deliver(one).deliver(one);
    const [first, second] = world.letters.filter(({ message }) => message.type === "RevokeAck");
    if (first === undefined || second === undefined) throw new Error("it answers each of them");
    world.deliver(first).read(1);
    world.deliverAll("Read", "Data");
    world.deliver(second).deliver(two).deliverAll("RevokeAck");
    expect(world.applied).toHaveLength(2);
    world.read(1);
    expect([world.caches(1), world.stale]).toEqual([false, []]);
  });
});

describe("an issuer that restarts", () => {
  /** Holder 1 reads at `readAt`; the issuer is down from 5 s to 6 s, and is given a write at once. */
  function restarted(persistence: "table" | "longest", rules: Partial<LeaseRules> = {}) {
    const world = base({ rules, issuer: { persistence } });
    world.write("a");
    world.read(1);
    world.pass(4000);
    world.read(2);
    world.pass(1000).pass(1000).restartIssuer();
    const write = world.write("b");
    for (let i = 0; i < 200; i++) {
      world.pass(100);
      for (const at of [1, 2]) if (world.caches(at)) world.read(at);
    }
    return { world, at: world.appliedAt(write) };
  }

  it.each(["longest", "table"] as const)(
    "LC-7: with %s, writes no sooner than 6 s + 10.1 s",
    (persistence) => {
      const { world, at } = restarted(persistence);
      expect(at).toBe(6000 + 10_100);
      expect(world.stale).toEqual([]);
    },
  );

  it.each(["longest", "table"] as const)(
    "LC-7: without the wait, %s answers stale",
    (persistence) => {
      const { world, at } = restarted(persistence, { waitAfterRestart: false });
      expect(at).toBe(6000);
      expect(world.stale.length).toBeGreaterThan(0);
    },
  );

  it("with the table only leased data wait, and their holders can be asked to drop", () => {
    const world = new LeaseWorld({ holders: 1, issuer: { persistence: "table" } });
    world.write("a");
    world.pass(1000);
    world.restartIssuer();
    const free = world.write("b");
    expect(world.appliedAt(free), "no lease is in the table").toBe(1000);
    world.read(1);
    world.pass(10);
    world.restartIssuer(issuerRecords(world.issuer, nowOf(world)));
    const leased = world.write("c");
    world.pass(0);
    expect(world.appliedAt(leased), "one recall and its answer").toBe(1010);
  });

  it("what a restart needs stays small: one record of the longest duration, or the leases that have not ended", () => {
    const world = base({ issuer: { persistence: "longest" } });
    world.write("a");
    for (let i = 0; i < 5; i++) {
      for (const at of [1, 2, 3]) world.read(at);
      world.pass(11_000);
    }
    expect(world.records.filter(({ type }) => type === "Longest")).toHaveLength(1);
    const table = base({ issuer: { persistence: "table" } });
    table.write("a");
    table.read(1);
    table.pass(11_000);
    table.read(2);
    table.pass(0);
    const kept = issuerRecords(table.issuer, nowOf(table));
    expect(kept.filter(({ type }) => type === "Granted")).toMatchObject([{ holder: 2n }]);
  });
});

const nowOf = (world: LeaseWorld) => ({
  ticks: ticks(Math.floor(world.time)),
  wall: { earliest: 0, latest: 0 },
});

describe("time", () => {
  /** The answer of a read is under way for `delay`; then the holder reads from its cache, once a second. */
  function delayed(delay: number, rules: Partial<LeaseRules>): LeaseWorld {
    const world = base({
      rules,
      latency: ({ message }) => (message.type === "Data" ? delay * 1000 : 0),
      holder: { readTicksMax: 60_000 },
    });
    world.write("a");
    world.read(1);
    world.pass(1000);
    world.write("b");
    for (let i = 0; i < 30; i++) {
      world.pass(1000);
      if (world.caches(1)) world.read(1);
    }
    return world;
  }

  it("LC-9: a grant that arrives after its own end is no lease, and still answers its read", () => {
    const world = delayed(12_000, {});
    expect(world.caches(1)).toBe(false);
    expect(world.answered).toMatchObject([{ at: 12_000, value: "a", cached: false }]);
  });

  it("without countFromSending it is used, and is stale", () => {
    expect(delayed(12_000, { countFromSending: false }).stale.length).toBeGreaterThan(0);
    expect(delayed(5_000, { countFromSending: false }).stale.length).toBeGreaterThan(0);
    expect(delayed(5_000, {}).stale).toEqual([]);
  });

  it("LC-10: a holder's time of day is set back an hour, and nothing changes", () => {
    const run = (wallOffset: number): LeaseWorld => {
      const world = base();
      world.write("a");
      world.read(1);
      world.pass(3000).wallOffsets.set(world.ids[0] as (typeof world.ids)[number], wallOffset);
      world.write("b");
      for (let i = 0; i < 20; i++) {
        world.pass(1000);
        world.read(1);
      }
      return world.pass(1000);
    };
    expect(run(-3_600_000).answered).toEqual(run(0).answered);
    expect(run(-3_600_000).stale).toEqual([]);
  });

  it("an answer to an earlier life of the holder starts no lease", () => {
    const world = base({ latency: () => null });
    world.write("a");
    world.read(1);
    world.deliverAll("Read");
    world.restartHolder(1).pass(9000);
    world.read(1);
    world.deliverAll("Data");
    expect([world.caches(1), world.answered]).toEqual([false, []]);
  });

  it("a cached answer says until when it may be used, for a pause can follow the look at the lease", () => {
    const world = base();
    world.read(1);
    world.pass(0);
    expect(world.holder(1).cached).toMatchObject({ version: 0, value: null, until: 9899 });
  });
});

describe("bounds and counts", () => {
  it("a miss costs 2 messages, a cached read none, a write without holders to ask none", () => {
    const world = base();
    world.write("a");
    world.read(1);
    world.pass(0);
    for (let i = 0; i < 100; i++) world.read(1);
    expect(Object.fromEntries(world.sent)).toEqual({ Read: 1, Data: 1 });
    expect(world.answered).toHaveLength(101);
  });

  it("beyond leasesMax readers get the value without a lease, until others have ended", () => {
    const world = base({ issuer: { leasesMax: 2 } });
    for (const at of [1, 2, 3]) world.read(at);
    world.pass(0);
    expect([1, 2, 3].map((at) => world.caches(at))).toEqual([true, true, false]);
    world.pass(11_000);
    world.read(3);
    world.pass(0);
    expect(world.caches(3)).toBe(true);
  });

  it("beyond writesMax and dataMax writes are refused; beyond waitingMax and readTicksMax reads fail", () => {
    const world = base({ issuer: { writesMax: 2 }, holder: { waitingMax: 1 } });
    world.read(1);
    world.pass(0);
    const writes = ["a", "b", "c"].map((value) => world.write(value));
    expect(world.refused).toEqual([writes[2]]);
    world.cut(2);
    const late = [world.read(2), world.read(2)];
    expect(world.failed).toEqual([late[1]]);
    const none = base({ issuer: { dataMax: 0 } });
    expect(none.refused).toEqual([]);
    none.write("a");
    expect(none.refused).toHaveLength(1);
  });
});
