import {
  ALL_PUSH_RULES,
  DEFAULT_PUSH_SETTINGS,
  drawBelow,
  fencePushHolder,
  generationHeld,
  type NodeId,
  type Now,
  nodeId,
  onPush,
  type PushHolder,
  type PushIssuer,
  type PushIssuerEffect,
  type PushIssuerInput,
  type PushLease,
  type PushSettings,
  seeded,
  startPushHolder,
  startPushIssuer,
  stepPushIssuer,
  ticks,
} from "@quorate/kernel/core";
import { describe, expect, it } from "vitest";

const A = nodeId(1n);
const B = nodeId(2n);
const OFFICE = "primary";
/** No clock is further than this from true time, as its interval says. */
const BOUND = 250;

interface OfficeSetup {
  readonly settings?: Partial<PushSettings>;
  /** How far the clocks are from true time, in milliseconds. */
  readonly issuerOffset?: number;
  readonly holderOffset?: number;
  /** What a clock believes to be its bound. */
  readonly bound?: number;
}

/** An issuer, two that it may appoint, and true time in milliseconds. Pushes arrive at once, unless their link is cut. */
class Offices {
  readonly settings: PushSettings;
  readonly #setup: OfficeSetup;
  issuer: PushIssuer;
  readonly holders = new Map<NodeId, PushHolder>();
  readonly cut = new Set<NodeId>();
  readonly pushed: PushLease[] = [];
  #records: PushLease[] = [];
  /** True times at which more than one acted. */
  readonly double: number[] = [];
  time = 1_000_000;

  constructor(setup: OfficeSetup = {}) {
    this.#setup = setup;
    this.settings = { ...DEFAULT_PUSH_SETTINGS, ...setup.settings };
    this.issuer = startPushIssuer(this.settings, [], this.#now("issuer"));
    for (const id of [A, B]) this.holders.set(id, startPushHolder(this.settings, id));
  }

  appoint(holder: NodeId | null): this {
    return this.#step({ type: "Appoint", what: OFFICE, holder });
  }

  /** The clock port of A finds that its clock is out of its bound, or back in it. */
  fence(fenced: boolean): this {
    this.holders.set(A, fencePushHolder(this.holder(A), fenced));
    return this;
  }

  fenceIssuer(fenced: boolean): this {
    return this.#step({ type: "Fence", fenced });
  }

  restartIssuer(): this {
    this.issuer = startPushIssuer(this.settings, this.#records, this.#now("issuer"));
    return this;
  }

  holder(id: NodeId): PushHolder {
    const holder = this.holders.get(id);
    if (holder === undefined) throw new RangeError(`no holder ${id}`);
    return holder;
  }

  acts(id: NodeId): boolean {
    return generationHeld(this.holder(id), OFFICE, this.#now(id)) !== null;
  }

  pass(millis: number, step = 1): this {
    const until = this.time + millis;
    while (this.time < until) {
      this.time += step;
      this.#step({ type: "Wake" });
      if (this.acts(A) && this.acts(B)) this.double.push(this.time);
    }
    return this;
  }

  receive(id: NodeId, lease: PushLease): this {
    this.holders.set(id, onPush(this.holder(id), this.#now(id), lease));
    return this;
  }

  #step(input: PushIssuerInput): this {
    const [next, effects] = stepPushIssuer(this.issuer, this.#now("issuer"), [input]);
    this.issuer = next;
    for (const effect of effects) this.#perform(effect);
    return this;
  }

  #perform(effect: PushIssuerEffect): void {
    if (effect.type === "Persist") this.#records = [effect.record];
    else if (effect.type === "Push") {
      this.pushed.push(effect.lease);
      const { holder } = effect.lease;
      if (!this.cut.has(holder)) this.receive(holder, effect.lease);
    }
  }

  #now(who: NodeId | "issuer"): Now {
    const { issuerOffset = 0, holderOffset = 0, bound = BOUND } = this.#setup;
    const offset = who === "issuer" ? issuerOffset : who === A ? holderOffset : 0;
    const wall = this.time + offset;
    return { ticks: ticks(this.time), wall: { earliest: wall - bound, latest: wall + bound } };
  }
}

it("PL-1: the link from holder to issuer is cut for an hour, and the holder stays in office by pushes", () => {
  const o = new Offices().appoint(A);
  let away = 0;
  for (let second = 0; second < 3600; second++) {
    o.pass(1000, 500);
    if (!o.acts(A)) away++;
  }
  expect(away).toBe(0);
  expect(o.pushed.length, "1 message per renewal, and nothing back").toBe(1 + 3600 / 3);
  expect(new Set(o.pushed.map(({ generation }) => generation))).toEqual(new Set([1]));
});

/** The link to A is cut, and B is to have the office. When does A stop, and when does B begin? */
function handedOver(issuerOffset: number, holderOffset: number, rules = ALL_PUSH_RULES) {
  const o = new Offices({ issuerOffset, holderOffset, settings: { rules } })
    .appoint(A)
    .pass(5000, 50);
  o.cut.add(A);
  o.appoint(B);
  for (let millis = 0; millis < 12_000; millis += 50) o.pass(50, 50);
  return o;
}

const OFFSETS = Array.from({ length: 11 }, (_, i) => -BOUND + (i * 2 * BOUND) / 10);

describe("PL-2: the link from issuer to holder is cut", () => {
  it("A stops by its own clock before B begins, with every pair of offsets up to the bound", () => {
    for (const issuerOffset of OFFSETS)
      for (const holderOffset of OFFSETS) {
        const o = handedOver(issuerOffset, holderOffset);
        expect(o.double).toEqual([]);
        expect([o.acts(A), o.acts(B)]).toEqual([false, true]);
      }
  });

  it("if both ask the early edge of their clocks, some pair has two in office", () => {
    const rules = { ...ALL_PUSH_RULES, bothEdges: false };
    const worst = handedOver(BOUND, -BOUND, rules);
    expect(worst.double.length).toBeGreaterThan(0);
  });
});

it("PL-3: a thousand repeated and reordered grants leave the same state as each once, in order", () => {
  const leases = Array.from({ length: 20 }, (_, i) => ({
    what: OFFICE,
    holder: A,
    generation: 1 + Math.floor(i / 5),
    end: 1_000_500 + 1000 * i,
  }));
  const inOrder = new Offices();
  for (const lease of leases) inOrder.receive(A, lease);
  for (let seed = 1n; seed <= 20n; seed++) {
    const o = new Offices();
    let random = seeded(seed);
    const last = leases[leases.length - 1];
    for (let i = 0; i < 1000; i++) {
      const [at, next] = drawBelow(random, leases.length);
      random = next;
      const lease = i === 500 ? last : leases[at];
      if (lease !== undefined) o.receive(A, lease);
    }
    expect(o.holder(A)).toEqual(inOrder.holder(A));
  }
});

it("a grant that arrives expired is void, as is one of a smaller generation or for somebody else", () => {
  const o = new Offices();
  const lease = { what: OFFICE, holder: A, generation: 2, end: o.time + BOUND };
  expect(o.receive(A, lease).holder(A).leases.size).toBe(0);
  o.receive(A, { ...lease, end: o.time + 5000 });
  const before = o.holder(A);
  o.receive(A, { ...lease, generation: 1, end: o.time + 9000 });
  o.receive(A, { ...lease, holder: B, generation: 3, end: o.time + 9000 });
  expect(o.holder(A)).toBe(before);
});

describe("PL-4: a clock is ten bounds away from true time", () => {
  /** A's clock is late by ten bounds, and no push reaches it any more. */
  const late = (fence: boolean): Offices => {
    const settings = { rules: { ...ALL_PUSH_RULES, fence } };
    const o = new Offices({ holderOffset: -10 * BOUND, settings }).appoint(A).pass(5000, 50);
    o.fence(true).cut.add(A);
    return o.appoint(B).pass(12_000, 50);
  };

  it("of the holder: without the fence two are in office, with it one", () => {
    expect(late(false).double.length).toBeGreaterThan(0);
    const o = late(true);
    expect(o.double).toEqual([]);
    expect(o.acts(B)).toBe(true);
  });

  /** The issuer's clock leaps after the last push to A: it takes A's lease for over too soon. */
  const leap = (fence: boolean): Offices => {
    const setup = { issuerOffset: 0, settings: { rules: { ...ALL_PUSH_RULES, fence } } };
    const o = new Offices(setup).appoint(A).pass(1000, 50);
    o.cut.add(A);
    o.fenceIssuer(true).appoint(B);
    Object.assign(setup, { issuerOffset: 10 * BOUND });
    return o.pass(12_000, 50);
  };

  it("of the issuer: without the fence it gives the office away too soon, with it not at all", () => {
    expect(leap(false).double.length).toBeGreaterThan(0);
    const o = leap(true);
    expect([o.double, o.acts(B)]).toEqual([[], false]);
    o.fenceIssuer(false).pass(50, 50);
    expect(o.acts(B), "back in its bound, it goes on").toBe(true);
  });
});

describe("PL-5: the issuer restarts", () => {
  const run = (persistEnd: boolean): Offices => {
    const o = new Offices({ settings: { rules: { ...ALL_PUSH_RULES, persistEnd } } });
    o.appoint(A).pass(1000, 50);
    o.cut.add(A);
    return o.restartIssuer().appoint(B);
  };

  it("and waits out the durable end before it appoints another", () => {
    const o = run(true);
    const end = o.pushed[0]?.end ?? 0;
    o.pass(end + BOUND - o.time, 1);
    expect([o.acts(B), o.double]).toEqual([false, []]);
    o.pass(1);
    expect([o.acts(B), o.pushed.at(-1)?.generation]).toEqual([true, 2]);
  });

  it("without the durable end two are in office", () => {
    expect(run(false).pass(1000, 50).double.length).toBeGreaterThan(0);
  });

  it("and goes on with the holder that its records name, without a wait", () => {
    const o = new Offices().appoint(A).pass(1000, 50).restartIssuer().pass(30_000, 50);
    expect([o.acts(A), o.pushed.at(-1)?.generation]).toEqual([true, 1]);
  });
});

it("beyond officesMax the issuer refuses, and a holder heeds none but known offices", () => {
  const settings = { ...DEFAULT_PUSH_SETTINGS, officesMax: 1 };
  const now: Now = { ticks: ticks(0), wall: { earliest: 0, latest: 0 } };
  const inputs = ["a", "b"].map((what) => ({ type: "Appoint", what, holder: A }) as const);
  const [, effects] = stepPushIssuer(startPushIssuer(settings, [], now), now, inputs);
  expect(effects.at(-1)).toEqual({ type: "Refused", what: "b" });
  const lease = (what: string): PushLease => ({ what, holder: A, generation: 1, end: 10 });
  const one = onPush(startPushHolder(settings, A), now, lease("a"));
  expect(onPush(one, now, lease("b"))).toBe(one);
  const later: Now = { ticks: ticks(10), wall: { earliest: 10, latest: 10 } };
  const next = onPush(one, later, { ...lease("b"), end: 20 });
  expect([...next.leases.keys()], "an ended one makes room").toEqual(["b"]);
});

/** How lease length trades: renewals every third of it, 1 in 100 pushes lost, the holder's death noticed after two missed beats. */
interface Row {
  readonly leaseMillis: number;
  /** From the holder's death until its successor acts. */
  readonly failOverMillis: number;
  /** In six hours, spells in which a healthy holder was out of office because pushes got lost. */
  readonly lapses: number;
  /** How long a write that the lease stands against waits at most. */
  readonly writeDelayMillis: number;
}

function row(leaseMillis: number): Row {
  const pushEveryTicks = Math.floor(leaseMillis / 3);
  const settings = { leaseMillis, pushEveryTicks };
  return { leaseMillis, ...switched(settings), lapses: lapsesInAQuarterDay(settings) };
}

function switched(settings: Partial<PushSettings> & { readonly pushEveryTicks: number }) {
  const o = new Offices({ bound: 5, settings })
    .appoint(A)
    .pass(settings.pushEveryTicks * 4 - 10, 5);
  const died = o.time;
  o.cut.add(A);
  o.pass(2 * settings.pushEveryTicks, 5).appoint(B);
  const asked = o.time;
  while (!o.acts(B)) o.pass(5, 5);
  return { failOverMillis: o.time - died, writeDelayMillis: o.time - asked };
}

function lapsesInAQuarterDay(
  settings: Partial<PushSettings> & { readonly pushEveryTicks: number },
): number {
  const o = new Offices({ bound: 5, settings }).appoint(A);
  let random = seeded(7n);
  let lapses = 0;
  for (let millis = 0; millis < 21_600_000; millis += settings.pushEveryTicks) {
    const [dice, next] = drawBelow(random, 100);
    random = next;
    if (dice === 0) o.cut.add(A);
    else o.cut.delete(A);
    // Just before the push that is due, what the last ones left is at its least.
    o.time += settings.pushEveryTicks - 1;
    if (!o.acts(A)) lapses++;
    o.pass(1);
  }
  return lapses;
}

it("PL-6: longer leases lapse less often and fail over later; a write waits for the rest of one", () => {
  const table = [500, 1000, 2000, 5000, 10_000, 20_000, 30_000].map(row);
  for (const [i, { failOverMillis, writeDelayMillis, lapses, leaseMillis }] of table.entries()) {
    const before = table[i - 1];
    expect(failOverMillis).toBeGreaterThan(before?.failOverMillis ?? 0);
    expect(writeDelayMillis).toBeGreaterThan(before?.writeDelayMillis ?? 0);
    expect(lapses).toBeLessThanOrEqual(before?.lapses ?? Number.POSITIVE_INFINITY);
    expect(failOverMillis).toBeLessThanOrEqual(2 * leaseMillis);
  }
  expect(table[0]?.lapses).toBeGreaterThan(0);
  console.table(table);
});
