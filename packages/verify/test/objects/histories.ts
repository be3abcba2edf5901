import fc from "fast-check";
import type { Operation, Outcome, Value } from "../../src/history/index.ts";

/** What one drawn operation does. */
export interface Act {
  readonly f: string;
  readonly input: Value;
  readonly output: Value;
}

/** Histories of few operations on one object, with answers drawn at random: some hold, most do not. */
export function historiesOf(
  act: fc.Arbitrary<Act>,
  maxLength = 6,
): fc.Arbitrary<readonly Operation[]> {
  const drawn = fc.record({
    act,
    called: fc.nat(8),
    lasted: fc.nat(6),
    outcome: fc.constantFrom<Outcome>("ok", "ok", "ok", "ok", "unknown", "failed"),
  });
  return fc.array(drawn, { maxLength }).map((operations) =>
    [...operations]
      .sort((a, b) => a.called - b.called)
      .map(
        ({ act: { f, input, output }, called, lasted, outcome }, index): Operation => ({
          index,
          process: index,
          f,
          key: null,
          input,
          output: outcome === "ok" ? output : null,
          called,
          returned: outcome === "unknown" ? Number.POSITIVE_INFINITY : called + lasted,
          outcome,
        }),
      ),
  );
}

/** An operation in few words, for scripted histories. */
export function operation(
  index: number,
  [called, returned]: readonly [number, number],
  f: string,
  input: Value,
  output: Value = null,
  outcome: Outcome = "ok",
): Operation {
  const end = outcome === "unknown" ? Number.POSITIVE_INFINITY : returned;
  return { index, process: index, f, key: null, input, output, called, returned: end, outcome };
}

const value = fc.constantFrom<Value>(null, 1, 2);

export const registerActs: fc.Arbitrary<Act> = fc.oneof(
  value.map((output) => ({ f: "read", input: null, output })),
  fc.constantFrom(1, 2).map((input) => ({ f: "write", input, output: null })),
  fc
    .tuple(value, fc.constantFrom(1, 2), fc.constantFrom<Value>(true, null, false))
    .map(([from, to, output]) => ({ f: "cas", input: [from, to], output })),
);

export const mutexActs: fc.Arbitrary<Act> = fc
  .constantFrom("acquire", "release")
  .map((f) => ({ f, input: null, output: null }));

export const queueActs: fc.Arbitrary<Act> = fc.oneof(
  fc.constantFrom(1, 2).map((input) => ({ f: "enqueue", input, output: null })),
  value.map((output) => ({ f: "dequeue", input: null, output })),
);

export const setActs: fc.Arbitrary<Act> = fc.oneof(
  fc.constantFrom(1, 2).map((input) => ({ f: "add", input, output: null })),
  fc.constantFrom(1, 2).map((input) => ({ f: "remove", input, output: null })),
  fc
    .tuple(fc.constantFrom(1, 2), fc.boolean())
    .map(([input, output]) => ({ f: "contains", input, output })),
  fc.subarray([2, 1]).map((output) => ({ f: "read", input: null, output })),
);

export const stringActs: fc.Arbitrary<Act> = fc.oneof(
  fc.constantFrom("", "a", "b", "ab", "ba").map((output) => ({ f: "get", input: null, output })),
  fc.constantFrom("a", "b").map((input) => ({ f: "append", input, output: null })),
  fc.constantFrom("a", "").map((input) => ({ f: "put", input, output: null })),
);

const micro = fc.tuple(
  fc.constantFrom("read", "write"),
  fc.constantFrom("x", "y"),
  fc.constantFrom(0, 1),
);

export const registersActs: fc.Arbitrary<Act> = fc
  .array(micro, { minLength: 1, maxLength: 2 })
  .map((steps) => ({ f: "txn", input: steps, output: steps }));
