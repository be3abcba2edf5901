import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkRegisters, type RegisterAction, type RegisterOperation } from "../src/index.ts";

const read = (value: string | null): RegisterAction => ({ type: "read", value });
const write = (value: string): RegisterAction => ({ type: "write", value });
const cas = (from: string | null, to: string, applied: boolean | null): RegisterAction => ({
  type: "cas",
  from,
  to,
  applied,
});

function operation(
  process: number,
  called: number,
  returned: number,
  action: RegisterAction,
  outcome: RegisterOperation["outcome"] = "ok",
): RegisterOperation {
  return { process, key: "x", action, called, returned, outcome };
}

const cases: readonly {
  readonly title: string;
  readonly history: readonly RegisterOperation[];
  readonly want: "ok" | "violation";
}[] = [
  { title: "nothing happened", history: [], want: "ok" },
  { title: "a register begins empty", history: [operation(1, 0, 1, read(null))], want: "ok" },
  {
    title: "a read of what nobody wrote",
    history: [operation(1, 0, 1, read("a"))],
    want: "violation",
  },
  {
    title: "a read after a write sees it",
    history: [operation(1, 0, 1, write("a")), operation(2, 2, 3, read("a"))],
    want: "ok",
  },
  {
    title: "a stale read",
    history: [operation(1, 0, 1, write("a")), operation(2, 2, 3, read(null))],
    want: "violation",
  },
  {
    title: "a read beside a write may see either",
    history: [operation(1, 0, 9, write("a")), operation(2, 2, 3, read(null))],
    want: "ok",
  },
  {
    title: "a read may not go back behind another",
    history: [
      operation(1, 0, 9, write("a")),
      operation(2, 1, 2, read("a")),
      operation(3, 3, 4, read(null)),
    ],
    want: "violation",
  },
  {
    title: "a write of unknown outcome may have happened",
    history: [operation(1, 0, 1, write("a"), "unknown"), operation(2, 2, 3, read("a"))],
    want: "ok",
  },
  {
    title: "a write of unknown outcome may happen late",
    history: [
      operation(1, 0, 1, write("a"), "unknown"),
      operation(2, 2, 3, read(null)),
      operation(2, 4, 5, read("a")),
    ],
    want: "ok",
  },
  {
    title: "but it happens once",
    history: [
      operation(1, 0, 1, write("a"), "unknown"),
      operation(2, 2, 3, read("a")),
      operation(2, 4, 5, write("b")),
      operation(2, 6, 7, read("a")),
    ],
    want: "violation",
  },
  {
    title: "a failed write is never seen",
    history: [operation(1, 0, 1, write("a"), "failed"), operation(2, 2, 3, read("a"))],
    want: "violation",
  },
  {
    title: "a comparison that held",
    history: [operation(1, 0, 1, cas(null, "a", true)), operation(2, 2, 3, read("a"))],
    want: "ok",
  },
  {
    title: "two comparisons of the same value cannot both hold",
    history: [operation(1, 0, 5, cas(null, "a", true)), operation(2, 0, 5, cas(null, "b", true))],
    want: "violation",
  },
  {
    title: "a comparison that failed saw another value",
    history: [operation(1, 0, 1, cas(null, "a", false))],
    want: "violation",
  },
];

describe("a history of registers", () => {
  it.each(cases)("$title: $want", ({ history, want }) => {
    expect(checkRegisters(history).type).toBe(want);
  });

  it("each key is a register of its own, and a violation names the one that broke", () => {
    const good = { ...operation(1, 0, 1, write("a")), key: "good" };
    const bad = { ...operation(1, 2, 3, read("a")), key: "bad" };
    expect(checkRegisters([good, bad])).toMatchObject({ type: "violation", key: "bad" });
  });

  it("says unknown when its steps are spent, not ok", () => {
    const history = Array.from({ length: 12 }, (_, i) => operation(i, 0, 100, write(`${i}`)));
    expect(checkRegisters([...history, operation(99, 200, 201, read("none"))], 50).type).toBe(
      "unknown",
    );
  });
});

it("agrees with trying every order, on small histories", () => {
  const action = fc.oneof(
    fc.constantFrom(null, "a", "b").map(read),
    fc.constantFrom("a", "b").map(write),
    fc
      .tuple(
        fc.constantFrom(null, "a", "b"),
        fc.constantFrom("a", "b"),
        fc.constantFrom(true, false),
      )
      .map(([from, to, applied]) => cas(from, to, applied)),
  );
  const drawn = fc.record({
    action,
    called: fc.nat(8),
    lasted: fc.nat(6),
    outcome: fc.constantFrom("ok", "ok", "ok", "unknown", "failed"),
  });
  fc.assert(
    fc.property(fc.array(drawn, { maxLength: 6 }), (operations) => {
      const history = operations.map(({ action: what, called, lasted, outcome }, process) =>
        operation(process, 2 * called, 2 * (called + lasted) + 1, what, outcome as "ok"),
      );
      expect(checkRegisters(history).type === "ok").toBe(someOrderExplains(history));
    }),
    { seed: 1990, numRuns: 4000 },
  );
});

/** By definition: some order of what happened, and of some of what may have, respects real time and explains every answer. */
function someOrderExplains(history: readonly RegisterOperation[]): boolean {
  const certain = history.filter(({ outcome }) => outcome === "ok");
  const open = history.filter(
    ({ outcome, action }) => outcome === "unknown" && action.type !== "read",
  );
  const search = (
    left: readonly RegisterOperation[],
    maybe: readonly RegisterOperation[],
    value: string | null,
  ): boolean => {
    if (left.length === 0) return true;
    const earliest = Math.min(...left.map(({ returned }) => returned));
    const next = (op: RegisterOperation, then: (after: string | null) => boolean): boolean => {
      if (op.called > earliest) return false;
      const { action } = op;
      if (action.type === "read") return action.value === value && then(value);
      if (action.type === "write") return then(action.value);
      const holds = action.from === value;
      const told = op.outcome === "ok" ? action.applied : null;
      return (told === null || told === holds) && then(holds ? action.to : value);
    };
    return (
      left.some((op) =>
        next(op, (after) =>
          search(
            left.filter((other) => other !== op),
            maybe,
            after,
          ),
        ),
      ) ||
      maybe.some((op) =>
        next(op, (after) =>
          search(
            left,
            maybe.filter((other) => other !== op),
            after,
          ),
        ),
      )
    );
  };
  return search(certain, open, null);
}
