import { requestId } from "@quorate/kernel/core";
import { idOf, type Name, PaxosCluster, put } from "@quorate/sim";
import { describe, expect, it } from "vitest";

const led = (seed: bigint, settings = {}): PaxosCluster => {
  const c = new PaxosCluster({ replicas: 3, settings, seed });
  return c.elect("S1").reaches("S1", c.names, 2);
};

describe("reads", () => {
  it("a follower asks its leader, and looks once a majority has confirmed the leader's ballot", () => {
    const c = led(1n);
    c.propose("S1", put("x", "a")).reaches("S1");
    expect(c.read("S2", "readIndex")).toBe(2);
    expect(c.read("S1", "readIndex")).toBe(2);
    expect(c.read("S3", "local")).toBe(2);
  });

  it("a leader that nobody confirms lets nobody look, and its readers are told after a while", () => {
    const c = led(2n);
    c.crash("S2").crash("S3");
    expect(c.read("S1", "readIndex")).toBeNull();
    c.net.run(c.settings.readTicksMax + 5000);
    expect([...c.net.outcomes.values()]).toContainEqual({
      ok: false,
      code: "NoLeader",
      definite: true,
    });
  });

  it("a lease read costs no message while the lease lasts", () => {
    const c = led(3n, { leaseReads: true });
    c.reaches("S1");
    const before = [...c.net.sent.values()].reduce((sum, count) => sum + count, 0);
    expect(c.read("S1", "lease")).toBe(1);
    expect([...c.net.sent.values()].reduce((sum, count) => sum + count, 0)).toBe(before);
  });

  it("an acceptor that restarts keeps the leases it may have given: it promises nobody before they have run out", () => {
    const c = led(4n, { leaseReads: true });
    c.crash("S3").restart("S3");
    const { term } = c.state("S3");
    const prepare = { type: "Prepare", fromSlot: 2 as never, takeOver: false } as const;
    const ask = (): void => {
      const message = { ...prepare, ballot: (term + 640) as never };
      c.net.input(idOf("S3"), { type: "Receive", from: idOf("S2"), message });
    };
    ask();
    expect(c.state("S3").term).toBe(term);
    c.net.pass(c.settings.electionTicksMin);
    ask();
    expect(c.state("S3").term).toBe(term + 640);
  });
});

describe("handing over", () => {
  it("the named member takes over, with all that was chosen, and nobody else is disturbed", () => {
    const c = led(5n);
    c.propose("S1", put("x", "a"));
    c.net.input(idOf("S1"), { type: "TransferLeadership", id: requestId(99), to: idOf("S3") });
    c.propose("S1", put("x", "refused"));
    expect([...c.net.outcomes.values()]).toMatchObject([
      { code: "NotLeader", leaderHint: idOf("S3") },
    ]);
    c.net.run(100);
    expect(c.leaders()).toEqual(["S3"]);
    expect(c.historyOf("S3")).toEqual(["-", "x=a", "-"]);
    expect(c.net.outcomes.has(requestId(99)), "success shows as a new leader").toBe(false);
  });

  it("gives up after an election time-out, and takes proposals again", () => {
    const c = led(6n);
    c.crash("S3");
    c.net.input(idOf("S1"), { type: "TransferLeadership", id: requestId(99), to: idOf("S3") });
    c.net.run(c.settings.electionTicksMax + 100);
    expect(c.net.outcomes.get(requestId(99))).toMatchObject({ code: "Timeout", definite: false });
    c.propose("S1", put("x", "a")).reaches("S1");
    expect(c.historyOf("S2")).toEqual(["-", "x=a"]);
  });

  it("a leader that yields without an heir stands back until another leads", () => {
    const c = led(7n);
    c.net.input(idOf("S1"), { type: "Yield", heir: false });
    c.net.run(3000);
    const [leader] = c.leaders();
    expect(["S2", "S3"]).toContain(leader);
  });

  it("a leader that yields to the best placed is followed by it within a few messages", () => {
    const c = led(8n);
    c.crash("S2");
    c.reaches("S1").net.pass(c.settings.electionTicksMin);
    c.reaches("S1");
    c.net.input(idOf("S1"), { type: "Yield", heir: true });
    c.net.deliver();
    expect(c.leaders()).toEqual(["S3"]);
  });

  it("when the link to the leader closes others stand within a few heartbeats", () => {
    const c = led(9n);
    c.crash("S1");
    for (const name of ["S2", "S3"] as const)
      c.net.input(idOf(name), { type: "Link", peer: idOf("S1"), up: false });
    c.net.run(2 * 2 * c.settings.linkLossTicksMax);
    expect(c.leaders()).toHaveLength(1);
  });
});

it("a leader whose disk hangs steps down, and one that hears no majority too", () => {
  for (const trouble of ["disk", "network"] as const) {
    const c = led(10n);
    if (trouble === "disk") c.net.holdSync(idOf("S1"));
    else for (const other of ["S2", "S3"] as readonly Name[]) c.net.cut(idOf(other), idOf("S1"));
    c.propose("S1", put("x", "a"));
    c.net.run(5000);
    expect(c.leaders(), trouble).not.toContain("S1");
    expect(c.leaders(), trouble).toHaveLength(1);
    expect(c.violations).toEqual([]);
  }
});
