import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { never } from "../../src/budget.ts";
import { check } from "../../src/check.ts";
import type { History, Operation } from "../../src/history/index.ts";
import { parseModel } from "../../src/models.ts";
import { checkLinearizable, REGISTER, register } from "../../src/objects/index.ts";
import { checkRegisterModel, type RegisterModel, staleness } from "../../src/registers/index.ts";

/** Whether a before b is kept, in the order that `viewer` sees. Both by process; `saw` is the write that a read saw. */
type Keeps = (a: Operation, b: Operation, viewer: number) => boolean;

const before = (a: Operation, b: Operation): boolean =>
  a.process === b.process && a.index < b.index;

const DEFINITIONS: Readonly<Partial<Record<RegisterModel, Keeps>>> = {
  pram: before,
  "read-your-writes": (a, b, viewer) =>
    before(a, b) && a.process === viewer && a.f === "write" && b.f === "read",
  "monotonic-reads": (a, b, viewer) =>
    before(a, b) && a.process === viewer && a.f === "read" && b.f === "read",
  "monotonic-writes": (a, b) => before(a, b) && a.f === b.f,
};

describe("models of registers agree with trying every order", () => {
  it.each(Object.keys(DEFINITIONS) as RegisterModel[])("%s", (model) => {
    const keeps = DEFINITIONS[model] as Keeps;
    compare(model, (history) =>
      processesOf(history).every((viewer) => {
        const seen = history.filter((one) => one.f === "write" || one.process === viewer);
        return someOrder(seen, (a, b) => keeps(a, b, viewer));
      }),
    );
  });

  it("causal-memory", () => {
    compare("causal-memory", (history) => {
      const causes = closure(history, (a, b) => before(a, b) || saw(a, b));
      return processesOf(history).every((viewer) => {
        const seen = history.filter((one) => one.f === "write" || one.process === viewer);
        return someOrder(seen, causes);
      });
    });
  });

  it("writes-follow-reads", () => {
    compare("writes-follow-reads", (history) => {
      const follows = closure(
        history,
        (a, b) => saw(a, b) || (before(a, b) && a.f === "read" && b.f === "write"),
      );
      return processesOf(history).every((viewer) => {
        const seen = history.filter((one) => one.f === "write" || one.process === viewer);
        return someOrder(seen, follows);
      });
    });
  });

  it("sequential", () => {
    compare("sequential", (history) => someOrder(history, before));
  });
});

/** Every implication of the lattice, the weaker model second. */
const IMPLIES: readonly (readonly [RegisterModel, RegisterModel])[] = [
  ["sequential", "causal-memory"],
  ["causal-memory", "pram"],
  ["causal-memory", "writes-follow-reads"],
  ["pram", "read-your-writes"],
  ["pram", "monotonic-reads"],
  ["pram", "monotonic-writes"],
];

it("what keeps a model keeps all weaker ones", () => {
  fc.assert(
    fc.property(histories, (history) => {
      const holds = (model: RegisterModel): boolean =>
        checkRegisterModel(model, history, never).type === "ok";
      for (const [strong, weak] of IMPLIES) if (holds(strong)) expect(holds(weak)).toBe(true);
      const keyless = history.map((one) => ({ ...one, key: "x" }));
      const linear = checkLinearizable(register(REGISTER), keyless, never).type === "ok";
      if (linear) expect(checkRegisterModel("sequential", keyless, never).type).toBe("ok");
    }),
    { seed: 95, numRuns: 1000 },
  );
});

describe("staleness", () => {
  const write = (index: number, at: readonly [number, number], value: number) =>
    act(index, index, "write", value, at);
  const read = (index: number, at: readonly [number, number], value: number | null) =>
    act(index, 9, "read", value, at);

  it("counts the writes that certainly lie between, and how long ago the first of them was", () => {
    const history = [
      write(0, [0, 1], 1),
      write(1, [2, 3], 2),
      write(2, [4, 5], 3),
      read(3, [9, 10], 1),
    ];
    expect(staleness(history)).toEqual({ versions: 2, time: 6, operations: [3] });
  });

  it("is a model with bounds: a read beyond them breaks it, and the verdict says how far behind it was", () => {
    const history = [
      write(0, [0, 1], 1),
      write(1, [2, 3], 2),
      write(2, [4, 5], 3),
      read(3, [9, 10], 1),
    ];
    const judged = (text: string) => {
      const model = parseModel(text);
      if (model === null) throw new Error(text);
      return check({ type: "operations", format: "quorate", history }, model, never);
    };
    expect(judged("bounded-staleness")).toMatchObject({
      type: "violation",
      anomaly: "stale read",
      core: [3],
      evidence: { expected: "reads were up to 2 versions and 6 units of time behind" },
    });
    expect(judged("bounded-staleness --versions 2").type).toBe("ok");
    expect(judged("bounded-staleness --versions 1").type).toBe("violation");
    expect(judged("bounded-staleness --versions 2 --time 5").type).toBe("violation");
    expect(judged("bounded-staleness --time 6").type).toBe("ok");
    expect(parseModel("bounded-staleness --versions -1")).toBeNull();
  });

  it("is nothing for a read beside the write", () => {
    expect(staleness([write(0, [0, 1], 1), write(1, [2, 9], 2), read(2, [3, 4], 1)])).toMatchObject(
      {
        versions: 0,
        time: 0,
      },
    );
  });
});

describe("convergence", () => {
  const history = (first: number, second: number): History => [
    act(0, 0, "write", 1, [0, 1]),
    act(1, 1, "write", 2, [0, 1]),
    act(2, 0, "read", 1, [2, 3]),
    act(3, 0, "read", first, [4, 5]),
    act(4, 1, "read", second, [4, 5]),
  ];

  it("asks for agreement of the last reads after the last write, not of earlier ones", () => {
    expect(checkRegisterModel("convergence", history(2, 2), never).type).toBe("ok");
    const verdict = checkRegisterModel("convergence", history(1, 2), never);
    expect(verdict).toMatchObject({ anomaly: "diverged", core: [3, 4] });
  });

  it("asks for a value that was written", () => {
    expect(checkRegisterModel("convergence", history(7, 7), never)).toMatchObject({
      anomaly: "thin-air read",
    });
  });
});

it("a history that writes a value twice is not judged", () => {
  const twice = [act(0, 0, "write", 1, [0, 1]), act(1, 0, "write", 1, [2, 3])];
  expect(checkRegisterModel("pram", twice, never).type).toBe("unknown");
});

function compare(model: RegisterModel, holds: (history: History) => boolean): void {
  const found = { ok: 0, violation: 0, unknown: 0 };
  fc.assert(
    fc.property(histories, (history) => {
      const verdict = checkRegisterModel(model, history, never);
      found[verdict.type]++;
      if (verdict.type === "unknown") return;
      expect(verdict.type).toBe(holds(history) ? "ok" : "violation");
    }),
    { seed: 2017, numRuns: 1200 },
  );
  expect(Math.min(found.ok, found.violation)).toBeGreaterThan(20);
  expect(found.unknown).toBe(0);
}

function act(
  index: number,
  process: number,
  f: string,
  value: number | null,
  [called, returned]: readonly [number, number],
  key = "x",
): Operation {
  const [input, output] = f === "write" ? [value, null] : [null, value];
  return { index, process, f, key, input, output, called, returned, outcome: "ok" };
}

/** A few operations of two or three processes on two keys; reads see some value of their key, or none. */
const histories: fc.Arbitrary<History> = fc
  .array(
    fc.record({
      process: fc.nat(2),
      key: fc.constantFrom("x", "y", "x"),
      writes: fc.boolean(),
      pick: fc.nat(3),
    }),
    { maxLength: 7 },
  )
  .map((acts) =>
    acts.map(({ process, key, writes, pick }, i) => {
      const written = acts.flatMap((other, j) => (other.writes && other.key === key ? [j] : []));
      const value = writes ? i : ([null, ...written][pick % (written.length + 1)] ?? null);
      return act(i, process, writes ? "write" : "read", value, [i, i + 0.5], key);
    }),
  );

const processesOf = (history: History): readonly number[] => [
  ...new Set(history.map(({ process }) => process)),
];

const saw = (a: Operation, b: Operation): boolean =>
  a.f === "write" && b.f === "read" && a.key === b.key && a.input === b.output;

function closure(history: History, relates: (a: Operation, b: Operation) => boolean) {
  const related = new Set<string>();
  for (const a of history)
    for (const b of history) if (relates(a, b)) related.add(`${a.index} ${b.index}`);
  for (const via of history) {
    for (const a of history) {
      for (const b of history) {
        if (related.has(`${a.index} ${via.index}`) && related.has(`${via.index} ${b.index}`)) {
          related.add(`${a.index} ${b.index}`);
        }
      }
    }
  }
  return (a: Operation, b: Operation): boolean => related.has(`${a.index} ${b.index}`);
}

/** Is there an order that keeps the relation, in which each read sees the last write of its key? */
function someOrder(
  operations: readonly Operation[],
  keeps: (a: Operation, b: Operation) => boolean,
): boolean {
  const go = (left: readonly Operation[], state: Readonly<Record<string, unknown>>): boolean => {
    if (left.length === 0) return true;
    return left.some((next) => {
      if (left.some((other) => other !== next && keeps(other, next))) return false;
      const key = next.key ?? "";
      if (next.f === "read" && (state[key] ?? null) !== next.output) return false;
      const after = next.f === "write" ? { ...state, [key]: next.input } : state;
      return go(
        left.filter((other) => other !== next),
        after,
      );
    });
  };
  return go(operations, {});
}
