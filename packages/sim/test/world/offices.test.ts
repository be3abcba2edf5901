import { type Acks, DEFAULT_KEYSPACE, latin1, type Outcome } from "@quorate/kernel/core";
import { EtcdKind } from "@quorate/kernel/etcd";
import { DEFAULT_OPTIONS, type WriteName } from "@quorate/kernel/replica";
import { putRequest, type SimNode } from "@quorate/sim";
import { describe, expect, it } from "vitest";
import { get, Offices, put, TENURE_MILLIS } from "./offices.ts";

const nameOf = ({ node, start, request }: WriteName): string => `${node}-${start}-${request}`;

/** A write that so many are to hold: its name, and how many did; null where that was not said in time. */
function ask(
  o: Offices,
  node: SimNode,
  value: string,
  acks: Acks,
): { readonly name: string; readonly holders: number | null } {
  let holders: number | null = null;
  const caller = {
    onReply: (_: Outcome, held: number | null) => void (holders = held),
    onReadable: () => {},
  };
  const body = putRequest("x", value);
  const request = node.request(caller, DEFAULT_KEYSPACE, EtcdKind.put, body, 500, null, acks);
  const { id, start } = node;
  o.run(1000);
  if (start === null) throw new RangeError("it is down");
  return { name: nameOf({ node: id, start, request }), holders };
}

describe("one primary (card 8)", () => {
  it.each([
    ["DP-1: the link between primary and group 0 is cut", "both"],
    ["DP-3: only what the primary says is lost", "forward"],
  ] as const)(
    "%s: it stops before anybody else is appointed, and no instant has two",
    (_, direction) => {
      const o = new Offices();
      put(o, o.primary, "before");
      o.world.run(1000);
      o.world.partition([o.primary], o.others, direction);
      const next = o.replaced();
      const until = o.untilOf(o.primary);
      expect(next).not.toBe(null);
      expect(o.primary.now()).toBeGreaterThanOrEqual(until);
      expect(put(o, o.primary, "old")).toMatchObject({ ok: false });
      expect(get(o, o.primary)).toMatchObject({ ok: false });
      if (next === null) return;
      expect(put(o, next, "after", 5000)).toMatchObject({ ok: true });
      expect(get(o, next)).toEqual({ value: "after" });
      expect(o.doubles).toEqual([]);
      o.world.heal();
      o.run(5000);
      expect(get(o, o.primary)).toEqual({ value: "after" });
      expect(o.world.observer.violations).toEqual([]);
    },
  );

  it.each([
    ["both", { tenureWithinBound: false, waitOutTenure: false }],
    ["tenureWithinBound", { tenureWithinBound: false }],
    ["waitOutTenure", { waitOutTenure: false }],
  ] as const)(
    "DP-2: without the rules of offices (%s) two primaries are seen",
    (_, officeRules) => {
      const o = new Offices({ officeRules });
      o.world.run(1000);
      o.world.partition([o.primary], o.others);
      expect(o.replaced()).not.toBe(null);
      o.run(100);
      expect(o.doubles.length).toBeGreaterThan(0);
    },
  );

  it("DP-4: the primary stands still in the middle of a write and wakes when another acts: it makes nothing visible, and its client does not know", () => {
    const o = new Offices();
    put(o, o.primary, "before");
    const length = o.stateOf(o.primary)?.log.lastIndex ?? 0;
    let answer: Outcome | null = null;
    const caller = { onReply: (outcome: Outcome) => void (answer = outcome), onReadable: () => {} };
    o.primary.request(caller, DEFAULT_KEYSPACE, EtcdKind.put, putRequest("x", "middle"), 20_000);
    o.until(() => (o.stateOf(o.primary)?.log.lastIndex ?? 0) > length, 1000);
    o.primary.pause(30_000_000);
    const next = o.replaced();
    expect(next).not.toBe(null);
    if (next === null) return;
    expect(put(o, next, "after", 5000)).toMatchObject({ ok: true });
    o.run(30_000);
    expect(answer).toMatchObject({ ok: false, definite: false });
    expect(o.epochOf(o.primary), "it follows the one that was appointed").toBe(o.epochOf(next));
    for (const node of o.world.nodes) expect(get(o, node)).toEqual({ value: "after" });
    expect(o.doubles).toEqual([]);
    expect(o.world.observer.violations).toEqual([]);
  });

  it("DP-5: group 0's leader loses its power and comes back: what it granted is on disks, and nobody is appointed before its end", () => {
    const o = new Offices({ nodes: 5 });
    o.world.run(1000);
    o.world.partition([o.primary], o.others);
    const until = o.untilOf(o.primary);
    const authority = o.authority;
    o.run(1000);
    for (const node of o.others) node.crash(true);
    o.run(1000);
    for (const node of o.others) node.boot();
    expect(authority.isUp).toBe(true);
    expect(o.replaced()).not.toBe(null);
    expect(o.primary.now()).toBeGreaterThanOrEqual(until);
    expect(o.doubles).toEqual([]);
  });

  it("DP-6: the primary hands over: the other acts within a few round trips, and no tenure is waited for", () => {
    const o = new Offices();
    const [to] = o.others;
    if (to === undefined) return;
    put(o, o.primary, "before");
    const from = o.world.agenda.now;
    const caller = { onReply: () => {}, onReadable: () => {} };
    o.primary.moveLeader(caller, DEFAULT_KEYSPACE, to.id, 5000);
    expect(o.replaced(1000)).toBe(to);
    expect((o.world.agenda.now - from) / 1000).toBeLessThan(100);
    expect(put(o, to, "after")).toMatchObject({ ok: true });
    expect(o.doubles).toEqual([]);
  });

  it("DP-7: the primary reaches one secondary and nobody else: its time ends all the same, and that one follows the next", () => {
    const o = new Offices({ nodes: 5 });
    const friend = o.others.find((node) => node !== o.authority);
    if (friend === undefined) return;
    o.world.partition(
      [o.primary],
      o.others.filter((node) => node !== friend),
    );
    const next = o.replaced();
    expect(next).not.toBe(null);
    o.run(5000);
    expect(o.epochOf(friend)).toBe(o.epochOf(next ?? friend));
    expect(o.acting()).toEqual([next]);
    expect(o.doubles).toEqual([]);
  });

  it("DP-8: a blip of three seconds changes no primary", () => {
    const o = new Offices();
    const epoch = o.epochOf(o.primary);
    o.world.run(3000);
    o.world.partition([o.primary], o.others);
    o.run(3000);
    o.world.heal();
    o.run(20_000);
    expect(o.epochOf(o.primary)).toBe(epoch);
    expect(o.acting()).toEqual([o.primary]);
    expect(put(o, o.primary, "after", 5000)).toMatchObject({ ok: true });
  });

  it("who has been deaf for longer than its time renews it as ever when it hears again: it does not act for a third of the time", () => {
    const o = new Offices();
    o.primary.pause(TENURE_MILLIS * 1100);
    // Nobody else may be appointed: there is nobody who is up.
    for (const node of o.others)
      o.world.partition(
        [node],
        o.others.filter((other) => other !== node),
      );
    o.run(TENURE_MILLIS * 1.2);
    o.world.heal();
    o.until(() => o.acting().length === 1, 60_000);
    for (let i = 0; i < 60; i++) {
      o.run(1000);
      expect(o.acting()).toHaveLength(1);
    }
  });

  it.each([-80, 80])(
    "within the bound on the rates of clocks (%i per mille) no instant has two either",
    (ratePerMille) => {
      const o = new Offices({
        clockOf: (index) => ({ ratePerMille: index === 1 ? ratePerMille : 0, aheadTicks: 0 }),
      });
      o.world.run(1000);
      o.world.partition([o.primary], o.others);
      expect(o.replaced()).not.toBe(null);
      o.run(3000);
      expect(o.doubles).toEqual([]);
    },
  );
});

describe("what a primary takes with it (card 63)", () => {
  it("RM-1: of five replicas the furthest is promoted, and what the dead primary alone had is named exactly when it returns", () => {
    const o = new Offices({ profile: "primary-async", nodes: 5 });
    const [b, c, d, e] = o.others as [SimNode, SimNode, SimNode, SimNode];
    const write = (count: number): void => {
      for (let i = 0; i < count; i++)
        expect(put(o, o.primary, `v${i}`)).toMatchObject({ ok: true });
      o.run(50);
    };
    write(20);
    const last = (node: SimNode): number => o.stateOf(node)?.log.lastIndex ?? 0;
    e.crash(false);
    for (const node of [b, d, c]) {
      o.world.partition([o.primary], [node]);
      write(3);
    }
    expect([last(c) - last(d), last(d) - last(b), last(o.primary) - last(c)]).toEqual([3, 3, 3]);
    const [from, to] = [last(c) + 1, last(o.primary)];
    o.primary.crash(false);
    o.world.heal();
    expect(o.replaced()).toBe(c);
    o.primary.boot();
    e.boot();
    o.run(5000);
    const named = o.world.trace.lines.filter((line) => line.includes("acknowledged writes lost"));
    expect(named).toHaveLength(1);
    expect(named[0]).toContain(`${o.primary.name} acknowledged writes lost`);
    expect(named[0]).toContain(`from=${from} to=${to} count=3`);
    for (const node of o.world.nodes) expect(get(o, node)).toEqual(get(o, c));
  });

  it.each([
    ["while its primary's log still reaches back", 10_000],
    ["by a snapshot, because its primary's log does not", 5],
  ])(
    "RM-1: what is lost is in a file before it is undone, by number, client and command, %s; crashes on the way repeat it",
    (_, tailEntriesMax) => {
      const o = new Offices({ profile: "primary-async", options: { tailEntriesMax } });
      const [b] = o.others;
      if (b === undefined) return;
      for (let i = 0; i < 12; i++) put(o, o.primary, `v${i}`);
      o.run(500);
      o.world.partition([o.primary], o.others);
      const from = (o.stateOf(o.primary)?.log.lastIndex ?? 0) + 1;
      const names = ["l1", "l2", "l3"].map((value) => ask(o, o.primary, value, 1).name);
      o.run(500);
      o.primary.crash(false);
      o.world.heal();
      expect(o.replaced()).not.toBe(null);
      for (let i = 0; i < 30; i++) put(o, b, "after", 5000);
      o.run(500);
      const { disk } = o.primary;
      o.primary.boot();
      // It dies whenever it has said that it lost something, and in the end it has written that out.
      for (let i = 0; i < 4 && disk.exports.size === 0; i++) {
        o.until(() => o.stateOf(o.primary)?.fork !== null, 5000);
        o.run(i);
        if (disk.exports.size > 0) break;
        o.primary.crash(true);
        o.run(10);
        o.primary.boot();
      }
      o.run(5000);
      const [[file, writes] = []] = [...disk.exports];
      expect(file).toMatch(new RegExp(`^1-\\d+-${from}-${from + 2}$`));
      expect(writes?.map(({ index }) => index)).toEqual([from, from + 1, from + 2]);
      expect(writes?.map(nameOf)).toEqual(names);
      expect(writes?.map(({ kind, body }) => [kind, latin1(body).slice(-2)])).toEqual([
        [EtcdKind.put, "l1"],
        [EtcdKind.put, "l2"],
        [EtcdKind.put, "l3"],
      ]);
      for (const node of o.world.nodes) expect(get(o, node)).toEqual({ value: "after" });
      expect(o.world.observer.violations).toEqual([]);
    },
  );

  it.each([true, false])(
    "RM-1: with no room for the file the primary that returns waits as it is, and says so (exportBeforeUndo: %s)",
    (exportBeforeUndo) => {
      const rules = { ...DEFAULT_OPTIONS.rules, exportBeforeUndo };
      const o = new Offices({ profile: "primary-async", options: { rules } });
      put(o, o.primary, "before");
      o.run(500);
      o.world.partition([o.primary], o.others);
      put(o, o.primary, "lost");
      o.run(500);
      o.primary.crash(false);
      o.primary.disk.full = true;
      o.world.heal();
      expect(o.replaced()).not.toBe(null);
      o.primary.boot();
      o.run(12_000);
      const value = get(o, o.primary, "local");
      if (exportBeforeUndo) expect(value).not.toEqual({ value: "before" });
      else expect(value, "undone, and nobody can say what it was").toEqual({ value: "before" });
      const said = o.world.trace.lines.filter((line) => line.includes("not exported"));
      expect(said.length).toBeGreaterThan(0);
      o.primary.disk.full = false;
      o.run(12_000);
      if (exportBeforeUndo) expect(o.primary.disk.exports.size).toBe(1);
      expect(get(o, o.primary)).toEqual({ value: "before" });
    },
  );

  it("PA-4, RM-2: `wait`: without the primary that may have more nobody is appointed: writes are refused, reads served, nothing lost", () => {
    const async = DEFAULT_OPTIONS.profiles.get("primary-async");
    if (async?.office == null) throw new RangeError("an office has a rule");
    const waits = { ...async, office: { ...async.office, loss: "wait" as const } };
    const profiles = new Map([...DEFAULT_OPTIONS.profiles, ["async-wait", waits]]);
    const o = new Offices({ profile: "async-wait", options: { profiles } });
    const [b] = o.others;
    if (b === undefined) return;
    put(o, o.primary, "everywhere");
    o.run(500);
    o.world.partition([o.primary], o.others);
    expect(put(o, o.primary, "here alone")).toMatchObject({ ok: true });
    o.primary.crash(false);
    o.world.heal();
    expect(o.replaced(60_000)).toBe(null);
    expect(put(o, b, "other")).toMatchObject({ ok: false, definite: true });
    expect(get(o, b, "local")).toEqual({ value: "everywhere" });
    o.primary.boot();
    o.run(20_000);
    expect(o.acting()).toEqual([o.primary]);
    expect(get(o, b)).toEqual({ value: "here alone" });
    expect(put(o, b, "again", 5000)).toMatchObject({ ok: true });
  });

  it("QP-5: with fewer than R = 4 of five in reach nobody is appointed, and the log says how many were heard; with one more somebody is", () => {
    const o = new Offices({ profile: "primary-quorum+sync=1", nodes: 5 });
    put(o, o.primary, "kept");
    o.run(500);
    const away = o.others.find((node) => node !== o.authority);
    if (away === undefined) return;
    away.crash(false);
    o.primary.crash(false);
    expect(o.replaced(30_000)).toBe(null);
    const said = o.world.trace.lines.filter((line) => line.includes("no primary appointed"));
    expect(said.length).toBeGreaterThan(0);
    expect(said.length).toBeLessThan(4);
    expect(said[0]).toContain("heard=3 needed=4");
    away.boot();
    const next = o.replaced(30_000);
    expect(next).not.toBe(null);
    if (next !== null) expect(get(o, next)).toEqual({ value: "kept" });
  });

  it("a standpoint from before the end of a tenure does not count, also where that was renewed after an earlier end", () => {
    const { tenureTicks } = DEFAULT_OPTIONS;
    const o = new Offices({
      profile: "primary-quorum+sync=1",
      nodes: 5,
      options: { tenureTicks },
    });
    const { primary: a, authority } = o;
    const [b, c] = o.others.filter((node) => node !== authority);
    if (b === undefined || c === undefined) return;
    put(o, a, "first");
    o.run(500);
    // Four of five are to be asked, and three are there: the office is free, and nobody gets it before its holder is back.
    c.crash(false);
    const others = o.others.filter((node) => node !== c);
    const join = o.world.partition([a], others);
    o.run(2 * tenureTicks);
    expect(o.acting()).toEqual([]);
    join();
    expect(o.until(() => o.acting().includes(a), 10_000)).toBe(true);

    const rejoin = o.world.partition([a], [b]);
    expect(put(o, a, "without b")).toMatchObject({ ok: true });
    c.boot();
    o.run(2000);
    o.world.partition(
      [a],
      o.others.filter((node) => node !== b),
    );
    const until = o.untilOf(a);
    o.until(() => a.now() >= until - 500, 20_000);
    rejoin();
    // What b has said of itself by then, before it heard its primary again, is old soon.
    o.until(() => a.now() >= until - 15, 1000);
    expect(put(o, a, "with b alone")).toMatchObject({ ok: true });
    const next = o.replaced(30_000);
    expect(next).not.toBe(null);
    if (next !== null) expect(get(o, next)).toEqual({ value: "with b alone" });
  });

  it("RM-8: read-only instead of outage: three of three are needed and one is down", () => {
    const o = new Offices({ profile: "waro" });
    put(o, o.primary, "all");
    const [b, c] = o.others;
    if (b === undefined || c === undefined) return;
    o.run(500);
    c.crash(false);
    o.run(3000);
    expect(put(o, o.primary, "two")).toMatchObject({ code: "Rejected", definite: true });
    expect(get(o, o.primary)).toEqual({ value: "all" });
    expect(get(o, b)).toEqual({ value: "all" });
    c.boot();
    o.run(5000);
    expect(put(o, o.primary, "three", 5000)).toMatchObject({ ok: true });
    expect(get(o, c)).toEqual({ value: "three" });
  });

  it("RM-4: what was acknowledged by the primary alone and is undone every member is told of by its name; what a majority held never is", () => {
    const o = new Offices({ profile: "primary-async" });
    const [b] = o.others;
    if (b === undefined) return;
    const kept = ask(o, o.primary, "kept", "majority");
    expect(kept.holders).toBeGreaterThanOrEqual(2);
    o.world.partition([o.primary], o.others);
    const undone = ask(o, o.primary, "undone", 1);
    expect(undone.holders).toBe(1);
    expect(ask(o, o.primary, "unknown", "majority").holders).toBe(null);
    o.primary.crash(false);
    o.world.heal();
    expect(o.replaced()).not.toBe(null);
    o.primary.boot();
    o.run(5000);
    for (const node of o.world.nodes) {
      const told = node.undone.map(nameOf);
      expect(told).toContain(undone.name);
      expect(told).not.toContain(kept.name);
      expect(told).toHaveLength(2);
    }
    for (const node of o.world.nodes) expect(get(o, node)).toEqual({ value: "kept" });
  });
});
