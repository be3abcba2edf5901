import { idOf, type Name, type PrimaryCluster, primaryCluster } from "@quorate/sim";
import { describe, expect, it } from "vitest";

const PULL_TICKS = 250;
const PULLED = {
  acks: 0,
  shrinkTicks: null,
  inSyncMin: 1,
  pullTicks: PULL_TICKS,
  // No notice of a commit, and no acknowledgement that nothing waits for.
  commitNotice: "ride",
} as const;

function started(replicas: number, batchEntriesMax = 4096): PrimaryCluster {
  const settings = { ...PULLED, batchEntriesMax };
  const c = primaryCluster({ replicas, seed: 1n, settings });
  expect(c.appoint("S1")).toBe(true);
  c.net.run(2 * PULL_TICKS);
  return c;
}

const keys = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `k${from + i}`);

/** When it asks next; now, if it is the primary. */
function pullAt(c: PrimaryCluster, name: Name): number {
  const { role } = c.state(name);
  return role.type === "Follower" ? role.pullAt : c.net.now.ticks;
}

/** Every secondary's time to ask comes once, and no heartbeat's. */
function pull(c: PrimaryCluster): void {
  const next = c.names.map((name) => pullAt(c, name));
  c.net.pass(Math.max(...next) - c.net.now.ticks);
  for (const name of c.names.slice(1)) c.net.wake(idOf(name));
  c.net.deliver();
}

describe("asynchronous, pulled (card 1)", () => {
  it("PA-1: 100 writes, no fault, four secondaries: no update before one is asked for, then one question and one update for each", () => {
    const c = started(5);
    const sent = (): readonly number[] => [c.sent("Pull"), c.sent("Update"), c.sent("Ack")];
    const before = sent();
    c.write("S1", ...keys(1, 100));
    expect(c.appliedBy("S1")).toEqual(keys(1, 100));
    expect(sent()).toEqual(before);
    pull(c);
    expect(sent().map((count, i) => count - (before[i] ?? 0))).toEqual([4, 4, 0]);
    for (const name of c.names) expect(c.logOf(name)).toEqual(keys(1, 100));
    c.beat("S1");
    for (const name of c.names) expect(c.appliedBy(name)).toEqual(keys(1, 100));
  });

  it("one question is answered with all that the log had then, in as many updates as that takes, and nothing of what came since", () => {
    const c = started(3, 10);
    c.write("S1", ...keys(1, 95));
    const before = c.sent("Update");
    pull(c);
    expect(c.sent("Update") - before).toBe(2 * 10);
    expect(c.logOf("S2")).toEqual(keys(1, 95));
    c.write("S1", "later");
    c.beat("S1");
    expect(c.logOf("S2")).toEqual(keys(1, 95));
    pull(c);
    expect(c.logOf("S2")).toEqual([...keys(1, 95), "later"]);
  });

  it("PA-2: the primary dies 7 acknowledged writes after it was asked: they are gone, and the report names exactly them", () => {
    const c = started(3).write("S1", ...keys(1, 90));
    pull(c);
    c.write("S1", ...keys(91, 97));
    expect(c.appliedBy("S1")).toEqual(keys(1, 97));
    c.crash("S1").net.pass(60_001);
    expect(c.appoint("S2", { unclean: true })).toBe(true);
    c.write("S2", "new");
    c.restart("S1")
      .tell("S1")
      .net.run(2 * PULL_TICKS);
    expect(c.lost).toEqual([{ at: idOf("S1"), from: 92, to: 98 }]);
  });

  it("a question, or an update, that is lost costs a period: the next one asks again", () => {
    const c = started(3).write("S1", "a");
    pull(c);
    c.write("S1", "b");
    const { net } = c;
    net.pass(PULL_TICKS);
    net.wake(idOf("S2"));
    net.lose();
    expect(c.logOf("S2")).toEqual(["a"]);
    net.run(2 * PULL_TICKS);
    expect(c.logOf("S2")).toEqual(["a", "b"]);
    c.write("S1", "c");
    net.pass(PULL_TICKS);
    net.wake(idOf("S2"));
    net.lose(({ message }) => message.type === "Update");
    net.deliver();
    net.lose();
    net.run(c.settings.retransmitTicks + 2 * PULL_TICKS);
    expect(c.logOf("S2")).toEqual(["a", "b", "c"]);
  });

  it("a question of an epoch that is over is answered by nobody", () => {
    const c = started(3).write("S1", "a");
    c.net.pass(PULL_TICKS);
    c.net.wake(idOf("S2"));
    const late = c.captured("S1", "Pull");
    c.net.lose();
    expect(late.message).toMatchObject({ epoch: 1 });
    c.net.pass(60_001);
    expect(c.appoint("S1")).toBe(true);
    c.net.lose();
    const before = c.sent("Update");
    c.net.input(idOf("S1"), { type: "Receive", from: late.from, message: late.message });
    c.net.deliver();
    expect(c.sent("Update")).toBe(before);
  });

  it("what the log is about to lose is sent to whoever has not asked for it yet, and takes no snapshot", () => {
    const c = started(3).write("S1", ...keys(1, 50));
    pull(c);
    c.write("S1", ...keys(51, 90)).beat("S1");
    expect(c.logOf("S2")).toEqual(keys(1, 50));
    const { lastIndex } = c.state("S1").log;
    c.net.input(idOf("S1"), { type: "Compact", upTo: lastIndex });
    c.net.deliver();
    expect(c.logOf("S1")).toEqual([]);
    expect(c.logOf("S2")).toEqual(keys(1, 90));
    pull(c);
    expect(c.transfers).toEqual([]);
  });

  it("an heir is not waited for: while the office is handed over it is sent all at once", () => {
    const c = started(3);
    pull(c);
    c.write("S1", ...keys(1, 20));
    expect(c.logOf("S2")).toEqual([]);
    const asksAt = pullAt(c, "S2");
    c.net.input(idOf("S1"), { type: "TransferLeadership", id: c.nextId(), to: idOf("S2") });
    c.net.deliver();
    expect(c.logOf("S2")).toEqual(keys(1, 20));
    // What it holds it says when it is asked.
    c.beat("S1").decide();
    c.net.deliver();
    expect(c.office.primary).toBe(idOf("S2"));
    expect(c.net.now.ticks).toBeLessThan(asksAt);
  });
});
