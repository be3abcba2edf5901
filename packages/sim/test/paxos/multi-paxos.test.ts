import type { PaxosMessage } from "@quorate/kernel/paxos";
import { idOf, PaxosCluster, put, rebuiltInPart } from "@quorate/sim";
import { describe, expect, it } from "vitest";

/** Nothing rides on anything: one entry per message, one message under way, decisions told and acknowledged. */
const EXPLICIT = {
  batchEntriesMax: 1,
  inflightMessagesMax: 1,
  decisions: "acknowledged",
} as const;
const PHASES = ["Accept", "AcceptedSlots", "Decided", "Ack"] as const;

const counts = (c: PaxosCluster): readonly number[] => PHASES.map((type) => c.sent(type));

function countsOf(c: PaxosCluster, commands: number): readonly number[] {
  const before = counts(c);
  const others = ["Heartbeat", "Prepare", "PreVote"].map((type) =>
    c.sent(type as PaxosMessage["type"]),
  );
  for (let i = 1; i <= commands; i++) {
    c.propose("S1", put("x", String(i)));
    c.net.deliver();
  }
  expect(
    ["Heartbeat", "Prepare", "PreVote"].map((type) => c.sent(type as PaxosMessage["type"])),
  ).toEqual(others);
  return counts(c).map((count, i) => count - (before[i] ?? 0));
}

describe("MP-1: messages of a stable leader, n = 4 others", () => {
  it("MP-1: 1000 commands cost 4n messages each in explicit mode: accept, accepted, decided, ack", () => {
    const c = new PaxosCluster({ replicas: 5, settings: EXPLICIT, seed: 1n });
    c.elect("S1").reaches("S1");
    expect(countsOf(c, 1000)).toEqual([4000, 4000, 4000, 4000]);
    expect(c.decidedOf("S5")).toBe(c.decidedOf("S1"));
  });

  it("MP-1: with the decision on the next accept a command costs 2n", () => {
    const c = new PaxosCluster({ replicas: 5, settings: { decisions: "ride" }, seed: 1n });
    c.elect("S1").reaches("S1");
    expect(countsOf(c, 1000)).toEqual([4000, 4000, 0, 0]);
    expect(c.decidedOf("S5"), "followers are one command behind").toBe(c.decidedOf("S1") - 1);
  });

  it("MP-1: told at once and not acknowledged, 3n", () => {
    const c = new PaxosCluster({ replicas: 5, seed: 1n });
    c.elect("S1").reaches("S1");
    expect(countsOf(c, 1000)).toEqual([4000, 4000, 4000, 0]);
  });

  it("MP-1: a thousand commands of one turn share their messages", () => {
    const c = new PaxosCluster({ replicas: 5, seed: 1n });
    c.elect("S1").reaches("S1");
    const before = c.sent("Accept");
    c.propose("S1", ...Array.from({ length: 1000 }, (_, i) => put("x", String(i))));
    c.net.deliver();
    expect(c.sent("Accept") - before).toBe(4);
    expect(c.decidedOf("S5")).toBe(c.decidedOf("S1"));
  });

  it("MP-1: a change of leader costs one prepare round, 2n", () => {
    const c = new PaxosCluster({ replicas: 5, rules: { preVote: false }, seed: 1n });
    c.elect("S1").reaches("S1");
    const before = [c.sent("Prepare"), c.sent("Promised")];
    c.crash("S1").restart("S1").elect("S2");
    expect([c.sent("Prepare"), c.sent("Promised")].map((n, i) => n - (before[i] ?? 0))).toEqual([
      4, 4,
    ]);
  });
});

it("MP-2: slots 7 and 9 are accepted at a minority and 8 nowhere when the leader dies: the next one's history has no gap, and a no-op at 8", () => {
  const c = new PaxosCluster({ replicas: 5, settings: { batchEntriesMax: 1 }, seed: 2n });
  c.elect("S1").reaches("S1");
  const commands = (from: number, to: number): readonly Uint8Array[] =>
    Array.from({ length: to - from + 1 }, (_, i) => put("x", String(from + i)));
  c.propose("S1", ...commands(2, 6)).reaches("S1");

  c.net.holdSync(idOf("S1"));
  c.propose("S1", ...commands(7, 9));
  c.net.deliver(
    ({ to, message }) => to === idOf("S2") && message.type === "Accept" && message.slot !== 8,
  );
  c.crash("S1");
  expect(c.state("S2").accepted.slotsFrom(7 as never)).toEqual([7, 9]);

  c.elect("S2", ["S3", "S4"]).reaches("S2", ["S3", "S4"], 2);
  const history = ["-", "x=2", "x=3", "x=4", "x=5", "x=6", "x=7", "-", "x=9", "-"];
  expect(c.historyOf("S2")).toEqual(history);

  c.restart("S1").reaches("S2", c.names, 3);
  for (const name of c.names) {
    const { log } = c.state(name);
    expect(log.slice(log.base.index, log.lastIndex).map(({ kind }) => kind)).toEqual(
      history.map((text) => (text === "-" ? "noop" : "command")),
    );
  }
  expect(c.violations).toEqual([]);
});

it("MP-3: two lead for a moment: no slot gets two commands, and the older one finds out", () => {
  const c = new PaxosCluster({ replicas: 3, rules: { checkQuorum: false }, seed: 3n });
  c.elect("S1").reaches("S1");
  c.elect("S2", ["S3"]);
  expect(c.leaders()).toEqual(["S1", "S2"]);
  c.propose("S1", put("x", "old"));
  c.reaches("S2", ["S3"]);
  c.propose("S2", put("x", "new")).propose("S1", put("x", "older"));
  c.net.deliver();
  c.reaches("S2");
  expect(c.leaders()).toEqual(["S2"]);
  expect(c.historyOf("S1")).toEqual(c.historyOf("S2"));
  expect(c.historyOf("S1")).toEqual(["-", "-", "x=new"]);
  expect(c.violations).toEqual([]);
});

it("MP-3: a new leader is one for others only when all is chosen that its predecessor may have had chosen", () => {
  const c = new PaxosCluster({ replicas: 3, seed: 4n });
  c.elect("S1").reaches("S1");
  c.propose("S1", put("x", "a"));
  c.exchange("S1", ["S3"], ({ message }) => message.type === "Accept");
  c.crash("S1").elect("S2", ["S3"]);
  expect(c.state("S2").role.type, "phase 1 is done").toBe("Leader");
  c.propose("S2", put("x", "b"));
  expect([...c.net.outcomes.values()].at(-1)).toMatchObject({ code: "NotLeader", definite: true });
  c.reaches("S2", ["S3"]);
  c.propose("S2", put("x", "b")).reaches("S2", ["S3"]);
  expect(c.historyOf("S2")).toEqual(["-", "x=a", "-", "x=b"]);
});

it("a new leader knows up to which ballot anybody can have had anything chosen before it, though the log does not tell", () => {
  const c = new PaxosCluster({ replicas: 3, rules: { checkQuorum: false }, seed: 9n });
  c.elect("S1").reaches("S1");
  const { term } = c.state("S1");
  c.elect("S2", ["S3"]);
  expect(c.state("S2").role).toMatchObject({ before: term });
});

it("MP-4: a command proposed again after an unknown outcome takes another slot: that it is applied once is for sessions above to see", () => {
  const c = new PaxosCluster({ replicas: 3, seed: 5n });
  c.elect("S1").reaches("S1");
  c.propose("S1", put("x", "a")).propose("S1", put("x", "a")).reaches("S1");
  expect(c.historyOf("S2")).toEqual(["-", "x=a", "x=a"]);
});

describe("MP-6: a replica that lost records", () => {
  it("MP-6: it comes back as a member that promises and accepts nothing, until it knows what may have been chosen with its voice", () => {
    const c = rebuiltInPart(true);
    expect(c.state("S3")).toMatchObject({ repairing: true, blind: false });
    c.reaches("S1", ["S3"], 2);
    expect(c.state("S3").repairing, "a majority has not chosen this leader's own entry").toBe(true);
    c.reaches("S1", c.names, 4);
    expect(c.state("S3").repairing).toBe(false);
    expect(c.entryAt("S3", 3)).toEqual(c.entryAt("S1", 3));
    expect(c.violations).toEqual([]);
  });

  it("MP-6: the leader it first hears is rejected, because it may have been promised to another; the next one's ballot lies above all that", () => {
    const c = new PaxosCluster({ replicas: 3, seed: 7n });
    c.elect("S1").reaches("S1");
    const before = c.state("S1").term;
    c.repair("S3", c.recordsOf("S3"));
    c.reaches("S1");
    expect(c.leaders()).toEqual([]);
    expect(c.state("S3").term).toBeGreaterThan(before + 2 ** 20);
    c.elect("S1").reaches("S1", c.names, 3);
    expect(c.state("S1").term).toBeGreaterThan(c.state("S3").term - 64);
    expect(c.state("S3").repairing).toBe(false);
    c.crash("S2");
    c.propose("S1", put("x", "a")).reaches("S1");
    expect(c.entryAt("S1", c.decidedOf("S1"))?.command, "S3 counts again").toEqual(put("x", "a"));
  });

  it("MP-6: while it is rebuilt it neither makes a majority nor stands, and a restart changes nothing of that", () => {
    const c = new PaxosCluster({ replicas: 3, seed: 8n });
    c.elect("S1").reaches("S1");
    c.repair("S3", c.recordsOf("S3"));
    c.crash("S2").reaches("S1");
    c.crash("S3").restart("S3");
    expect(c.state("S3").repairing).toBe(true);
    c.net.run(20_000);
    expect(c.leaders()).toEqual([]);
    c.restart("S2");
    c.net.run(20_000);
    expect(c.leaders()).toHaveLength(1);
    expect(c.state("S3").repairing).toBe(false);
    expect(c.violations).toEqual([]);
  });
});
