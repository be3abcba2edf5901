import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { never } from "../../src/budget.ts";
import type { Operation, Value } from "../../src/history/index.ts";
import {
  checkLinearizable,
  checkLinearizableRegisters,
  fifoQueue,
  kvString,
  multiRegister,
  mutex,
  REGISTER,
  register,
  type SequentialObject,
  setObject,
} from "../../src/objects/index.ts";

/** What a client asks, and how the real object answers it: the next state and the answer, or null where it has to wait. */
interface Machine {
  readonly initial: Value;
  readonly ask: (i: number, dice: number) => { readonly f: string; readonly input: Value };
  readonly answer: (
    state: Value,
    f: string,
    input: Value,
  ) => readonly [next: Value, output: Value] | null;
}

const list = (value: Value): readonly Value[] => (Array.isArray(value) ? value : []);

const registerMachine: Machine = {
  initial: null,
  ask: (i, dice) => {
    if (dice < 4) return { f: "read", input: null };
    return dice < 7 ? { f: "write", input: i % 4 } : { f: "cas", input: [dice % 4, i % 4] };
  },
  answer: (state, f, input) => {
    if (f === "read") return [state, state];
    if (f === "write") return [input, null];
    const [from = null, to = null] = list(input);
    return state === from ? [to, true] : [state, false];
  },
};

const machines: readonly (readonly [
  name: string,
  object: SequentialObject<never>,
  machine: Machine,
])[] = [
  ["a register", register() as SequentialObject<never>, registerMachine],
  [
    "a mutex",
    mutex() as SequentialObject<never>,
    {
      initial: false,
      ask: (i) => ({ f: i % 2 === 0 ? "acquire" : "release", input: null }),
      answer: (held, f) => ((held === true) === (f === "acquire") ? null : [f === "acquire", null]),
    },
  ],
  [
    "a queue",
    fifoQueue() as SequentialObject<never>,
    {
      initial: [],
      ask: (i, dice) => (dice < 5 ? { f: "enqueue", input: i } : { f: "dequeue", input: null }),
      answer: (state, f, input) =>
        f === "enqueue"
          ? [[...list(state), input], null]
          : [list(state).slice(1), list(state)[0] ?? null],
    },
  ],
  [
    "a set",
    setObject() as SequentialObject<never>,
    {
      initial: [],
      ask: (i, dice) => {
        if (dice < 3) return { f: "add", input: i % 5 };
        if (dice < 5) return { f: "remove", input: i % 5 };
        return dice < 8 ? { f: "contains", input: i % 5 } : { f: "read", input: null };
      },
      answer: (state, f, input) => {
        const without = list(state).filter((element) => element !== input);
        if (f === "add") return [[...without, input], null];
        if (f === "remove") return [without, null];
        return [state, f === "read" ? state : list(state).includes(input)];
      },
    },
  ],
  [
    "a store of strings",
    kvString() as SequentialObject<never>,
    {
      initial: "",
      ask: (i, dice) => {
        if (dice < 5) return { f: "get", input: null };
        return dice < 9 ? { f: "append", input: `${i} ` } : { f: "put", input: `${i}! ` };
      },
      answer: (state, f, input) => {
        if (f === "get") return [state, state];
        return [f === "put" ? input : `${state as string}${input as string}`, null];
      },
    },
  ],
  [
    "two registers at once",
    multiRegister({ x: 0, y: 0 }) as SequentialObject<never>,
    {
      initial: { x: 0, y: 0 },
      ask: (i, dice) => ({
        f: "txn",
        input:
          dice < 5
            ? [
                ["read", "x", null],
                ["write", "y", i % 3],
              ]
            : [
                ["write", "x", i % 3],
                ["read", "y", null],
              ],
      }),
      answer: (state, _, input) => {
        const next = { ...(state as { readonly [key: string]: Value }) };
        const output = list(input).map((step): Value => {
          const [f = null, key = null, value = null] = list(step);
          if (f === "read") return [f, key, next[key as string] ?? null];
          next[key as string] = value;
          return [f, key, value];
        });
        return [next, output];
      },
    },
  ],
];

/** Operations of real clients on a real object: each takes effect at one moment between its call and its return. */
function execute(
  machine: Machine,
  seed: number,
  count: number,
  clients: number,
): readonly Operation[] {
  let state = seed;
  const dice = (sides: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % sides;
  };
  const free = Array.from({ length: clients }, () => 0);
  const asked = Array.from({ length: count }, (_, i) => {
    const process = dice(clients);
    const called = (free[process] ?? 0) + dice(5);
    const effect = called + dice(10);
    const returned = effect + dice(10);
    free[process] = returned + 1;
    const lost = dice(20) === 0;
    if (lost) free[process] = returned + 100;
    return { ...machine.ask(i, dice(10)), process, called, effect, returned, lost };
  });
  let current = machine.initial;
  const answers = new Map<number, Value>();
  const order = asked
    .map((_, i) => i)
    .sort((a, b) => (asked[a]?.effect ?? 0) - (asked[b]?.effect ?? 0) || a - b);
  for (const i of order) {
    const one = asked[i];
    const answered = one === undefined ? null : machine.answer(current, one.f, one.input);
    if (answered === null) continue;
    current = answered[0];
    answers.set(i, answered[1]);
  }
  return asked
    .flatMap(({ f, input, process, called, returned, lost }, i): Omit<Operation, "index">[] => {
      if (!answers.has(i)) return [];
      const common = { process, f, key: null, input, called };
      return lost
        ? [{ ...common, output: null, returned: Number.POSITIVE_INFINITY, outcome: "unknown" }]
        : [{ ...common, output: answers.get(i) ?? null, returned, outcome: "ok" }];
    })
    .sort((a, b) => a.called - b.called)
    .map((operation, index) => ({ ...operation, index }));
}

describe("what a real object answers is linearizable", () => {
  it.each(machines)("of %s", (_, object, machine) => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 4 }), (seed, clients) => {
        const history = execute(machine, seed, 40, clients);
        expect(checkLinearizable(object, history, never).type).toBe("ok");
      }),
      { seed: 23, numRuns: 60 },
    );
  });
});

describe("a wrong answer is found", () => {
  it.each(machines.filter(([name]) => name !== "a mutex"))("of %s", (_, object, machine) => {
    let spoilt = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const history = execute(machine, seed, 24, 3);
        const wrong = history.findLast(
          ({ f, outcome }) => outcome === "ok" && ["read", "get", "dequeue", "txn"].includes(f),
        );
        if (wrong === undefined) return;
        spoilt++;
        const output: Value =
          wrong.f === "txn"
            ? [["read", "x", 99]]
            : wrong.f === "read" && object.name === "set"
              ? [99]
              : "nobody wrote it";
        const mutated = history.map((one) => (one === wrong ? { ...one, output } : one));
        const verdict = checkLinearizable(object, mutated, never);
        expect(verdict.type).toBe("violation");
        expect(verdict.type === "violation" && verdict.core).toContain(wrong.index);
      }),
      { seed: 24, numRuns: 40 },
    );
    expect(spoilt).toBeGreaterThan(20);
  });

  it("of a register by zones: a read of what was replaced for certain", () => {
    const machine: Machine = {
      ...registerMachine,
      ask: (i, dice) => (dice < 5 ? { f: "read", input: null } : { f: "write", input: i + 1 }),
    };
    let spoilt = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const history = execute(machine, seed, 60, 4);
        expect(checkLinearizableRegisters(history, REGISTER, never).type).toBe("ok");
        const read = history.findLast(({ f, outcome }) => f === "read" && outcome === "ok");
        const later = history.findLast(
          (one) => one.f === "write" && read !== undefined && one.returned < read.called,
        );
        const earlier = history.findLast(
          (one) =>
            one.f === "write" &&
            one.outcome === "ok" &&
            later !== undefined &&
            one.returned < later.called,
        );
        if (read === undefined || earlier === undefined) return;
        spoilt++;
        const mutated = history.map((one) =>
          one === read ? { ...one, output: earlier.input } : one,
        );
        expect(checkLinearizableRegisters(mutated, REGISTER, never).type).toBe("violation");
      }),
      { seed: 25, numRuns: 300 },
    );
    expect(spoilt).toBeGreaterThan(200);
  });
});
