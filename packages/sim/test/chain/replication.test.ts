import type { ChainSettings } from "@quorate/kernel/chain";
import { requestId } from "@quorate/kernel/core";
import { type ChainCluster, chainCluster, idOf, type Name, primaryCluster } from "@quorate/sim";
import { describe, expect, it } from "vitest";

/** S1 is the head, and those who answer readers know that they may. */
function started(replicas: number, settings: Partial<ChainSettings> = {}): ChainCluster {
  const c = chainCluster({ replicas, seed: 10n, settings });
  expect(c.appoint("S1")).toBe(true);
  c.net.run(300);
  return c;
}

/** Time passes, and group 0 answers these; by then whoever is silent is out of step, and whoever is back is in the chain. */
function settle(c: ChainCluster, ...told: readonly Name[]): void {
  for (let i = 0; i < 8; i++) {
    c.net.run(300);
    c.decide(...told).net.deliver();
  }
}

const keys = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `k${from + i}`);

const messages = (c: ChainCluster): number =>
  (["Update", "Ack", "Ask", "Answer"] as const).reduce((sum, type) => sum + c.sent(type), 0);

const orderOf = (c: ChainCluster, name: Name): readonly Name[] =>
  (c.state(name).chain?.order ?? []).map((id): Name => `S${Number(id)}`);

/** The tenure is over, and this one is appointed. */
function appoint(c: ChainCluster, name: Name): void {
  c.net.pass(60_001);
  expect(c.appoint(name)).toBe(true);
  c.net.deliver();
}

describe("a write (card 10)", () => {
  it.each([
    [3, 4],
    [5, 8],
    [2, 2],
  ])("CR-1: in a chain of %i it takes %i messages", (replicas, count) => {
    const c = started(replicas);
    const before = messages(c);
    for (let i = 1; i <= 10; i++) c.write("S1", `k${i}`);
    expect(messages(c) - before).toBe(10 * count);
    for (const name of c.names) expect(c.appliedBy(name)).toEqual(keys(1, 10));
  });

  it("is committed by the tail first, and by the head last, which then answers", () => {
    const c = started(3);
    c.propose("S1", "a");
    c.net.deliver(({ message }) => message.type === "Update");
    expect(c.names.map((name) => c.appliedBy(name).length)).toEqual([0, 0, 1]);
    c.net.deliver(({ to }) => to === idOf("S2"));
    expect(c.names.map((name) => c.appliedBy(name).length)).toEqual([0, 1, 1]);
    c.net.deliver();
    expect(c.names.map((name) => c.appliedBy(name).length)).toEqual([1, 1, 1]);
  });

  it("is on every disk before it is on the next: with the second's disk held nothing reaches the third", () => {
    const c = started(3);
    c.net.holdSync(idOf("S2"));
    c.write("S1", "a", "b");
    expect(c.logOf("S2")).toEqual(["a", "b"]);
    expect(c.logOf("S3")).toEqual([]);
    c.net.sync(idOf("S2"));
    c.net.deliver();
    expect(c.appliedBy("S1")).toEqual(["a", "b"]);
  });

  it("of which the acknowledgement was lost is acknowledged with the next, or by the next question", () => {
    const c = started(3);
    c.propose("S1", "a");
    c.net.deliver(({ message }) => message.type === "Update");
    c.net.lose();
    expect(c.appliedBy("S1")).toEqual([]);
    c.net.run(200);
    expect(c.appliedBy("S1")).toEqual(["a"]);
  });
});

describe("repair (card 10)", () => {
  it.each(["S1", "S2", "S3"] as const)(
    "CR-2: %s dies in the middle of 1000 writes: none that was acknowledged is lost, and the rest of the chain has the same",
    (victim) => {
      const c = started(3);
      for (let i = 1; i <= 500; i++) {
        c.propose("S1", `k${i}`);
        // Some are on their way at any time.
        c.net.deliver(() => true, 3);
      }
      const acknowledged = c.appliedBy("S1");
      expect(acknowledged.length).toBeGreaterThan(100);
      expect(acknowledged.length).toBeLessThan(500);
      c.crash(victim);
      if (victim === "S1") appoint(c, "S2");
      const head = victim === "S1" ? "S2" : "S1";
      settle(c);
      const left = c.names.filter((name) => name !== victim);
      expect(c.inSync).toEqual(left);
      expect(orderOf(c, head)).toEqual(left);
      for (let i = 501; i <= 1000; i++) c.write(head, `k${i}`);
      const all = c.appliedBy(head);
      expect(all.slice(0, acknowledged.length)).toEqual(acknowledged);
      expect(all.slice(-500)).toEqual(keys(501, 1000));
      for (const name of left) expect(c.appliedBy(name)).toEqual(all);

      // It comes back behind the tail.
      c.restart(victim).tell(victim);
      settle(c);
      expect(orderOf(c, head)).toEqual([...left, victim]);
      expect(c.appliedBy(victim)).toEqual(all);
      expect(c.violations).toEqual([]);
    },
  );

  it("the tail dies: what its predecessor holds is committed", () => {
    const c = started(3);
    c.propose("S1", "a");
    c.net.deliver(({ to }) => to === idOf("S2"));
    c.crash("S3").net.lose();
    expect(c.appliedBy("S2")).toEqual([]);
    settle(c);
    expect(c.appliedBy("S1")).toEqual(["a"]);
  });

  it("the middle dies: the head sends its successor what that lacks, and no more", () => {
    const c = started(3).write("S1", "a", "b");
    c.propose("S1", "c");
    c.crash("S2").net.lose();
    c.net.run(1100);
    c.decide().net.wake(idOf("S1"));
    const carried: number[] = [];
    while (c.net.flights.length > 0) {
      for (const { to, message } of c.net.flights.slice(0, 1))
        if (to === idOf("S3") && message.type === "Update") carried.push(message.entries.length);
      c.net.deliver(() => true, 1);
    }
    expect(c.appliedBy("S3")).toEqual(["a", "b", "c"]);
    expect(Math.max(...carried), "of three entries the one that was on its way").toBe(1);
    expect(c.transfers).toEqual([]);
  });

  it("a link in the middle breaks though the head hears both ends: one of them is left out", () => {
    const c = started(3, { inSyncMin: 1 });
    c.net.cut(idOf("S2"), idOf("S3")).cut(idOf("S3"), idOf("S2"));
    c.write("S1", "a");
    settle(c);
    expect(c.inSync).toEqual(["S1", "S2"]);
    expect(c.appliedBy("S1")).toEqual(["a"]);
  });

  it("nobody is left out while too few would remain: writes wait until somebody is back", () => {
    const c = started(3).crash("S2", "S3");
    const [id] = c.propose("S1", "a");
    settle(c);
    expect(c.inSync).toEqual(["S1", "S2", "S3"]);
    expect(c.appliedBy("S1")).toEqual([]);
    settle(c.restart("S3").tell("S3"));
    expect(c.inSync).toEqual(["S1", "S3"]);
    expect(c.appliedBy("S1")).toEqual(["a"]);
    expect(c.outcomeOf(id), "nothing was refused").toBe(null);
  });

  it("CR-5: a tail is added by a snapshot and what came since: no gap, while writes go on", () => {
    const c = started(3).crash("S3");
    settle(c);
    for (let i = 1; i <= 50; i++) c.write("S1", `k${i}`);
    for (const name of ["S1", "S2"] as const)
      c.net.input(idOf(name), { type: "Compact", upTo: c.state(name).lastApplied });
    c.restart("S3").tell("S3").net.run(300);
    // Who stands before it streams it, not the head.
    expect(c.transfers).toContainEqual({ from: idOf("S2"), to: idOf("S3") });
    for (let i = 51; i <= 60; i++) c.write("S1", `k${i}`);
    c.install();
    for (let i = 61; i <= 70; i++) c.write("S1", `k${i}`);
    settle(c);
    expect(orderOf(c, "S1")).toEqual(["S1", "S2", "S3"]);
    expect(c.inSync).toEqual(["S1", "S2", "S3"]);
    c.write("S1", "last");
    const [one, two, three] = c.names.map((name) => c.state(name));
    expect(three?.commitIndex).toBe(one?.commitIndex);
    expect(three?.log.last).toEqual(two?.log.last);
    expect(c.violations).toEqual([]);
  });

  it("a replica that lost its disk leaves the chain, and is whole when it stands at its end again", () => {
    const c = started(3).write("S1", ...keys(1, 5));
    c.crash("S2").repair("S2", 100);
    expect(c.state("S2").repairing).toBe(true);
    settle(c);
    expect(orderOf(c, "S1")).toEqual(["S1", "S3", "S2"]);
    expect(c.inSync).toEqual(["S1", "S2", "S3"]);
    expect(c.state("S2").repairing).toBe(false);
    expect(c.appliedBy("S2")).toEqual(keys(1, 5));
  });
});

describe("reads (card 10)", () => {
  it("cost two messages anywhere but at the tail, and none there", () => {
    const c = started(3).write("S1", "a");
    for (const [name, count] of [
      ["S1", 2],
      ["S2", 2],
      ["S3", 0],
    ] as const) {
      const before = messages(c);
      expect(c.read(name)).toBe(2);
      expect(messages(c) - before).toBe(count);
    }
  });

  it("CR-3: a tail that is cut off answers while the others wait for it, and nobody when its lease is over", () => {
    const c = started(3).write("S1", "a").among("S1", "S2");
    expect(c.read("S3")).toBe(2);
    c.propose("S1", "b");
    c.net.run(500);
    expect(c.appliedBy("S1"), "nothing is acknowledged before").toEqual(["a"]);
    expect(c.read("S3")).toBe(2);
    settle(c, "S1", "S2");
    expect(c.appliedBy("S1")).toEqual(["a", "b"]);
    expect(c.read("S3")).toBe(null);
    expect(c.read("S3", "local"), "its own state").toBe(2);
    expect(c.read("S2")).toBe(c.state("S1").commitIndex);
  });

  it("CRAQ: with nothing uncommitted any member of the chain answers, without a message", () => {
    const c = started(3, { reads: "any" }).write("S1", "a");
    const before = messages(c);
    for (const name of c.names) expect(c.read(name)).toBe(2);
    expect(messages(c)).toBe(before);
  });

  it.each([true, false])(
    "CR-4: a member that has forwarded a write asks the tail: a later reader sees what an earlier one saw (committed: %s)",
    (committed) => {
      const c = started(3, { reads: "any" }).write("S1", "a");
      c.propose("S1", "b");
      c.net.deliver(
        ({ to, message }) => message.type === "Update" && (committed || to !== idOf("S3")),
      );
      const shown = c.net.input(idOf("S3"), {
        type: "Read",
        ids: [requestId(900)],
        level: "readIndex",
      });
      expect(shown.readable.get(requestId(900))).toBe(committed ? 3 : 2);
      const [asks, answers] = [c.sent("Ask"), c.sent("Answer")];
      c.net.input(idOf("S2"), { type: "Read", ids: [requestId(901)], level: "readIndex" });
      c.net.deliver(({ message }) => message.type === "Ask" || message.type === "Answer");
      expect([c.sent("Ask") - asks, c.sent("Answer") - answers]).toEqual([1, 1]);
      // What it may show it has to know to be committed: the tail's acknowledgement is on its way.
      c.net.deliver(({ message }) => message.type === "Ack");
      expect(c.net.readable.get(requestId(901))).toBe(committed ? 3 : 2);
    },
  );
});

it.each([2, 3])(
  "of %i replicas one that lost its memory and cannot be spared is made whole where it stands, and reads go on",
  (replicas) => {
    const c = chainCluster({ replicas, seed: 10n });
    c.appoint("S1");
    c.net.run(300);
    c.write("S1", "a", "b");
    if (replicas === 3) c.crash("S3");
    c.crash("S2").repair("S2", 1).tell("S2");
    const goOn = (): void => {
      for (let i = 0; i < 40; i++) {
        c.net.run(300);
        c.decide().net.deliver();
        while (c.transfers.length > 0) c.install().net.deliver();
      }
    };
    goOn();
    if (replicas === 3) c.restart("S3").tell("S3");
    goOn();
    expect(c.state("S2").repairing).toBe(false);
    c.write("S1", "c");
    for (const name of c.names) expect(c.appliedBy(name)).toEqual(["a", "b", "c"]);
    for (const name of c.names) expect(c.read(name)).not.toBeNull();
    expect(c.violations).toEqual([]);
  },
);

it.each([
  ["chain", chainCluster],
  ["primary", primaryCluster],
] as const)(
  "%s: who has resigned and is asked to hand over again does not act again",
  (_, make) => {
    const c = make({ replicas: 3, seed: 10n });
    c.appoint("S1");
    c.net.run(300);
    c.write("S1", "a");
    const hand = (to: "S2" | "S3"): ReturnType<typeof c.nextId> => {
      const id = c.nextId();
      c.net.input(idOf("S1"), { type: "TransferLeadership", id, to: idOf(to) });
      return id;
    };
    hand("S2");
    // Granted, and S1 does not hear of it.
    c.grant("S2", 60_000).decide("S2", "S3");
    c.among("S2", "S3");
    for (let i = 0; i < 12; i++) {
      c.net.run(300);
      c.decide("S2", "S3").net.deliver();
    }
    c.write("S2", "b");
    expect(c.appliedBy("S2")).toEqual(["a", "b"]);
    expect(c.read("S1")).toBeNull();
    expect(c.outcomeOf(hand("S3"))).toMatchObject({ code: "NotLeader", leaderHint: idOf("S2") });
    expect(c.read("S1")).toBeNull();
    expect(c.outcomeOf(c.propose("S1", "c")[0])).toMatchObject({ code: "NotLeader" });
  },
);
