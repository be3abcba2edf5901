import { type Choice, choose, DEFAULT_OPTIONS } from "@quorate/kernel/replica";
import { idOf, type Name, nameOf, type PrimaryCluster, primaryCluster } from "@quorate/sim";
import { describe, expect, it } from "vitest";

const ALL: readonly Name[] = ["S1", "S2", "S3", "S4", "S5"];
/** Longer than any tenure here. */
const TENURE_MILLIS = 60_001;

/** Five replicas that all hold V1, and S1 the primary: W = 3 hold a write that is acknowledged, so R = 3 are asked. */
function started(): PrimaryCluster {
  const settings = { acks: "majority", shrinkTicks: null, inSyncMin: 1 } as const;
  const c = primaryCluster({ replicas: 5, seed: 5n, settings });
  expect(c.appoint("S1")).toBe(true);
  c.net.deliver();
  c.write("S1", "V1");
  for (const name of ALL) expect(c.logOf(name)).toEqual(["V1"]);
  return c;
}

/** The first primary is gone with V2 on its way: these hold it, which is too few, and nobody was told that it is done. */
function interrupted(...holders: readonly Name[]): PrimaryCluster {
  const c = started();
  c.among("S1", ...holders);
  const [id] = c.propose("S1", "V2");
  c.net.deliver();
  for (const name of ALL)
    expect(c.logOf(name)).toEqual(name === "S1" || holders.includes(name) ? ["V1", "V2"] : ["V1"]);
  expect(c.outcomeOf(id)).toBe(null);
  expect(c.appliedBy("S1")).toEqual(["V1"]);
  c.net.pass(TENURE_MILLIS);
  return c;
}

/** What group 0 makes of what these say of their disks, and nobody else. */
function chosenAmong(c: PrimaryCluster, asked: readonly Name[]): Choice {
  const rule = DEFAULT_OPTIONS.profiles.get("primary-quorum")?.office;
  if (rule == null) throw new RangeError("the profile has a rule for its office");
  return choose(rule, {
    office: c.office,
    members: ALL.map(idOf),
    heard: asked.map((name) => {
      const { log, durableIndex } = c.state(name);
      const epoch = log.epochAt(durableIndex) ?? log.base.epoch;
      return [idOf(name), { epoch, lastIndex: durableIndex }];
    }),
    isUp: (member) => asked.includes(nameOf(member)),
    waitedTicks: 0,
  });
}

/** These are asked, the furthest is appointed, and only they hear of it and of each other. */
function select(c: PrimaryCluster, ...asked: readonly Name[]): Name {
  const choice = chosenAmong(c, asked);
  if (choice.type === "wait")
    throw new RangeError(`${choice.heard} of ${choice.needed} were heard`);
  const primary = nameOf(choice.primary);
  c.among(...asked);
  expect(c.appoint(primary, { told: asked })).toBe(true);
  return primary;
}

/** Everybody is back, and hears the primary. */
function reunite(c: PrimaryCluster, primary: Name): void {
  c.net.heal();
  c.tell(...ALL);
  for (let i = 0; i < 8; i++) {
    c.beat(primary);
    while (c.transfers.length > 0) c.install();
    c.net.run(600);
  }
  const log = c.logOf(primary);
  for (const name of ALL) expect([name, c.logOf(name)]).toEqual([name, log]);
  for (const name of ALL) expect(c.appliedBy(name)).toEqual(log);
  expect(c.violations).toEqual([]);
  expect(c.lost).toEqual([]);
}

describe("quorum-based choice of a primary (card 5, C6), N=5 W=3 R=3: V2,V2,V1,V1,V1", () => {
  it("QP-1: the three asked are V1,V1,V1: the primary starts from V1, and V2 is discarded by all", () => {
    const c = interrupted("S2");
    const primary = select(c, "S3", "S4", "S5");
    expect(primary).toBe("S3");
    c.net.deliver();
    c.write(primary, "V3");
    expect(c.appliedBy(primary)).toEqual(["V1", "V3"]);
    reunite(c, primary);
    expect(c.logOf("S1")).toEqual(["V1", "V3"]);
  });

  it("QP-1: the three asked are V2,V1,V1: the holder of V2 is chosen, and brings three to V2, which is committed then", () => {
    const c = interrupted("S2");
    expect(select(c, "S2", "S4", "S5")).toBe("S2");
    c.net.deliver();
    for (const name of ["S2", "S4", "S5"] as const) expect(c.logOf(name)).toEqual(["V1", "V2"]);
    expect(c.appliedBy("S2")).toEqual(["V1", "V2"]);
    reunite(c, "S2");
  });

  it("QP-2: a new write takes the place of what was discarded, in a later epoch: who returns with the old one is replaced", () => {
    const c = interrupted("S2");
    const [place, before] = [c.state("S1").log.lastIndex, c.state("S1").term];
    const primary = select(c, "S3", "S4", "S5");
    c.net.deliver();
    const { log } = c.state(primary);
    expect(log.lastIndex).toBe(place);
    expect(log.epochAt(place)).toBe(before + 1);
    expect(c.state("S1").log.epochAt(place)).toBe(before);
    reunite(c, primary);
    expect(c.state("S1").log.epochAt(place)).toBe(before + 1);
  });

  it.each([
    [["S3", "S4", "S5"], ["V1"]],
    [
      ["S2", "S4", "S5"],
      ["V1", "V2"],
    ],
  ] as const)(
    "QP-3: the chosen one crashes after copying to one: of the next choice among %s comes %s, and never a mix",
    (asked, history) => {
      const c = interrupted();
      // S1 alone has V2; it is chosen, and S2 the only one that it reaches.
      expect(select(c, "S1", "S2", "S3")).toBe("S1");
      c.among("S1", "S2").net.deliver();
      expect(c.logOf("S2")).toEqual(["V1", "V2"]);
      expect(c.appliedBy("S1")).toEqual(["V1"]);
      c.crash("S1").net.pass(TENURE_MILLIS);
      const primary = select(c, ...asked);
      c.net.deliver();
      expect(c.appliedBy(primary)).toEqual(history);
      c.restart("S1");
      reunite(c, primary);
      expect(c.logOf(primary)).toEqual(history);
    },
  );

  it("QP-4: two selectors ask overlapping sets at the same time: group 0 takes one, and exactly one epoch reaches W", () => {
    const c = interrupted("S2");
    const [one, other] = [chosenAmong(c, ["S1", "S2", "S3"]), chosenAmong(c, ["S3", "S4", "S5"])];
    if (one.type === "wait" || other.type === "wait") throw new RangeError("both have heard three");
    expect(one.primary).not.toBe(other.primary);
    const { version, epoch } = c.office;
    const at = c.net.now.ticks;
    expect(c.authority.appoint(one.primary, at, false, true, version)).toBe(true);
    expect(c.authority.appoint(other.primary, at, false, true, version)).toBe(false);
    expect(c.office).toMatchObject({ primary: one.primary, epoch: epoch + 1 });
    const primary = nameOf(one.primary);
    c.grant(primary, 60_000);
    reunite(c, primary);
    expect(c.acting()).toEqual([primary]);
    for (const name of ALL) expect(c.state(name).term).toBe(epoch + 1);
  });

  it("QP-5: fewer than R are heard: there is no primary, and how many were heard of how many is said", () => {
    const c = interrupted("S2");
    expect(chosenAmong(c, ["S2", "S3"])).toEqual({ type: "wait", heard: 2, needed: 3 });
    expect(chosenAmong(c, ["S2", "S3", "S4"])).toMatchObject({ type: "appoint" });
  });

  it("QP-6: a read comes to the chosen one before W hold what it has: it waits, and sees that", () => {
    const c = interrupted("S2");
    expect(select(c, "S2", "S4", "S5")).toBe("S2");
    c.among("S2").net.lose();
    expect(c.read("S2")).toBe(null);
    c.among("S2", "S4");
    c.beat("S2").net.run(600);
    expect(c.read("S2")).toBe(null);
    c.among("S2", "S4", "S5");
    c.beat("S2").net.run(600);
    c.beat("S2");
    expect(c.appliedBy("S2")).toEqual(["V1", "V2"]);
    expect(c.read("S2")).toBe(c.state("S2").commitIndex);
  });

  it("W + R ≤ N: with one asked too few an acknowledged write is overwritten", () => {
    const c = started();
    c.among("S1", "S2", "S3");
    c.write("S1", "V2");
    expect(c.appliedBy("S1")).toEqual(["V1", "V2"]);
    c.net.pass(TENURE_MILLIS);
    expect(chosenAmong(c, ["S4", "S5"])).toMatchObject({ type: "wait" });
    c.among("S4", "S5", "S1");
    expect(c.appoint("S4", { told: ["S4", "S5"] })).toBe(true);
    expect(c.violations.join()).toContain("4 takes office without what is at");
  });
});
