import type { LogIndex } from "@quorate/kernel/core";
import { type PrimarySettings, primary } from "@quorate/kernel/primary";
import { idOf, type Name, type PrimaryCluster, primaryCluster } from "@quorate/sim";
import { describe, expect, it } from "vitest";

/** Nothing rides on anything, and every phase of every write is a message of its own. */
const EXPLICIT: Partial<PrimarySettings> = { batchEntriesMax: 1, commitNotice: "ride" };
const ASYNCHRONOUS: Partial<PrimarySettings> = { acks: 0, shrinkTicks: null, inSyncMin: 1 };
const SEMI: Partial<PrimarySettings> = { acks: 1, shrinkTicks: 10_000, inSyncMin: 1 };
const WRITE_ALL: Partial<PrimarySettings> = { shrinkTicks: null, inSyncMin: 1, reads: "any" };

function started(replicas: number, settings: Partial<PrimarySettings> = {}): PrimaryCluster {
  const c = primaryCluster({ replicas, seed: 1n, settings });
  expect(c.appoint("S1")).toBe(true);
  c.net.deliver();
  return c;
}

/** So many writes one after the other, each with all that follows from it; how many messages of each type they took. */
function counted(
  c: PrimaryCluster,
  writes: number,
): { readonly updates: number; readonly acks: number } {
  const before = [c.sent("Update"), c.sent("Ack")] as const;
  for (let i = 1; i <= writes; i++) c.write("S1", `k${i}`);
  return { updates: c.sent("Update") - before[0], acks: c.sent("Ack") - before[1] };
}

/** Time passes, and group 0 answers these, until nothing more is asked. */
function settle(c: PrimaryCluster, ...names: readonly Name[]): void {
  for (let i = 0; i < 4; i++) {
    c.net.run(1100);
    c.decide(...names).net.deliver();
  }
}

const keys = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `k${from + i}`);

const refused = (c: PrimaryCluster, key: string): unknown => c.outcomeOf(c.propose("S1", key)[0]);

describe("asynchronous (card 1)", () => {
  it("PA-1: 100 writes, no fault, four secondaries: exactly 400 updates, and nothing else", () => {
    const c = started(5, { ...ASYNCHRONOUS, ...EXPLICIT, inflightMessagesMax: 512 });
    expect(counted(c, 100)).toEqual({ updates: 400, acks: 0 });
    expect(c.appliedBy("S1")).toEqual(keys(1, 100));
    c.beat("S1");
    for (const name of c.names) expect(c.appliedBy(name)).toEqual(keys(1, 100));
  });

  it("PA-2: the primary dies with 7 acknowledged writes unsent: they are gone, and the report names exactly them", () => {
    const c = started(3, ASYNCHRONOUS).write("S1", ...keys(1, 90));
    c.propose("S1", ...keys(91, 97));
    c.net.lose();
    expect(c.appliedBy("S1")).toEqual(keys(1, 97));
    c.crash("S1").net.pass(60_001);
    expect(c.appoint("S2", { unclean: true })).toBe(true);
    c.write("S2", "new");
    expect(c.appliedBy("S2")).toEqual([...keys(1, 90), "new"]);

    // The first entry of the first epoch is a no-op: the key n is at the index n + 1.
    c.restart("S1").tell("S1").beat("S2");
    expect(c.lost).toEqual([{ at: idOf("S1"), from: 92, to: 98 }]);
  });

  it("PA-2: they are named as exactly after two changes of the primary, the first of which it never heard", () => {
    const c = started(3, ASYNCHRONOUS).write("S1", ...keys(1, 90));
    c.propose("S1", ...keys(91, 97));
    c.net.lose();
    c.crash("S1").net.pass(60_001);
    c.appoint("S2", { unclean: true });
    c.write("S2", ...keys(101, 120));
    c.crash("S2").net.pass(60_001);
    c.appoint("S3", { unclean: true });
    c.write("S3", "new");
    c.restart("S1").tell("S1");
    for (let i = 0; i < 3; i++) c.beat("S3");
    expect(c.lost).toEqual([{ at: idOf("S1"), from: 92, to: 98 }]);
  });

  it("PA-3: an old primary returns with a tail of the old epoch: it serves no reader before a snapshot has replaced what it applied", () => {
    const c = started(3, ASYNCHRONOUS).write("S1", "a");
    c.propose("S1", ...keys(1, 7));
    c.propose("S1", "hint");
    c.net.lose();
    c.crash("S1").net.pass(60_001);
    c.appoint("S2", { unclean: true });
    c.write("S2", "b");
    // What was committed when the last record was written is applied again, before anybody is heard.
    c.restart("S1");
    expect(c.appliedBy("S1")).toEqual(["a", ...keys(1, 7)]);
    expect(c.read("S1")).toBe(null);
    c.tell("S1").beat("S2").beat("S2");
    expect(c.read("S1")).toBe(null);
    expect(c.read("S1", "local"), "not even its own state").toBe(null);
    expect(c.transfers).toEqual([{ from: idOf("S2"), to: idOf("S1") }]);
    c.install().beat("S2");
    expect(c.read("S1")).not.toBe(null);
    expect(c.logOf("S1").filter((key) => key.startsWith("k"))).toEqual([]);
  });

  it("PA-3: what it had not applied is cut as its primary's log says", () => {
    const c = started(3, ASYNCHRONOUS).write("S1", "a");
    c.propose("S1", "k1");
    c.net.lose();
    c.crash("S1").net.pass(60_001);
    c.appoint("S2", { unclean: true });
    c.write("S2", "b");
    c.restart("S1").tell("S1").beat("S2");
    expect(c.logOf("S1")).toEqual(["a", "b"]);
    expect(c.lost).toEqual([{ at: idOf("S1"), from: 3, to: 3 }]);
    expect(c.read("S1")).not.toBe(null);
  });

  it("PA-5: a reader at a secondary waits until that has what the primary had; what it saw does not go back", () => {
    const c = started(3, ASYNCHRONOUS).write("S1", "a");
    c.propose("S1", "b");
    c.net.lose(({ to }) => to === idOf("S3"));
    c.net.deliver();
    const first = c.read("S2");
    expect(first).toBe(c.state("S1").commitIndex);
    // The other secondary lacks what this reader saw: it answers when it has it, and not before.
    expect(c.read("S3")).toBe(null);
    c.net.pass(c.settings.retransmitTicks);
    c.beat("S1");
    expect(c.read("S3")).toBe(first);
  });
});

describe("synchronous (card 2)", () => {
  it("PS-1: no fault, 100 writes, four secondaries: 400 updates and 400 acknowledgements", () => {
    expect(counted(started(5, EXPLICIT), 100)).toEqual({ updates: 400, acks: 400 });
  });

  it("a turn of many writes costs one update and one acknowledgement for each secondary, and the notice of the commit", () => {
    const c = started(5);
    const before = [c.sent("Update"), c.sent("Ack")] as const;
    c.write("S1", ...keys(1, 100));
    expect(c.sent("Update") - before[0]).toBe(8);
    expect(c.sent("Ack") - before[1]).toBe(4);
  });

  it("PS-2: strict, and one is missing: the write is refused, nobody serves it, and reads go on", () => {
    const c = started(3, { shrinkTicks: null }).write("S1", "a");
    c.crash("S3");
    for (let i = 0; i < 15; i++) c.beat("S1");
    expect(refused(c, "b")).toMatchObject({ code: "Rejected", definite: true });
    for (const name of ["S1", "S2"] as const) expect(c.appliedBy(name)).toEqual(["a"]);
    expect(c.read("S1")).toBe(c.state("S1").commitIndex);
    expect(c.read("S2")).toBe(c.state("S1").commitIndex);
    expect(c.wishes, "nobody is declared out of step").toEqual([]);

    c.restart("S3").tell("S3").beat("S1").write("S1", "b");
    expect(c.appliedBy("S3")).toEqual(["a", "b"]);
  });

  it("PS-3, shrink: a secondary that is cut off is out of step in group 0 before the first later commit, and its readers are refused", () => {
    const c = started(3).write("S1", "a");
    c.among("S1", "S2").write("S1", "b");
    expect(c.appliedBy("S1")).toEqual(["a"]);
    c.net.run(c.settings.shrinkTicks ?? 0);
    expect(c.wishes.map(({ petition }) => petition)).toEqual([
      { type: "inSync", inSync: [idOf("S1"), idOf("S2")] },
    ]);
    expect(c.appliedBy("S1"), "before group 0 has said so nothing is acknowledged").toEqual(["a"]);
    c.decide("S1").net.deliver();
    expect(c.inSync).toEqual(["S1", "S2"]);
    expect(c.appliedBy("S1")).toEqual(["a", "b"]);

    const id = c.nextId();
    c.net.input(idOf("S3"), { type: "Read", ids: [id], level: "readIndex" });
    expect(c.net.readable.has(id)).toBe(false);
    c.net.run(c.settings.readTicksMax + 1000);
    expect(c.outcomeOf(id)).toMatchObject({ code: "NoLeader", definite: true });
    expect(c.appoint("S3"), "nor may it be appointed").toBe(false);
  });

  it("PS-3: it comes back into step when it has all, and is waited for from when that is asked for", () => {
    const c = started(3).among("S1", "S2").write("S1", "a");
    c.net.run(c.settings.shrinkTicks ?? 0);
    c.decide("S1", "S2").net.deliver();
    c.net.heal();
    c.net.pass(c.settings.retransmitTicks);
    c.beat("S1");
    expect(c.wishes.map(({ petition }) => petition)).toEqual([
      { type: "inSync", inSync: [idOf("S1"), idOf("S2"), idOf("S3")] },
    ]);
    c.propose("S1", "b");
    c.net.lose(({ to }) => to === idOf("S3"));
    c.net.deliver();
    expect(c.appliedBy("S1")).toEqual(["a"]);
    c.decide();
    expect(c.inSync).toEqual(["S1", "S2", "S3"]);
    c.net.run(c.settings.retransmitTicks);
    expect(c.appliedBy("S1")).toEqual(["a", "b"]);
  });

  it("a wish that was lost is repeated: one who was to come into step and died does not hold up writes for ever", () => {
    const c = started(3).among("S1", "S2").write("S1", "a");
    c.net.run(c.settings.shrinkTicks ?? 0);
    c.decide("S1", "S2").net.deliver();
    c.net.heal();
    c.net.pass(c.settings.retransmitTicks);
    c.beat("S1").forget().crash("S3").write("S1", "b");
    expect(c.appliedBy("S1")).toEqual(["a"]);
    settle(c, "S1", "S2");
    expect(c.inSync).toEqual(["S1", "S2"]);
    expect(c.appliedBy("S1")).toEqual(["a", "b"]);
  });

  it("PS-4, degrade after 10 s: the set falls to the primary once, and rises when a secondary has caught up", () => {
    const c = started(3, SEMI).write("S1", "a").among("S1");
    c.write("S1", "b");
    c.net.run(9900);
    expect(c.wishes).toEqual([]);
    c.net.run(200);
    c.decide("S1");
    expect(c.inSync).toEqual(["S1"]);
    const { version } = c.office;
    c.net.deliver();
    expect(c.appliedBy("S1")).toEqual(["a", "b"]);
    c.net.run(10_000);
    c.decide("S1");
    expect(c.office.version, "once").toBe(version);

    c.net.heal();
    settle(c, "S1", "S2", "S3");
    expect(c.inSync).toEqual(["S1", "S2", "S3"]);
  });

  it("PS-4: what the primary acknowledged alone is named when it returns after another was appointed", () => {
    const c = started(3, SEMI).write("S1", "a").among("S1");
    c.write("S1", "b", "c");
    c.net.run(10_100);
    c.decide("S1");
    expect(c.appliedBy("S1")).toEqual(["a", "b", "c"]);
    c.crash("S1").net.pass(60_001);
    expect(c.appoint("S2", { told: ["S2", "S3"] }), "it may lack what was acknowledged").toBe(
      false,
    );
    expect(c.appoint("S2", { told: ["S2", "S3"], unclean: true })).toBe(true);
    c.net.heal();
    c.write("S2", "d").restart("S1").tell("S1");
    for (let i = 0; i < 3; i++) c.beat("S2");
    expect(c.lost).toEqual([{ at: idOf("S1"), from: 3, to: 4 }]);
  });

  it("PS-5: an acknowledgement of an old epoch is not counted in a later one", () => {
    const c = started(3).write("S1", "a");
    c.propose("S1", "b");
    c.net.deliver(({ message }) => message.type === "Update");
    const old = c.captured("S1", "Ack");
    expect(old.message).toMatchObject({ epoch: 1, state: "Holds", match: 3 });
    c.net.lose();
    c.crash("S1").restart("S1").tell("S1").decide("S1");
    expect(c.office.epoch).toBe(2);
    const before = c.state("S1");
    expect(before.role.type).toBe("Leader");
    c.net.arrive(old).arrive({ ...old, from: idOf("S3") });
    expect(c.state("S1")).toMatchObject({ commitIndex: before.commitIndex, role: before.role });
  });

  it("PS-6: at least two in step of three, and two die: writes are refused, and what is committed is read", () => {
    const c = started(3).write("S1", "a");
    c.crash("S2", "S3").propose("S1", "b");
    c.net.run(c.settings.shrinkTicks ?? 0);
    c.decide("S1");
    // Out of step they would be of no use to anybody, and S1 alone would have what was acknowledged.
    expect(c.inSync).toEqual(["S1", "S2", "S3"]);
    expect(refused(c, "c")).toMatchObject({
      code: "Rejected",
      definite: true,
      message: expect.stringContaining("read-only"),
    });
    expect(c.read("S1")).toBe(c.state("S1").commitIndex);
    c.restart("S2");
    settle(c, "S1", "S2");
    c.net.run(c.settings.shrinkTicks ?? 0);
    c.decide("S1", "S2").net.deliver();
    expect(c.inSync).toEqual(["S1", "S2"]);
    expect(c.appliedBy("S1")).toEqual(["a", "b"]);
  });

  it("PS-6: two of three die, and then the primary: whichever comes back has all that was acknowledged", () => {
    const c = started(3).write("S1", "a");
    c.crash("S2", "S3").propose("S1", "b");
    c.net.run(c.settings.shrinkTicks ?? 0);
    c.decide("S1").crash("S1");
    c.net.pass(60_001);
    c.restart("S3");
    expect(c.appoint("S3")).toBe(true);
    c.restart("S2");
    settle(c, "S3", "S2");
    expect(c.appliedBy("S3")).toEqual(["a"]);
    expect(c.violations).toEqual([]);
  });

  it("PS-7: all crash, and the first to return lacks what it had not synced: only who is in step may be appointed", () => {
    const c = started(3).among("S1", "S2").write("S1", "a");
    c.net.run(c.settings.shrinkTicks ?? 0);
    c.decide("S1", "S2").net.deliver();
    expect(c.appliedBy("S1")).toEqual(["a"]);
    c.crash("S1", "S2", "S3").net.heal();
    c.net.pass(60_001);
    c.restart("S3");
    expect(c.appoint("S3")).toBe(false);
    c.restart("S2");
    expect(c.appoint("S2")).toBe(true);
    settle(c, "S2", "S3");
    for (const name of ["S2", "S3"] as const) expect(c.appliedBy(name)).toEqual(["a"]);
    expect(c.violations).toEqual([]);
  });

  it("PS-7: what is not synced is not acknowledged, and counts for nobody's standing", () => {
    const c = started(3).write("S1", "a");
    c.net.holdSync(idOf("S2"));
    c.write("S1", "b");
    expect(c.appliedBy("S1")).toEqual(["a"]);
    const { durableIndex, log } = c.state("S2");
    expect([durableIndex, log.lastIndex]).toEqual([2, 3]);
  });
});

describe("k of n", () => {
  it("what a replica says of its standing is what its disk holds: the rest a power cut may take before it is appointed", () => {
    const c = started(3, SEMI).write("S1", "a");
    c.net.holdSync(idOf("S2"));
    c.write("S1", "b");
    expect(c.appliedBy("S1"), "S3 has acknowledged it").toEqual(["a", "b"]);
    const standing = (name: Name) => primary(c.settings).standing(c.state(name));
    expect(standing("S2").durable).toEqual({ epoch: 1, index: 2 });
    expect(standing("S3").durable).toEqual({ epoch: 1, index: 3 });
  });

  it("a replica that forked, or is taking a snapshot in, is fit for no office", () => {
    const c = started(3, SEMI).write("S1", "a");
    c.net.input(idOf("S2"), { type: "Installing", at: { epoch: 1, index: 9 as LogIndex } });
    expect(primary(c.settings).standing(c.state("S2")).unfit).toBe(true);
    expect(c.appoint("S2", { wait: false })).toBe(true);
    expect(c.acting()).not.toContain("S2");
    expect(c.wishes.at(-1)?.petition).toEqual({ type: "resign", to: null });
  });

  it("while a third is asked into step a write still waits for one of the two: either set may be in force", () => {
    const c = started(3, SEMI).write("S1", "a").among("S1", "S2");
    // Two in step.
    c.authority.petition(c.office.version, { type: "inSync", inSync: [idOf("S1"), idOf("S2")] });
    c.tell().net.heal();
    c.net.run(1000);
    expect(c.wishes.length).toBeGreaterThan(0);
    c.among("S1", "S3").write("S1", "b");
    expect(c.appliedBy("S1"), "S3 has it, and S2 alone is who may be appointed").toEqual(["a"]);
    c.decide("S1");
    expect(c.inSync).toEqual(["S1", "S2", "S3"]);
    expect(c.appliedBy("S1")).toEqual(["a", "b"]);
  });
});

describe("write all, read one (card 3)", () => {
  const alone: Name = "S3";

  it("WA-1: five replicas, four down: the one that is left is read, and no write is taken", () => {
    const c = started(5, WRITE_ALL).write("S1", "a");
    c.crash(...c.names.filter((name) => name !== alone));
    expect(c.read(alone)).toBe(c.state(alone).commitIndex);
    expect(c.appliedBy(alone)).toEqual(["a"]);
    const [id] = c.propose(alone, "b");
    expect(c.outcomeOf(id)).toMatchObject({ ok: false, definite: true });
  });

  it("WA-1: nor where it is the primary that is left", () => {
    const c = started(5, WRITE_ALL).write("S1", "a").crash("S2", "S3", "S4", "S5");
    for (let i = 0; i < 15; i++) c.beat("S1");
    expect(c.read("S1")).toBe(c.state("S1").commitIndex);
    expect(refused(c, "b")).toMatchObject({ ok: false, definite: true });
  });

  it("WA-2: one fails during the write: it is visible nowhere", () => {
    const c = started(3, WRITE_ALL).write("S1", "a").crash("S3").write("S1", "b");
    for (const name of ["S1", "S2"] as const) expect(c.appliedBy(name)).toEqual(["a"]);
    expect(c.read("S1")).toBe(2);
    // Its log holds what may yet be acknowledged: its reader waits for how that ends.
    expect(c.read("S2")).toBe(null);
  });

  it.each([
    ["completes it", "S2", ["a", "b"]],
    ["removes it", "S5", ["a"]],
  ] as const)(
    "WA-3: the primary dies between the third and the fourth replica: recovery %s, as the log of the next one says",
    (_, next, left) => {
      const c = started(5, WRITE_ALL).write("S1", "a");
      c.propose("S1", "b");
      c.net.lose(({ to }) => to === idOf("S4") || to === idOf("S5"));
      c.net.deliver();
      c.crash("S1").net.pass(60_001);
      expect(c.appoint(next)).toBe(true);
      c.restart("S1").tell("S1").beat(next).beat(next);
      for (const name of c.names) expect(c.appliedBy(name)).toEqual(left);
      for (const name of c.names) expect(c.read(name)).not.toBe(null);
      expect(c.lost).toEqual([]);
      expect(c.violations).toEqual([]);
    },
  );
});
