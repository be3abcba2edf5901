import {
  type BullyMessage,
  type BullySettings,
  type BullyState,
  bully,
  coordinatorOf,
  DEFAULT_SETTINGS,
} from "@quorate/kernel/bully";
import { type NodeId, nodeId, requestId } from "@quorate/kernel/core";
import { Stepper } from "@quorate/sim";
import { describe, expect, it } from "vitest";

const id = (n: number): NodeId => nodeId(BigInt(n));
const MEMBERS = [1, 2, 3, 4, 5];

class Election {
  readonly net: Stepper<BullyState, BullyMessage>;

  constructor(settings: Partial<BullySettings> = {}) {
    this.net = new Stepper({
      protocol: bully({ ...DEFAULT_SETTINGS, ...settings }),
      members: MEMBERS.map(id),
      config: { epoch: 0, voters: MEMBERS.map(id), outgoing: null, learners: [] },
      seed: 1n,
    });
  }

  /** Whom each live member takes for the coordinator; null: nobody, or it is down. */
  get leaders(): readonly (number | null)[] {
    return MEMBERS.map((n) => {
      const found = this.net.isUp(id(n)) ? coordinatorOf(this.net.stateOf(id(n))) : null;
      return found === null ? null : Number(found.id);
    });
  }

  epochOf(n: number): number {
    return this.net.stateOf(id(n)).epoch;
  }

  /** Messages since the last call, without beats. */
  counts(): Readonly<Record<string, number>> {
    const { Beat: _beats, ...counts } = Object.fromEntries(this.net.sent);
    this.net.sent.clear();
    return counts;
  }

  cut(one: readonly number[], other: readonly number[]): this {
    for (const a of one) for (const b of other) this.net.cut(id(a), id(b)).cut(id(b), id(a));
    return this;
  }

  /** This member is told that a link is down. */
  notices(n: number, gone: number): this {
    this.net.input(id(n), { type: "Link", peer: id(gone), up: false });
    return this;
  }
}

/** Five members, of which 5 leads. */
function begun(settings: Partial<BullySettings> = {}): Election {
  const e = new Election(settings);
  e.net.run(3000);
  expect(e.leaders).toEqual([5, 5, 5, 5, 5]);
  e.counts();
  return e;
}

/** So long that an election ends, and so short that nobody else has missed 5 beats. */
const BRIEFLY = 350;

describe("BU-1: five members, 5 dies", () => {
  it("2 notices: it asks 3, 4 and 5, who ask those above them, and 4 leads; 13 messages", () => {
    const e = begun();
    e.net.crash(id(5));
    e.notices(2, 5).net.run(BRIEFLY);
    expect(e.leaders).toEqual([4, 4, 4, 4, null]);
    expect(e.counts()).toEqual({ Election: 3 + 2 + 1, Answer: 2 + 1, Coordinator: 4 });
  });

  it("4 notices, the best case: one question to the dead, n - 1 = 4 announcements", () => {
    const e = begun();
    e.net.crash(id(5));
    e.notices(4, 5).net.run(BRIEFLY);
    expect(e.counts()).toEqual({ Election: 1, Coordinator: 4 });
  });

  it("1 notices, the worst case: everybody asks everybody above, of the order of n squared", () => {
    const e = begun();
    e.net.crash(id(5));
    e.notices(1, 5).net.run(BRIEFLY);
    expect(e.counts()).toEqual({ Election: 4 + 3 + 2 + 1, Answer: 3 + 2 + 1, Coordinator: 4 });
  });

  it("without a hint it is noticed by the beats that are missing", () => {
    const e = begun();
    e.net.crash(id(5)).run(5 * 100 + 350);
    expect(e.leaders).toEqual([4, 4, 4, 4, null]);
  });
});

describe("BU-2: 5 comes back", () => {
  it("and takes over once", () => {
    const e = begun();
    e.net.crash(id(5)).run(2000);
    e.counts();
    e.net.restart(id(5)).run(10_000);
    expect(e.leaders).toEqual([5, 5, 5, 5, 5]);
    expect(e.counts()).toEqual({ Coordinator: 4 });
  });

  it("and leaves a healthy coordinator alone where it is told to", () => {
    const e = begun({ preempt: false });
    e.net.crash(id(5)).run(3000);
    e.counts();
    e.net.restart(id(5)).run(10_000);
    expect(e.leaders).toEqual([4, 4, 4, 4, 4]);
    expect(e.counts()).toEqual({});
  });
});

/** A store that both sides reach: it takes writes under the highest epoch that it has seen. */
class Store {
  #epoch = 0;
  readonly writers = new Set<number>();

  write(e: Election, n: number): void {
    const found = coordinatorOf(e.net.stateOf(id(n)));
    if (found === null || found.id !== id(n) || found.epoch < this.#epoch) return;
    this.#epoch = found.epoch;
    this.writers.add(n);
  }
}

describe("BU-3: a cut between 1, 2 and 3, 4, 5", () => {
  it("two coordinators appear; with epochs of their own making both can write", () => {
    const e = new Election().cut([1, 2], [3, 4, 5]);
    e.net.run(3000);
    expect(e.leaders).toEqual([2, 2, 5, 5, 5]);
    expect(e.epochOf(2)).toBe(e.epochOf(5));
    const store = new Store();
    for (const n of [2, 5, 2, 5]) store.write(e, n);
    expect(store.writers).toEqual(new Set([2, 5]));
  });

  /** The authority names whom it is asked for, one office after the other; it is on the side of 3, 4 and 5. */
  function appoint(e: Election, n: number, epoch: number, told: readonly number[]): void {
    const office = { epoch, version: epoch, primary: id(n), inSync: [id(n)] };
    for (const member of told) e.net.input(id(member), { type: "Configure", office, until: null });
    e.net.deliver();
  }

  it("with epochs from an authority only the one that it named can write", () => {
    const e = new Election({ epochs: "authority" });
    e.net.run(1000);
    appoint(e, 5, 1, MEMBERS);
    const store = new Store();
    store.write(e, 5);
    e.cut([1, 2, 5], [3, 4]).cut([1, 2], [5]).net.run(3000);
    expect(e.net.stateOf(id(4)).role.type, "elected on its side").toBe("Elected");
    expect(e.net.stateOf(id(2)).role.type, "and 2 on another").toBe("Elected");
    appoint(e, 4, 2, [3, 4]);
    expect([e.leaders[3], e.leaders[4]], "two lead").toEqual([4, 5]);
    store.write(e, 4);
    store.writers.clear();
    for (let i = 0; i < 3; i++) for (const n of MEMBERS) store.write(e, n);
    expect([...store.writers]).toEqual([4]);
  });

  it("after the cut the coordinators meet, and one is left, under an epoch above both", () => {
    for (const preempt of [true, false]) {
      const e = new Election({ preempt }).cut([1, 2], [3, 4, 5]);
      e.net.run(3000);
      e.net.heal().run(3000);
      expect(e.leaders).toEqual([5, 5, 5, 5, 5]);
      expect(new Set(MEMBERS.map((n) => e.epochOf(n))).size).toBe(1);
    }
  });
});

it("BU-4: the one who answered dies before it announces itself: the waiter begins anew", () => {
  const e = begun();
  e.net.crash(id(5));
  e.notices(3, 5);
  e.net.deliver(({ message }) => message.type === "Election" || message.type === "Answer");
  expect(e.net.stateOf(id(3)).role.type).toBe("Waiting");
  e.net.crash(id(4)).run(2000);
  expect(e.leaders[2]).toBe(3);
  expect(e.leaders.slice(0, 3)).toEqual([3, 3, 3]);
});

describe("BU-5: the highest member is alive and very slow", () => {
  /**
   * Messages of 5, either way, take `delay`; the others' none. Gives the changes of mind of 1 to 4 and the elections of the second half.
   */
  function slow(delay: number, settings: Partial<BullySettings>, millis: number) {
    const e = new Election(settings);
    const held: { readonly at: number; readonly flight: (typeof e.net.flights)[number] }[] = [];
    for (let now = 0; now < millis; now += 10) {
      for (const n of MEMBERS) if ((e.net.wakeAt(id(n)) ?? Infinity) <= now) e.net.wake(id(n));
      for (;;) {
        e.net.deliver(({ from, to }) => from !== id(5) && to !== id(5));
        const flights = [...e.net.flights];
        e.net.lose();
        held.push(...flights.map((flight) => ({ at: now + delay, flight })));
        const due = held.findIndex(({ at }) => at <= now);
        const [next] = due < 0 ? [] : held.splice(due, 1);
        if (next === undefined) break;
        e.net.arrive(next.flight);
      }
      e.net.pass(10);
      if (now === millis / 2) e.counts();
    }
    return { leaders: e.leaders, late: e.counts()["Election"] ?? 0 };
  }

  it.each([true, false])(
    "the others agree on a coordinator and stop electing (preempt: %s)",
    (preempt) => {
      const { leaders, late } = slow(1500, { preempt }, 60_000);
      expect(new Set(leaders.slice(0, 4)).size).toBe(1);
      expect(leaders[0]).not.toBeNull();
      expect(late).toBe(0);
    },
  );
});

it("BU-5: one that answers and is never named by the authority is passed over", () => {
  const e = new Election({ epochs: "authority" });
  e.net.run(3000);
  expect(e.net.stateOf(id(5)).role.type).toBe("Elected");
  expect(e.net.stateOf(id(4)).role.type).toBe("Elected");
  const office = { epoch: 1, version: 1, primary: id(4), inSync: [id(4)] };
  e.net.input(id(4), { type: "Configure", office, until: null });
  e.net.run(60_000);
  expect(e.leaders).toEqual([4, 4, 4, 4, null]);
});

it("a coordinator of an older epoch is not heeded, and the one of the newest tells it so", () => {
  const e = begun({ preempt: false });
  e.net.crash(id(5)).run(3000);
  e.counts();
  const message = { type: "Beat", epoch: e.epochOf(4) - 1 } as const;
  e.net.arrive({ from: id(5), to: id(1), message }).arrive({ from: id(5), to: id(4), message });
  expect(e.leaders.slice(0, 4)).toEqual([4, 4, 4, 4]);
  expect(e.counts()).toEqual({ Coordinator: 1 });
});

describe("what it leaves to others", () => {
  it("every request is refused, with a hint at the coordinator", () => {
    const e = begun();
    e.net.input(id(1), { type: "Read", ids: [requestId(1)], level: "local" });
    expect(e.net.outcomes.get(requestId(1))).toMatchObject({ code: "NotLeader", leaderHint: 5n });
    const change = { voters: [id(1)], learners: [] };
    e.net.input(id(1), { type: "ChangeMembers", id: requestId(2), change, epoch: 1 });
    expect(e.net.outcomes.get(requestId(2))).toMatchObject({ code: "ChangeRefused" });
  });

  it("an epoch is never used twice, not even across a restart of all", () => {
    const e = begun();
    const before = e.epochOf(5);
    for (const n of MEMBERS) e.net.crash(id(n));
    for (const n of MEMBERS) e.net.restart(id(n));
    e.net.run(3000);
    expect(e.epochOf(5)).toBeGreaterThan(before);
  });
});
