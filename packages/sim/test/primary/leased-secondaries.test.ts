import type { PrimaryState } from "@quorate/kernel/primary";
import { idOf, type Name, type PrimaryCluster, primaryCluster } from "@quorate/sim";
import { describe, expect, it } from "vitest";

const LEASE_TICKS = 800;
const SHRINK_TICKS = 200;

/** All three in step, and both secondaries with a lease. */
function started(how: { readonly millis?: number } = {}): PrimaryCluster {
  const settings = { reads: "leased", leaseTicks: LEASE_TICKS, shrinkTicks: SHRINK_TICKS } as const;
  const c = primaryCluster({ replicas: 3, seed: 6n, settings });
  c.appoint("S1", how);
  c.net.deliver();
  return c.write("S1", "a").beat("S1").beat("S1");
}

function secondary(
  c: PrimaryCluster,
  name: Name,
): Extract<PrimaryState["role"], { type: "Follower" }> {
  const { role } = c.state(name);
  if (role.type !== "Follower") throw new RangeError(`${name} is no secondary`);
  return role;
}

/** How long a write of the primary takes, in steps of ten milliseconds. */
function millisOfWrite(c: PrimaryCluster, key: string): number {
  c.propose("S1", key);
  for (let millis = 0; millis < 5000; millis += 10) {
    c.net.deliver();
    if (c.appliedBy("S1").includes(key)) return millis;
    c.net.run(10);
    c.decide("S1", "S2");
  }
  throw new RangeError("it was never acknowledged");
}

describe("a secondary with a read lease (C4, card 63)", () => {
  it("answers readers by itself: no message is sent for them", () => {
    const c = started();
    const before = c.sent("Ask");
    expect(c.read("S2")).toBe(c.state("S2").commitIndex);
    expect(c.read("S3")).toBe(c.state("S3").commitIndex);
    expect(c.sent("Ask")).toBe(before);
  });

  it("with a write in its log that it does not know to be acknowledged a reader waits for that", () => {
    const c = started();
    c.propose("S1", "b");
    c.net.deliver(({ message }) => message.type === "Update" && message.entries.length > 0);
    expect(c.logOf("S2")).toEqual(["a", "b"]);
    expect(c.appliedBy("S2")).toEqual(["a"]);
    const at = c.read("S2");
    expect(at).toBe(c.state("S1").commitIndex);
    expect(c.appliedBy("S2")).toEqual(["a", "b"]);
  });

  it("RM-6: it is paused: the write waits for the end of its lease once, and later writes do not", () => {
    const c = started();
    c.among("S1", "S2");
    const first = millisOfWrite(c, "b");
    expect(first).toBeGreaterThan(SHRINK_TICKS);
    expect(first).toBeGreaterThanOrEqual(LEASE_TICKS - 200);
    expect(first).toBeLessThanOrEqual(LEASE_TICKS + 200);
    expect(c.read("S3")).toBe(null);
    for (const key of ["c", "d", "e"]) expect(millisOfWrite(c, key)).toBeLessThan(20);
  });

  it("a new primary that hears nobody declares nobody out of step, and answers nobody", () => {
    const c = started();
    c.crash("S1").net.pass(60_001);
    expect(c.appoint("S2", { told: ["S2"] })).toBe(true);
    c.among("S2");
    c.propose("S2", "b");
    c.net.run(SHRINK_TICKS + 100);
    c.decide("S2").net.deliver();
    expect(c.inSync).toEqual(["S1", "S2", "S3"]);
    expect(c.read("S2")).toBe(null);
  });

  it("a new primary waits for the end of leases that the one before may have let others have", () => {
    const tenure = 1000;
    const c = started({ millis: tenure });
    while (c.net.now.ticks < tenure - 100) c.beat("S1");
    const { leaseUntil } = secondary(c, "S3");
    expect(leaseUntil).toBeGreaterThan(tenure + SHRINK_TICKS + 100);
    c.among("S1", "S2").net.pass(tenure - c.net.now.ticks + 1);
    expect(c.appoint("S2", { told: ["S1", "S2"] })).toBe(true);
    c.propose("S2", "b");
    while (!c.appliedBy("S2").includes("b")) {
      expect(c.net.now.ticks).toBeLessThan(5000);
      c.net.run(10);
      c.decide("S1", "S2").net.deliver();
    }
    expect(c.net.now.ticks).toBeGreaterThanOrEqual(leaseUntil ?? 0);
    expect(c.read("S3")).toBe(null);
  });

  it("one that group 0 was asked to declare out of step gets no lease, whoever has heard of it: another primary would not wait for it", () => {
    const c = started().among("S1", "S2");
    c.propose("S1", "b");
    while (c.wishes.length === 0) c.net.run(10);
    expect(c.wishes[0]?.petition).toMatchObject({
      type: "inSync",
      inSync: [idOf("S1"), idOf("S2")],
    });
    c.net.heal();
    for (let i = 0; i < 10; i++) {
      c.beat("S1");
      const { leaseUntil } = secondary(c, "S3");
      expect(leaseUntil ?? 0).toBeLessThanOrEqual(c.net.now.ticks);
    }
    expect(c.appliedBy("S3"), "it has all again").toContain("b");
  });

  it("one that restarts answers nobody before its primary has heard it in this life", () => {
    const c = started();
    c.crash("S3").restart("S3");
    c.among("S3");
    expect(c.read("S3")).toBe(null);
  });
});
