import { requestId } from "@quorate/kernel/core";
import { idOf } from "@quorate/sim";
import { describe, expect, it } from "vitest";
import { begun } from "./schedules.ts";

describe("reads", () => {
  it("local: at once, at any replica, whatever it has", () => {
    const c = begun();
    c.among("S2", "S3").write("S3", "b");
    const { commitIndex } = c.state("S3");
    expect(c.read("S3", "local")).toBe(commitIndex);
    expect(c.read("S1", "local")).toBe(commitIndex - 1);
    c.crash("S2", "S3").settle();
    expect(c.read("S1", "local"), "also while it looks for a leader").toBe(commitIndex - 1);
  });

  it("sync at a follower goes through the leader, and costs two messages", () => {
    const c = begun();
    c.propose("S3", "b");
    c.deliver("Proposal", "Acknowledgement");
    c.net.lose();
    expect(c.read("S1", "local")).toBe(c.state("S3").commitIndex - 1);
    expect(c.read("S1", "readIndex"), "behind what is committed").toBe(c.state("S3").commitIndex);
    expect([c.sent("Sync"), c.sent("SyncReply")]).toEqual([1, 1]);
  });

  it("sync waits for what was proposed before it", () => {
    const c = begun();
    c.propose("S3", "b");
    c.net.lose();
    const id = requestId(900);
    c.net.input(idOf("S1"), { type: "Read", ids: [id], level: "readIndex" });
    c.deliver("Sync", "SyncReply");
    expect(c.net.readable.get(id)).toBeUndefined();
    c.settle(1000);
    expect(c.net.readable.get(id)).toBe(c.state("S3").commitIndex);
  });

  it("a question that is lost is asked again, as a new question", () => {
    const c = begun();
    const id = requestId(900);
    c.net.input(idOf("S1"), { type: "Read", ids: [id], level: "lease" });
    c.net.lose();
    c.settle(c.settings.retransmitTicks + 10);
    expect(c.net.readable.get(id)).toBe(c.state("S3").commitIndex);
    expect(c.sent("Sync")).toBe(2);
  });

  it("readers outlive their leader, and are told when there has been none for too long", () => {
    const c = begun();
    const [first, second] = [requestId(900), requestId(901)];
    c.crash("S3");
    c.net.input(idOf("S1"), { type: "Read", ids: [first], level: "readIndex" });
    c.settle();
    expect(c.net.readable.get(first)).toBe(c.state("S2").commitIndex);
    c.crash("S2").settle(2000);
    c.net.input(idOf("S1"), { type: "Read", ids: [second], level: "readIndex" });
    c.settle(c.settings.readTicksMax + 200);
    expect(c.outcomeOf(second)).toMatchObject({ code: "NoLeader", definite: true });
  });

  it("more readers than may wait are refused", () => {
    const c = begun();
    const ids = Array.from({ length: c.settings.readsMax + 1 }, (_, i) => requestId(1000 + i));
    c.net.input(idOf("S1"), { type: "Read", ids, level: "readIndex" });
    expect(c.outcomeOf(ids[0] ?? requestId(0))).toMatchObject({ code: "Overloaded" });
  });
});
