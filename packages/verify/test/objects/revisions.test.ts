import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { never } from "../../src/budget.ts";
import type { Operation } from "../../src/history/index.ts";
import { checkLinearizable, checkRevisions, register } from "../../src/objects/index.ts";
import { operation } from "./histories.ts";

const put = (i: number, at: readonly [number, number], value: number, revision: number) =>
  operation(i, at, "put", value, { revision });
const get = (i: number, at: readonly [number, number], value: number | null, revision: number) =>
  operation(i, at, "get", null, { revision, value });

describe("a store whose answers carry its revision", () => {
  it("is replayed in the order of its revisions", () => {
    const history = [put(0, [0, 9], 1, 2), get(1, [1, 2], null, 1), get(2, [3, 4], 1, 2)];
    expect(checkRevisions(history)).toMatchObject({ type: "ok", witness: { order: [1, 0, 2] } });
  });

  it("may not give a revision twice", () => {
    const history = [put(0, [0, 1], 1, 2), put(1, [2, 3], 2, 2)];
    expect(checkRevisions(history)).toMatchObject({ anomaly: "duplicate-revision", core: [0, 1] });
  });

  it("may not answer with what was not there at that revision", () => {
    const history = [put(0, [0, 1], 1, 2), put(1, [2, 3], 2, 3), get(2, [4, 5], 1, 3)];
    expect(checkRevisions(history)).toMatchObject({ anomaly: "wrong-answer", core: [1, 2] });
  });

  it("may not answer from the past, though the answer fits its revision", () => {
    const history = [put(0, [0, 1], 1, 2), put(1, [2, 3], 2, 3), get(2, [4, 5], 1, 2)];
    expect(checkRevisions(history)).toMatchObject({ anomaly: "not linearizable", core: [1, 2] });
  });

  it("has a change of unknown outcome where somebody saw it, and not before it was called", () => {
    const lost = operation(0, [0, 0], "put", 7, null, "unknown");
    expect(checkRevisions([lost, get(1, [1, 2], 7, 2)]).type).toBe("ok");
    const late = { ...lost, index: 1, called: 5 };
    expect(checkRevisions([get(0, [1, 2], 7, 2), late]).type).toBe("violation");
  });

  it("says what a comparison and a deletion saw", () => {
    const swap = operation(1, [2, 3], "cas", [1, 2], { revision: 3, swapped: true });
    const gone = operation(2, [4, 5], "delete", null, { revision: 4, deleted: 1 });
    expect(checkRevisions([put(0, [0, 1], 1, 2), swap, gone, get(3, [6, 7], null, 4)]).type).toBe(
      "ok",
    );
    const refused = operation(1, [2, 3], "cas", [1, 2], { revision: 2, swapped: false });
    expect(checkRevisions([put(0, [0, 1], 1, 2), refused]).type).toBe("violation");
    const nothing = operation(1, [2, 3], "delete", null, { revision: 2, deleted: 0 });
    expect(checkRevisions([put(0, [0, 1], 1, 2), nothing]).type).toBe("violation");
  });

  it("is unknown where an answer has no revision", () => {
    expect(checkRevisions([operation(0, [0, 1], "put", 1, null)]).type).toBe("unknown");
  });
});

it("what a replay accepts, the search accepts", () => {
  const drawn = fc.array(
    fc.record({
      f: fc.constantFrom("put", "get"),
      called: fc.nat(6),
      lasted: fc.nat(5),
      at: fc.nat(7),
    }),
    { maxLength: 7 },
  );
  let held = 0;
  fc.assert(
    fc.property(drawn, (acts) => {
      const history = historyOf(acts);
      if (checkRevisions(history).type !== "ok") return;
      held++;
      expect(checkLinearizable(register(), history.map(plain), never).type).toBe("ok");
    }),
    { seed: 4, numRuns: 3000 },
  );
  expect(held).toBeGreaterThan(200);
});

interface Drawn {
  readonly f: string;
  readonly called: number;
  readonly lasted: number;
  readonly at: number;
}

/** A store that takes its operations in the order of `at`, whatever their times. */
function historyOf(acts: readonly Drawn[]): readonly Operation[] {
  const sorted = [...acts].sort((a, b) => a.called - b.called);
  const order = sorted
    .map((_, i) => i)
    .sort((a, b) => (sorted[a] as Drawn).at - (sorted[b] as Drawn).at);
  const answers = new Map<number, { revision: number; value: number | null }>();
  let state: { revision: number; value: number | null } = { revision: 1, value: null };
  for (const i of order) {
    if (sorted[i]?.f === "put") state = { revision: state.revision + 1, value: i };
    answers.set(i, state);
  }
  return sorted.map(({ f, called, lasted }, i) => {
    const { revision, value } = answers.get(i) ?? { revision: 0, value: null };
    const at = [called, called + lasted] as const;
    return f === "put" ? put(i, at, i, revision) : get(i, at, value, revision);
  });
}

/** As operations of a register. */
function plain(one: Operation): Operation {
  if (one.f === "put") return { ...one, f: "write", output: null };
  return { ...one, f: "read", output: (one.output as { value: number | null }).value };
}
