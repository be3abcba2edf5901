import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { never } from "../../src/budget.ts";
import type { Operation } from "../../src/history/index.ts";
import {
  checkLinearizable,
  checkLinearizableRegisters,
  fifoQueue,
  kvString,
  multiRegister,
  mutex,
  REFUSED,
  REGISTER,
  register,
  type SequentialObject,
  setObject,
} from "../../src/objects/index.ts";
import type { Verdict } from "../../src/verdict.ts";
import { someOrderExplains } from "./every-order.ts";
import {
  type Act,
  historiesOf,
  mutexActs,
  operation,
  queueActs,
  registerActs,
  registersActs,
  setActs,
  stringActs,
} from "./histories.ts";

const observing = { ...REGISTER, failedCasObserves: true };

describe("the search agrees with trying every order", () => {
  agrees("a register", register(), registerActs);
  agrees("a register whose failed comparisons are observations", register(observing), registerActs);
  agrees("a mutex", mutex(), mutexActs);
  agrees("a first-in-first-out queue", fifoQueue(), queueActs);
  agrees("a set", setObject(), setActs);
  agrees("a store of strings", kvString(), stringActs);
  agrees("two registers at once", multiRegister({ x: 0, y: 0 }), registersActs);
});

function agrees<S>(name: string, object: SequentialObject<S>, acts: fc.Arbitrary<Act>): void {
  it(`of ${name}, and shows why`, () => {
    const found = { ok: 0, violation: 0, unknown: 0 };
    fc.assert(
      fc.property(historiesOf(acts), (history) => {
        const verdict = checkLinearizable(object, history, never);
        found[verdict.type]++;
        expect(verdict.type).toBe(someOrderExplains(object, history) ? "ok" : "violation");
        shows(object, history, verdict);
      }),
      { seed: 1990, numRuns: 2000 },
    );
    // Both sides were seen, so that the agreement says something.
    expect(Math.min(found.ok, found.violation)).toBeGreaterThan(50);
    expect(found.unknown).toBe(0);
  });
}

/** A witness explains every answer; a core breaks by itself, and without any group that may be left out it does not. */
function shows<S>(
  object: SequentialObject<S>,
  history: readonly Operation[],
  verdict: Verdict,
): void {
  if (verdict.type === "ok") {
    expect(verdict.witness.type).toBe("order");
    if (verdict.witness.type === "order") replays(object, history, verdict.witness.order);
    return;
  }
  if (verdict.type !== "violation") return;
  const core = history.filter(({ index }) => verdict.core.includes(index));
  expect(core.length).toBe(verdict.core.length);
  expect(someOrderExplains(object, core)).toBe(false);
  expect(verdict.minimal).toBe(true);
  for (const group of object.leaveOut(core)) {
    const rest = core.filter((one) => !group.includes(one));
    if (rest.length < core.length) expect(someOrderExplains(object, rest)).toBe(true);
  }
}

function replays<S>(
  object: SequentialObject<S>,
  history: readonly Operation[],
  order: readonly number[],
): void {
  let state = object.initial;
  let latestCall = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    const { called, returned } = history[index] as Operation;
    expect(returned).toBeGreaterThanOrEqual(latestCall);
    latestCall = Math.max(latestCall, called);
    const next = object.step(state, history[index] as Operation);
    expect(next).not.toBe(REFUSED);
    if (next !== REFUSED) state = next;
  }
  const must = history.filter((one) => object.role(one) === "must").map(({ index }) => index);
  expect(must.every((index) => order.includes(index))).toBe(true);
  expect(new Set(order).size).toBe(order.length);
}

describe("registers by zones", () => {
  it("agree with the search, where each value is written once", () => {
    const found = { ok: 0, violation: 0, unknown: 0 };
    fc.assert(
      fc.property(uniqueWrites, (history) => {
        const byZones = checkLinearizableRegisters(history, REGISTER, never);
        const bySearch = checkLinearizable(register(), history, never);
        found[byZones.type]++;
        expect(byZones.type).toBe(bySearch.type);
        if (byZones.type === "ok" && byZones.witness.type === "orders") {
          replays(register(), history, byZones.witness.orders.get("") ?? []);
        }
        if (byZones.type === "violation") {
          const core = history.filter(({ index }) => byZones.core.includes(index));
          expect(someOrderExplains(register(), core)).toBe(false);
        }
      }),
      { seed: 1997, numRuns: 3000 },
    );
    expect(Math.min(found.ok, found.violation)).toBeGreaterThan(500);
  });
});

/** The i-th write writes i + 1; reads see null or one of those. */
const uniqueWrites = historiesOf(
  fc.record({
    f: fc.constantFrom("read", "write"),
    input: fc.constant(null),
    output: fc.constantFrom(null, 1, 2, 3),
  }),
  9,
).map((history) => {
  let writes = 0;
  return history.map((one): Operation => (one.f === "write" ? { ...one, input: ++writes } : one));
});

describe("keys", () => {
  it("are objects of their own, and a violation names the operations of the one that broke", () => {
    const good = { ...operation(0, [0, 1], "write", 1), key: "good" };
    const bad = { ...operation(1, [2, 3], "read", null, 7), key: "bad" };
    const verdict = checkLinearizable(register(), [good, bad], never);
    expect(verdict).toMatchObject({ type: "violation", core: [1] });
  });
});

describe("a core", () => {
  it("keeps what shows a stale read, and nothing else", () => {
    const history = [
      operation(0, [0, 1], "write", 1),
      operation(1, [2, 3], "read", null, 1),
      operation(2, [4, 5], "write", 2),
      operation(3, [6, 7], "read", null, 2),
      operation(4, [8, 9], "read", null, 1),
      operation(5, [10, 11], "write", 3),
    ];
    const verdict = checkLinearizableRegisters(history, REGISTER, never);
    expect(verdict).toMatchObject({ type: "violation", minimal: true });
    expect(verdict.type === "violation" && verdict.core).toEqual([0, 2, 4]);
  });

  it("is not called minimal where the budget ended", () => {
    let looks = 0;
    const history = Array.from({ length: 200 }, (_, i) =>
      operation(i, [2 * i, 2 * i + 1], "read", null, i === 199 ? 7 : null),
    );
    const verdict = checkLinearizable(register(), history, () => ++looks > 3);
    expect(verdict).toMatchObject({ type: "violation", minimal: false });
  });
});

it("says unknown when its budget is spent, not ok", () => {
  const all = Array.from({ length: 14 }, (_, i) => operation(i, [0, 100], "enqueue", i));
  const none = operation(14, [200, 201], "dequeue", null, "nobody put it there");
  expect(checkLinearizable(fifoQueue(), [...all, none], () => true).type).toBe("unknown");
});
