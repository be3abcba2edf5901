import { type GroupConfig, logIndex, type Now, ticks } from "@quorate/kernel/core";
import { DEFAULT_SETTINGS, encodeHardState, epoch, zab } from "@quorate/kernel/zab";
import { idOf } from "@quorate/sim";
import { describe, expect, it } from "vitest";
import { begun } from "./schedules.ts";

describe("a replica that lost durable records", () => {
  it("counts nowhere: with it and the leader alone nothing is committed, and nobody else is elected", () => {
    const c = begun();
    c.crash("S2", "S1").repair("S1", 100);
    c.among("S1", "S3").write("S3", "b").settle(5000);
    expect(c.deliveredBy("S3")).toEqual(["a"]);
    expect(c.state("S1").repairing).toBe(true);
    c.crash("S3").restart("S2").among("S1", "S2").settle();
    expect(c.leaders()).toEqual([]);
  });

  it("is whole in the next epoch, which its leader begins as soon as it is in step", () => {
    const c = begun();
    const before = c.state("S3").acceptedEpoch;
    c.crash("S1").repair("S1", 100).settle(500);
    expect(c.leaders()).toEqual(["S3"]);
    expect(c.state("S3").acceptedEpoch).toBe(before + 1);
    expect(c.state("S1").repairing).toBe(false);
    c.crash("S2").among("S1", "S3").write("S3", "b");
    expect(c.deliveredBy("S3")).toEqual(["a", "b"]);
    expect(c.violations).toEqual([]);
  });

  it("is still being repaired after a restart", () => {
    const c = begun();
    c.crash("S1", "S2", "S3").repair("S1", 100).crash("S1").restart("S1");
    expect(c.state("S1").repairing).toBe(true);
    c.restart("S2", "S3").settle();
    expect(c.state("S1").repairing).toBe(false);
    expect(c.deliveredBy("S1")).toEqual(["a"]);
  });
});

describe("a replica that starts", () => {
  const config: GroupConfig = { epoch: 0, voters: [idOf("S1")], outgoing: null, learners: [] };
  const now: Now = { ticks: ticks(0), wall: { earliest: 0, latest: 0 } };
  const protocol = zab(DEFAULT_SETTINGS);

  it("knows again both epochs, and whom it promised the newer", () => {
    const c = begun();
    c.among("S1", "S2").believe("S2", ["S1"]).deliver("FollowerInfo", "NewEpoch");
    const { acceptedEpoch, acceptedFrom, currentEpoch } = c.state("S1");
    expect([acceptedEpoch, acceptedFrom, currentEpoch]).toEqual([2, idOf("S2"), 1]);
    c.crash("S1").restart("S1");
    expect(c.state("S1")).toMatchObject({ acceptedEpoch, acceptedFrom, currentEpoch });
  });

  it("does not start from records that begin behind a gap, or commit what they do not hold", () => {
    const record = encodeHardState({
      acceptedEpoch: epoch(1),
      acceptedFrom: null,
      currentEpoch: epoch(1),
      commitIndex: logIndex(7),
      repairing: false,
    });
    const recovered = { checkpoint: null, records: [record] };
    expect(protocol.start(idOf("S1"), config, recovered, 1n, now)).toBeNull();
  });

  it("gives a checkpoint what must survive beside the machine", () => {
    const c = begun();
    const state = c.state("S1");
    const meta = protocol.meta(state);
    const at = { epoch: state.log.last.epoch, index: state.log.lastIndex };
    const started = protocol.start(
      idOf("S1"),
      config,
      { checkpoint: { at, config, meta }, records: [] },
      1n,
      now,
    );
    expect(started?.[0]).toMatchObject({
      acceptedEpoch: 1,
      currentEpoch: 1,
      commitIndex: at.index,
    });
    expect(started?.[0].log.base).toEqual(at);
  });
});
