import { idOf, ZabCluster } from "@quorate/sim";
import { describe, expect, it } from "vitest";
import { begun } from "./schedules.ts";

describe("nothing is promised before it is on disk", () => {
  it("a leader names an epoch once its own promise of it is durable", () => {
    const c = new ZabCluster({ replicas: 3, seed: 1n });
    c.net.holdSync(idOf("S3"));
    c.believe("S3", ["S1", "S2"]).deliver("FollowerInfo");
    expect(c.sent("NewEpoch")).toBe(0);
    c.net.sync(idOf("S3"));
    expect(c.sent("NewEpoch")).toBe(2);
  });

  it("a follower promises an epoch, follows it and acknowledges proposals once each is durable", () => {
    const c = new ZabCluster({ replicas: 3, seed: 1n });
    c.believe("S3", ["S1", "S2"]);
    const promised = (type: "AckEpoch" | "AckNewLeader" | "Acknowledgement"): number => {
      const before = c.sent(type);
      c.net.holdSync(idOf("S1"));
      c.net.deliver(({ to }) => to === idOf("S1") || to === idOf("S3"));
      const held = c.sent(type) - before;
      c.net.sync(idOf("S1"));
      expect(c.sent(type) - before - held, type).toBe(1);
      return held;
    };
    expect(promised("AckEpoch")).toBe(0);
    expect(promised("AckNewLeader")).toBe(0);
    c.net.deliver();
    c.propose("S3", "a");
    expect(promised("Acknowledgement")).toBe(0);
  });

  it("a leader counts itself once its own disk holds the proposal", () => {
    const c = begun();
    c.net.holdSync(idOf("S3"));
    c.among("S2", "S3").write("S3", "b");
    expect(c.deliveredBy("S3"), "one of three holds it").toEqual(["a"]);
    c.net.sync(idOf("S3"));
    expect(c.deliveredBy("S3")).toEqual(["a", "b"]);
  });

  it("a cut is on disk before the follower says where it ends", () => {
    const c = begun();
    c.proposeAlone("S3", "x").crash("S3");
    c.elect("S2", ["S1", "S2"]).restart("S3").heal().believeAgain("S3", "S2");
    c.deliver("FollowerInfo", "NewEpoch", "AckEpoch");
    c.net.holdSync(idOf("S3"));
    c.deliver("Truncate");
    expect(c.sent("HistoryEnd")).toBe(0);
    c.net.sync(idOf("S3"));
    expect(c.sent("HistoryEnd")).toBe(1);
  });
});

describe("bounds", () => {
  it("no more proposals are under way to a follower than its window holds", () => {
    const settings = { batchEntriesMax: 2, inflightMessagesMax: 3 };
    const c = new ZabCluster({ replicas: 3, seed: 1n, settings });
    c.elect("S3").propose("S3", ...Array.from({ length: 20 }, (_, i) => `k${i}`));
    const underWay = c.net.flights.filter(({ to }) => to === idOf("S1"));
    expect(underWay.map(({ message }) => message.type)).toEqual([
      "Proposal",
      "Proposal",
      "Proposal",
    ]);
    c.net.deliver();
    expect(c.deliveredBy("S1")).toHaveLength(20);
  });

  it("a turn of many commands is written as records that a frame can carry", () => {
    const settings = { batchBytesMax: 200 };
    const c = new ZabCluster({ replicas: 1, seed: 1n, settings });
    c.elect("S1");
    const before = c.net.recordsOf(idOf("S1"));
    c.write("S1", ...Array.from({ length: 40 }, (_, i) => `k${i}`));
    expect(c.net.recordsOf(idOf("S1")) - before).toBeGreaterThan(3);
    c.crash("S1").restart("S1").settle(100);
    expect(c.deliveredBy("S1")).toHaveLength(40);
  });
});

it("a leader of old that installs a snapshot of a later epoch is deposed by it", () => {
  const c = begun();
  c.crash("S1").restart("S1").among("S1", "S2").believe("S2", ["S1"]);
  c.net.deliver();
  c.write("S2", "b", "c");
  expect(c.leaders()).toEqual(["S2", "S3"]);
  c.transfers.push({ from: idOf("S2"), to: idOf("S3") });
  c.install();
  expect(c.phaseOf("S3")).toBe("Looking");
  expect(c.state("S3")).toMatchObject({ acceptedEpoch: 2, acceptedFrom: null });
  c.crash("S3").restart("S3").heal().settle();
  expect(c.historyOf("S3")).toEqual([]);
  expect(c.state("S3").commitIndex).toBe(c.state("S2").commitIndex);
  expect(c.violations).toEqual([]);
});
