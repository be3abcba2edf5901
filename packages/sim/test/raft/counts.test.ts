import { put, RaftCluster } from "@quorate/sim";
import { expect, it } from "vitest";

/** Nothing rides on anything: one entry per message, one message under way, no notice of its own for a commit. */
const EXPLICIT = { batchEntriesMax: 1, inflightMessagesMax: 1, commitNotice: "ride" } as const;

for (const n of [2, 4]) {
  it(`RF-1: in explicit mode a command costs exactly 2n messages, here n = ${n}; heartbeats are counted apart`, () => {
    const c = new RaftCluster({ replicas: n + 1, settings: EXPLICIT, seed: 1n });
    c.elect("S1").replicate("S1");
    c.propose("S1", put("x", "0"));
    c.net.deliver();
    const before = [c.sent("AppendEntries"), c.sent("AppendEntriesReply"), c.sent("Heartbeat")];

    for (let i = 1; i <= 10; i++) {
      const index = c.state("S1").log.lastIndex + 1;
      c.propose("S1", put("x", String(i)));
      c.net.deliver();
      expect(c.commitIndexOf("S1")).toBe(index);
    }

    const after = [c.sent("AppendEntries"), c.sent("AppendEntriesReply"), c.sent("Heartbeat")];
    expect(after.map((count, i) => count - (before[i] ?? 0))).toEqual([10 * n, 10 * n, 0]);
    // The decision rides on the next append: followers are one command behind.
    expect(c.commitIndexOf("S2")).toBe(c.commitIndexOf("S1") - 1);
  });
}

it("RF-1: with batches and pipelining a hundred commands cost no more messages than one", () => {
  const c = new RaftCluster({ replicas: 3, seed: 1n });
  c.elect("S1").replicate("S1");
  c.net.deliver();
  const before = c.sent("AppendEntries");
  const commands = Array.from({ length: 100 }, (_, i) => put("x", String(i)));
  c.proposeAll("S1", commands);
  c.net.deliver();
  expect(c.sent("AppendEntries") - before).toBe(2);
  expect(c.commitIndexOf("S1")).toBe(c.state("S1").log.lastIndex);
});
