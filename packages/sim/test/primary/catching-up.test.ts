import { idOf, type Name, type PrimaryCluster, primaryCluster } from "@quorate/sim";
import { describe, expect, it } from "vitest";

function started(replicas = 3): PrimaryCluster {
  const c = primaryCluster({ replicas, seed: 9n });
  c.appoint("S1");
  c.net.deliver();
  return c;
}

/** The first primary dies with three entries that one secondary has and nobody acknowledged; another one is appointed. */
function dirty(): PrimaryCluster {
  const c = started().write("S1", "a");
  c.propose("S1", "d1", "d2", "d3");
  c.net.lose(({ to }) => to === idOf("S3"));
  c.net.deliver();
  c.crash("S1").net.pass(60_001);
  expect(c.logOf("S2")).toEqual(["a", "d1", "d2", "d3"]);
  c.appoint("S3");
  return c;
}

describe("redo, undo and catch-up (card 9)", () => {
  it("CU-1: a tail of three dirty entries is replaced", () => {
    const c = dirty();
    c.net.deliver();
    expect(c.logOf("S2")).toEqual(["a"]);
    c.propose("S3", "b");
    c.net.deliver();
    c.restart("S1").tell("S1").beat("S3").beat("S3");
    for (const name of c.names) expect(c.logOf(name)).toEqual(["a", "b"]);
    for (const name of c.names) expect(c.appliedBy(name)).toEqual(["a", "b"]);
    expect(c.violations).toEqual([]);
  });

  it("CU-1: the tail is cut on the disk before anything is said of it: it does not come back with a restart", () => {
    const c = dirty();
    c.net.deliver();
    c.crash("S2").restart("S2");
    expect(c.logOf("S2")).toEqual(["a"]);
  });

  it("CU-2: a late repetition of older entries does not cut newer ones", () => {
    const c = started();
    c.propose("S1", "a");
    const old = c.captured("S2", "Update");
    c.net.deliver();
    c.write("S1", "b", "c");
    c.net.arrive(old).arrive(old);
    c.net.deliver();
    expect(c.logOf("S2")).toEqual(["a", "b", "c"]);
    expect(c.state("S2").durableIndex).toBe(4);
  });

  it.each(["before its checkpoint is durable", "after"] as const)(
    "CU-3: a crash in the middle of the installation of a snapshot, %s, leaves old or new and never half",
    (when) => {
      const c = started().write("S1", "a").among("S1", "S2");
      c.write("S1", "b");
      c.net.run(1100);
      c.decide("S1", "S2").net.deliver();
      for (const name of ["S1", "S2"] as const)
        c.net.input(idOf(name), { type: "Compact", upTo: c.state(name).lastApplied });
      c.net.heal();
      c.net.pass(c.settings.retransmitTicks);
      c.beat("S1").beat("S1");
      expect(c.transfers).toEqual([{ from: idOf("S1"), to: idOf("S3") }]);
      const at = { index: c.state("S1").lastApplied, epoch: 1 };
      if (when === "after") c.install();
      else c.net.input(idOf("S3"), { type: "Installing", at });
      expect(c.state("S3").log.lastIndex).toBe(when === "after" ? at.index : 2);
      c.crash("S3").restart("S3").tell("S3");
      expect(c.state("S3")).toMatchObject({
        installing: null,
        commitIndex: when === "after" ? at.index : expect.any(Number),
      });
      c.net.input(idOf("S1"), { type: "Transferred", to: idOf("S3"), at, ok: when === "after" });
      for (let i = 0; i < 3; i++) c.beat("S1");
      while (c.transfers.length > 0) c.install();
      c.net.run(1000);
      expect(c.state("S3").log.lastIndex).toBe(c.state("S1").log.lastIndex);
      expect(c.violations).toEqual([]);
    },
  );

  it("CU-4: a secondary for which the log begins too late gets a snapshot and the log behind it, and writes go on meanwhile", () => {
    const c = started().write("S1", "a").among("S1", "S2");
    c.write("S1", "b");
    c.net.run(1100);
    c.decide("S1", "S2").net.deliver();
    for (const name of ["S1", "S2"] as const)
      c.net.input(idOf(name), { type: "Compact", upTo: c.state(name).lastApplied });
    c.net.heal();
    c.net.pass(c.settings.retransmitTicks);
    c.beat("S1").beat("S1").write("S1", "c");
    expect(c.appliedBy("S1")).toEqual(["a", "b", "c"]);
    expect(c.appliedBy("S3")).toEqual(["a"]);
    c.install().write("S1", "d");
    c.net.run(1000);
    expect(c.logOf("S3"), "the snapshot holds the rest").toEqual(["d"]);
    expect(c.state("S3").commitIndex).toBe(c.state("S1").commitIndex);
    c.decide();
    expect(c.inSync).toEqual(["S1", "S2", "S3"]);
  });

  it("a replica whose disk lost records acknowledges nothing and takes no office before a snapshot has made it whole", () => {
    const c = started().write("S1", "a", "b").crash("S2");
    c.repair("S2", 2).tell("S2");
    c.write("S1", "c");
    expect(c.appliedBy("S1"), "it is in step, and has not got it").toEqual(["a", "b"]);
    c.net.run(600);
    expect(c.transfers).toEqual([{ from: idOf("S1"), to: idOf("S2") }]);
    expect(c.read("S2", "local")).toBe(null);
    c.install().net.run(1000);
    expect(c.appliedBy("S1")).toEqual(["a", "b", "c"]);
    expect(c.state("S2").repairing).toBe(false);
    expect(c.state("S2").commitIndex).toBe(c.state("S1").commitIndex);
  });

  it("appointed while it is not whole it gives the office back", () => {
    const c = started().write("S1", "a").crash("S1", "S2");
    c.repair("S2", 1).net.pass(60_001);
    expect(c.appoint("S2")).toBe(true);
    expect(c.acting()).toEqual([]);
    c.decide();
    expect(c.office.primary).toBe(null);
    expect(c.appoint("S3")).toBe(true);
    expect(c.acting()).toEqual(["S3"]);
  });
});

describe("handing over", () => {
  it("DP-6, stepped: the old primary takes no more writes, the new one holds all, and group 0 need not wait", () => {
    const c = started().write("S1", "a");
    c.net.input(idOf("S1"), { type: "TransferLeadership", id: c.nextId(), to: idOf("S2") });
    const [late] = c.propose("S1", "late");
    expect(c.outcomeOf(late)).toMatchObject({ code: "NotLeader", definite: true });
    c.grant("S2", 2000).decide();
    expect(c.acting()).toContain("S2");
    c.write("S2", "b");
    for (const name of c.names) expect(c.appliedBy(name)).toEqual(["a", "b"]);
  });

  it("a hand-over to one who does not answer is given up, and writes are taken again", () => {
    const c = started().write("S1", "a").among("S1", "S3");
    c.propose("S1", "b");
    const id = c.nextId();
    c.net.input(idOf("S1"), { type: "TransferLeadership", id, to: idOf("S2") });
    c.net.run(c.settings.handOverTicksMax + c.settings.heartbeatTicks);
    expect(c.outcomeOf(id)).toMatchObject({ code: "Timeout", definite: false });
    expect(c.outcomeOf(c.propose("S1", "c")[0])).toBe(null);
  });

  it("to one out of step, or to a stranger, it is refused", () => {
    const c = started().among("S1", "S2").write("S1", "a");
    c.net.run(1100);
    c.decide("S1").net.deliver();
    const id = c.nextId();
    c.net.input(idOf("S1"), { type: "TransferLeadership", id, to: idOf("S3") });
    expect(c.outcomeOf(id)).toMatchObject({ code: "BadTransferee", definite: true });
  });

  it("to one who falls out of step meanwhile it is given up: group 0 would refuse, and nobody would act", () => {
    const c = primaryCluster({ replicas: 3, seed: 9n, settings: { shrinkTicks: 200 } });
    c.appoint("S1");
    c.net.deliver();
    c.among("S1", "S3");
    c.propose("S1", "a");
    const id = c.nextId();
    c.net.input(idOf("S1"), { type: "TransferLeadership", id, to: idOf("S2") });
    c.net.run(300);
    c.decide();
    expect(c.inSync).toEqual(["S1", "S3"]);
    c.net.heal();
    c.net.run(600);
    expect(c.outcomeOf(id)).toMatchObject({ code: "BadTransferee", definite: true });
    c.write("S1", "b");
    expect(c.logOf("S2")).toEqual(["a", "b"]);
    expect(c.acting()).toEqual(["S1"]);
    expect(c.state("S1").role).toMatchObject({ handOver: null });
  });

  it("who has resigned does nothing more in that office, until group 0 says that it is its own still", () => {
    const c = started().write("S1", "a");
    c.net.input(idOf("S1"), { type: "Yield", heir: false });
    expect(c.outcomeOf(c.propose("S1", "b")[0])).toMatchObject({ code: "NotLeader" });
    expect(c.read("S1")).toBe(null);
    // The wish is lost; another one, made before, was granted.
    c.forget();
    const { inSync, version } = c.office;
    c.authority.petition(version, { type: "inSync", inSync });
    c.tell();
    expect(c.outcomeOf(c.propose("S1", "c")[0])).toBe(null);
    c.net.deliver();
    expect(c.appliedBy("S2")).toEqual(["a", "c"]);
  });

  it("who may not serve gives the office to another every time: two such would hand it to each other for ever", () => {
    const c = started().write("S1", "a").grant("S2", 60_000).grant("S3", 60_000);
    const held: Name[] = [];
    for (let i = 0; i < 6; i++) {
      const [holder] = c.acting();
      if (holder === undefined) throw new RangeError("nobody acts");
      held.push(holder);
      // S3 is the only one whose memory is right.
      if (holder !== "S3") c.net.input(idOf(holder), { type: "Yield", heir: true });
      c.net.run(300);
      c.decide();
      c.net.run(300);
    }
    expect(held[5]).toBe("S3");
    expect(c.logOf("S3")).toEqual(["a"]);
  });

  it("members are those of the founding: a change is refused, and says what to do", () => {
    const c = started();
    const id = c.nextId();
    const change = { voters: [idOf("S1")], learners: [] };
    c.net.input(idOf("S1"), { type: "ChangeMembers", id, change, epoch: 1 });
    expect(c.outcomeOf(id)).toMatchObject({ code: "ChangeRefused", definite: true });
  });
});

describe("time", () => {
  it("wakeAt is never in the past once it has rung: no role and no reader makes it spin", () => {
    const c = started();
    const look = (names: readonly Name[]): void => {
      for (const name of names) {
        const at = c.net.wakeAt(idOf(name));
        if (at === null || at > c.net.now.ticks) continue;
        c.net.wake(idOf(name));
        expect(c.net.wakeAt(idOf(name)) ?? Number.MAX_SAFE_INTEGER).toBeGreaterThan(
          c.net.now.ticks,
        );
      }
    };
    c.write("S1", "a").among("S1");
    c.propose("S1", "b");
    for (const name of c.names)
      c.net.input(idOf(name), { type: "Read", ids: [c.nextId()], level: "readIndex" });
    c.net.input(idOf("S1"), { type: "Yield", heir: true });
    // Past the tenure, the readers' patience and the hand-over.
    for (let millis = 0; millis < 70_000; millis += 7) {
      c.net.pass(7);
      look(c.names);
    }
    c.net.lose();
  });

  it("a primary's disk that hangs makes it give the office back; a disk that writes again makes it fit", () => {
    const c = started().write("S1", "a");
    c.net.holdSync(idOf("S1"));
    c.write("S1", "b");
    c.net.run(c.settings.hungTicks + c.settings.heartbeatTicks);
    expect(c.wishes.map(({ petition }) => petition)).toContainEqual({ type: "resign", to: null });
    c.net.sync(idOf("S1"));
    expect(c.state("S1").hung).toBe(false);
  });
});
