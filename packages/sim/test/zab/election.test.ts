import { epoch } from "@quorate/kernel/zab";
import { idOf, ZabCluster } from "@quorate/sim";
import { describe, expect, it } from "vitest";
import { begun } from "./schedules.ts";

describe("whom a majority chooses", () => {
  it("among equals the highest id, and at once where all have spoken", () => {
    const c = new ZabCluster({ replicas: 5, seed: 1n });
    c.settle(0);
    expect(c.leaders()).toEqual(["S5"]);
  });

  it("whoever followed the newer epoch, even with the shorter history", () => {
    const c = begun();
    c.proposeAlone("S3", "x", "y", "z").crash("S3");
    c.among("S1", "S2").believe("S1", ["S2"]);
    c.deliver("FollowerInfo", "NewEpoch", "AckEpoch", "NewLeader", "AckNewLeader");
    c.net.lose();
    c.crash("S1").restart("S3").among("S2", "S3").settle();
    expect(c.leaders()).toEqual(["S2"]);
    expect(c.commandsOf("S3")).toEqual(["a"]);
    expect(c.violations).toEqual([]);
  });

  it("in the same epoch whoever has the later zxid, which keeps what a majority may have acknowledged", () => {
    const c = begun();
    c.among("S1", "S3").write("S3", "b").crash("S3");
    c.heal().settle();
    expect(c.leaders()).toEqual(["S1"]);
    expect(c.deliveredBy("S2")).toEqual(["a", "b"]);
  });

  it("a minority chooses nobody; whoever comes back to a leader follows it and does not disturb it", () => {
    const c = begun();
    c.among("S2", "S3").settle();
    expect(c.phaseOf("S1")).toBe("Looking");
    const { acceptedEpoch } = c.state("S3");
    c.heal().settle();
    expect(c.phaseOf("S1")).toBe("Following in broadcast");
    expect(c.state("S3").acceptedEpoch).toBe(acceptedEpoch);
  });

  it("a prospective leader that finds a follower ahead gives up, and that one leads", () => {
    const c = begun();
    c.among("S2", "S3").write("S3", "b").crash("S3");
    c.among("S1", "S2").believe("S1", ["S2"]).deliver("FollowerInfo", "NewEpoch", "AckEpoch");
    expect(c.phaseOf("S1")).toBe("Looking");
    c.settle(1500);
    expect(c.leaders()).toEqual(["S2"]);
    expect(c.deliveredBy("S1")).toEqual(["a", "b"]);
  });

  it("who follows one that does not lead finds out, and looks again", () => {
    const c = begun();
    c.crash("S3").among("S1", "S2").believeAgain("S1", "S2");
    c.settle();
    expect(c.leaders()).toEqual(["S2"]);
  });
});

describe("when a leader is gone", () => {
  it("a leader that hears no majority for syncLimit looks again, and so do its followers", () => {
    const c = begun();
    c.among().settle(2500);
    for (const name of c.names) expect(c.phaseOf(name)).toBe("Looking");
  });

  it("a closed link to the leader makes its followers look at once", () => {
    const c = begun();
    c.crash("S3");
    for (const name of ["S1", "S2"] as const)
      c.net.input(idOf(name), { type: "Link", peer: idOf("S3"), up: false });
    c.net.run(c.settings.settleTicks + 10);
    expect(c.leaders()).toEqual(["S2"]);
  });

  it("one whose disk hangs gives way, and does not stand while it hangs", () => {
    const c = begun();
    c.net.holdSync(idOf("S3"));
    c.write("S3", "b").settle();
    expect(c.leaders()).toEqual(["S2"]);
    expect(c.deliveredBy("S2")).toEqual(["a", "b"]);
    c.net.sync(idOf("S3"));
    c.settle();
    expect(c.deliveredBy("S3")).toEqual(["a", "b"]);
    expect(c.violations).toEqual([]);
  });

  it("a lone voter leads by itself", () => {
    const c = new ZabCluster({ replicas: 1, seed: 1n });
    c.settle(10).write("S1", "a");
    expect(c.deliveredBy("S1")).toEqual(["a"]);
    c.net.input(idOf("S1"), { type: "Yield", heir: true });
    expect(c.leaders()).toEqual([]);
    c.settle(c.settings.yieldTicks + 200);
    expect(c.leaders()).toEqual(["S1"]);
  });
});

it("a follower that has promised a much later epoch makes its leader begin one beyond it, once", () => {
  const c = begun();
  c.crash("S1").restart("S1");
  // Somebody named an epoch of far ahead to S1, and was never heard of again.
  c.among("S1").believeAgain("S1", "S2");
  const message = { type: "NewEpoch", epoch: epoch(50), chosenAfter: 0 } as const;
  c.net.input(idOf("S1"), { type: "Receive", from: idOf("S2"), message });
  expect(c.state("S1").acceptedEpoch).toBe(50);
  c.heal().settle();
  expect(c.leaders()).toEqual(["S3"]);
  expect(c.state("S3").acceptedEpoch).toBe(51);
  expect(c.phaseOf("S1")).toBe("Following in broadcast");
  expect(c.sent("Appoint")).toBe(2);
});

describe("handing over", () => {
  it("the heir gets all there is, leads without an election, and the old leader follows it", () => {
    const c = begun();
    const id = c.nextId();
    c.propose("S3", "b");
    c.net.input(idOf("S3"), { type: "TransferLeadership", id, to: idOf("S1") });
    const [refused] = c.propose("S3", "c").map((late) => c.outcomeOf(late));
    expect(refused).toMatchObject({ code: "NotLeader", definite: true, leaderHint: idOf("S1") });
    c.net.deliver();
    expect(c.leaders()).toEqual(["S1"]);
    expect(c.phaseOf("S3")).toBe("Following in broadcast");
    for (const name of c.names) expect(c.deliveredBy(name)).toEqual(["a", "b"]);
    expect(c.outcomeOf(id)).toBeNull();
    expect(c.violations).toEqual([]);
  });

  it("an heir that cannot be reached: the leader goes on, and says that time is up", () => {
    const c = begun();
    c.among("S2", "S3").write("S3", "b");
    const id = c.nextId();
    c.net.input(idOf("S3"), { type: "TransferLeadership", id, to: idOf("S1") });
    c.settle();
    expect(c.outcomeOf(id)).toMatchObject({ code: "Timeout", definite: false });
    c.write("S3", "c");
    expect(c.deliveredBy("S2")).toEqual(["a", "b", "c"]);
  });

  it("to nobody of the group it is refused, and so is one by a follower", () => {
    const c = begun();
    const ids = [c.nextId(), c.nextId()] as const;
    c.net.input(idOf("S3"), { type: "TransferLeadership", id: ids[0], to: idOf("S9") });
    c.net.input(idOf("S1"), { type: "TransferLeadership", id: ids[1], to: idOf("S2") });
    expect(c.outcomeOf(ids[0])).toMatchObject({ code: "BadTransferee", definite: true });
    expect(c.outcomeOf(ids[1])).toMatchObject({ code: "NotLeader", leaderHint: idOf("S3") });
  });

  it("a leader that yields without an heir is not chosen again among equals", () => {
    const c = begun();
    c.net.input(idOf("S3"), { type: "Yield", heir: false });
    c.settle(500);
    expect(c.leaders()).toEqual(["S2"]);
  });

  it("a leader that yields to an heir hands over", () => {
    const c = begun();
    c.net.input(idOf("S3"), { type: "Yield", heir: true });
    c.net.deliver();
    expect(c.leaders()).toEqual(["S1"]);
  });

  it("one that yielded and has what nobody else has leads all the same: nobody else could", () => {
    const c = begun();
    c.proposeAlone("S3", "x");
    c.net.input(idOf("S3"), { type: "Yield", heir: false });
    c.settle(1000);
    expect(c.leaders()).toEqual(["S3"]);
    expect(c.deliveredBy("S1")).toEqual(["a", "x"]);
  });
});

it("a change of members is refused with what to do instead", () => {
  const c = begun();
  const id = c.nextId();
  const change = { voters: [idOf("S1")], learners: [] };
  c.net.input(idOf("S3"), { type: "ChangeMembers", id, change, epoch: 0 });
  expect(c.outcomeOf(id)).toMatchObject({ code: "ChangeRefused", definite: true });
  c.net.input(idOf("S1"), { type: "ChangeMembers", id, change, epoch: 0 });
  expect(c.outcomeOf(id)).toMatchObject({ code: "NotLeader", leaderHint: idOf("S3") });
});
