import { type Entry, Log, type LogIndex, type Position } from "@quorate/kernel/core";
import { remedyFor } from "@quorate/kernel/zab";
import { idOf } from "@quorate/sim";
import { describe, expect, it } from "vitest";
import { begun } from "./schedules.ts";

const position = (epoch: number, index: number): Position => ({ epoch, index: index as LogIndex });

/** A history behind `base` with proposals of these epochs. */
function historyOf(base: Position, ...epochs: readonly number[]): Log {
  const entries = epochs.map(
    (epoch, i): Entry => ({
      index: (base.index + i + 1) as LogIndex,
      epoch,
      kind: "command",
      command: new Uint8Array(0),
    }),
  );
  return Log.startingAt(base).append(entries);
}

describe("how a follower's history becomes the leader's", () => {
  const NONE = position(0, 0);
  const ours = historyOf(NONE, 1, 1, 3, 3);
  const trimmed = historyOf(position(1, 1_000_000), 1, 2);

  it.each([
    { last: position(3, 4), want: { type: "Diff" }, why: "it has all" },
    { last: position(3, 3), want: { type: "Diff" }, why: "it is one behind" },
    { last: NONE, want: { type: "Diff" }, why: "it has nothing, and nothing was trimmed" },
    { last: position(3, 6), want: { type: "Truncate", to: position(3, 4) }, why: "it is ahead" },
    {
      last: position(2, 4),
      want: { type: "Truncate", to: position(1, 2) },
      why: "epoch 2 never was",
    },
    { last: position(2, 9), want: { type: "Truncate", to: position(1, 2) }, why: "however long" },
    {
      last: position(1, 9),
      want: { type: "Truncate", to: position(1, 2) },
      why: "a longer epoch 1",
    },
  ])("a history that ends at $last: $why", ({ last, want }) => {
    expect(remedyFor(ours, last)).toEqual(want);
  });

  it("ZB-3: one million behind a trimmed log: SNAP", () => {
    expect(remedyFor(trimmed, position(1, 2))).toEqual({ type: "Snapshot" });
    expect(remedyFor(trimmed, position(1, 1_000_001))).toEqual({ type: "Diff" });
    expect(remedyFor(trimmed, position(0, 1_000_000)), "another history").toEqual({
      type: "Snapshot",
    });
  });
});

it("ZB-2: a follower that is ahead with uncommitted proposals is cut (TRUNC)", () => {
  const c = begun();
  c.proposeAlone("S3", "x", "y").crash("S3");
  c.elect("S2", ["S1", "S2"]).write("S2", "b");
  expect(c.sent("Truncate")).toBe(0);
  c.restart("S3").heal().settle();
  expect(c.sent("Truncate")).toBe(1);
  expect(c.historyOf("S3")).toEqual(c.historyOf("S2"));
  expect(c.deliveredBy("S3")).not.toContain("x");
  expect(c.commandsOf("S3")).toEqual(["a", "b"]);
  expect(c.violations).toEqual([]);
});

it("ZB-2: an old TRUNC that comes again cuts nothing of what was taken over since", () => {
  const c = begun();
  c.proposeAlone("S3", "x").crash("S3");
  c.elect("S2", ["S1", "S2"]).write("S2", "b");
  c.restart("S3").heal().believeAgain("S3", "S2").deliver("FollowerInfo", "NewEpoch", "AckEpoch");
  const old = c.captured("S3", "Truncate");
  c.net.deliver();
  const history = c.historyOf("S3");
  c.net.arrive(old).deliver();
  expect(c.historyOf("S3")).toEqual(history);
  expect(c.violations).toEqual([]);
});

it("ZB-3: a follower that is one behind gets that one (DIFF), a follower behind a trimmed log a snapshot (SNAP)", () => {
  const c = begun();
  c.among("S2", "S3").write("S3", "b");
  const [before] = [c.sent("Proposal")];
  c.heal().believeAgain("S1", "S3");
  c.net.deliver();
  expect(c.sent("Proposal") - before).toBe(1);
  expect(c.deliveredBy("S1")).toEqual(["a", "b"]);

  c.among("S2", "S3").write("S3", "c", "d", "e");
  const { lastApplied } = c.state("S3");
  c.net.input(idOf("S3"), { type: "Compact", upTo: lastApplied });
  c.heal().believeAgain("S1", "S3");
  c.net.deliver();
  expect(c.transfers).toEqual([{ from: idOf("S3"), to: idOf("S1") }]);
  expect(c.state("S1").commitIndex, "until it is there S1 has what it had").toBeLessThan(
    lastApplied,
  );
  c.install().net.deliver();
  expect(c.state("S1").commitIndex).toBe(lastApplied);
  expect(c.phaseOf("S1")).toBe("Following in broadcast");
  c.write("S3", "f");
  expect(c.deliveredBy("S1").slice(-1)).toEqual(["f"]);
  expect(c.violations).toEqual([]);
});

it("ZB-3: a snapshot that does not arrive is asked for again", () => {
  const c = begun();
  c.among("S2", "S3").write("S3", "b", "c");
  c.net.input(idOf("S3"), { type: "Compact", upTo: c.state("S3").lastApplied });
  c.heal().believeAgain("S1", "S3");
  c.net.deliver();
  const [transfer] = c.transfers.splice(0);
  const at = { index: c.state("S3").lastApplied, epoch: 1 };
  c.net.input(idOf("S3"), { type: "Transferred", to: idOf("S1"), at, ok: false });
  c.net.deliver();
  expect(c.transfers).toEqual([transfer]);
});

describe("ZB-4: a write during synchronization reaches the joiner", () => {
  it("proposed between NEWLEADER and UPTODATE it goes to the joiner too, and UPTODATE tells the newest commit", () => {
    const c = begun();
    c.crash("S1").restart("S1").believeAgain("S1", "S3");
    c.deliver("FollowerInfo", "NewEpoch", "AckEpoch", "NewLeader");
    expect(c.captured("S3", "AckNewLeader").from, "on its way").toBe(idOf("S1"));

    c.propose("S3", "b");
    c.deliver("Proposal", "Acknowledgement", "Commit");
    expect(c.deliveredBy("S2")).toEqual(["a", "b"]);
    expect(c.commandsOf("S1"), "the joiner has it").toEqual(["a", "b"]);
    expect(c.deliveredBy("S1"), "and does not serve yet").toEqual(["a"]);

    c.deliver("AckNewLeader");
    const { message } = c.captured("S1", "UpToDate");
    expect(message).toMatchObject({ commit: c.state("S3").commitIndex });
    c.deliver("UpToDate");
    expect(c.deliveredBy("S1")).toEqual(["a", "b"]);
    expect(c.violations).toEqual([]);
  });

  it("a joiner's acknowledgement counts only behind that of NEWLEADER", () => {
    const c = begun();
    c.crash("S1").restart("S1").believeAgain("S1", "S3");
    c.deliver("FollowerInfo", "NewEpoch", "AckEpoch", "NewLeader");
    c.among("S1", "S3").propose("S3", "b");
    c.deliver("Proposal", "Acknowledgement");
    expect(c.deliveredBy("S3")).toEqual(["a"]);
    c.net.run(1000);
    expect(c.deliveredBy("S3")).toEqual(["a", "b"]);
  });
});

it("ZB-5: the leader dies between the acknowledgements of NEWLEADER and UPTODATE: its initial history stays", () => {
  const c = begun();
  // b is on S2 and S3 alone; epoch 2 is established with it, and nobody but its leader hears so.
  c.among("S2", "S3").propose("S3", "b");
  c.deliver("Proposal");
  c.net.lose();
  c.crash("S3").among("S1", "S2").believe("S2", ["S1"]);
  c.deliver("FollowerInfo", "NewEpoch", "AckEpoch", "Proposal", "Acknowledgement", "NewLeader");
  c.deliver("AckNewLeader");
  expect(c.deliveredBy("S2")).toEqual(["a", "b"]);
  expect(c.captured("S1", "UpToDate")).toBeDefined();
  expect(c.deliveredBy("S1")).toEqual(["a"]);
  c.net.lose();
  c.crash("S2").restart("S3");
  c.among("S1", "S3").settle();
  expect(c.leaders(), "whoever followed the newer epoch leads").toEqual(["S1"]);
  expect(c.deliveredBy("S1")).toEqual(["a", "b"]);
  expect(c.commandsOf("S3")).toEqual(["a", "b"]);
  expect(c.violations).toEqual([]);
});
