import { describe, expect, it } from "vitest";
import { never } from "../../src/budget.ts";
import { check } from "../../src/check.ts";
import { parseModel } from "../../src/models.ts";
import { recording } from "../readers/recordings.ts";

interface Case {
  readonly title: string;
  readonly model: string;
  readonly history: string;
  readonly want: string;
}

/** `want` is ok, unknown, or the name of the anomaly. */
const cases: readonly Case[] = [
  {
    title: "all that was added is read",
    model: "set",
    history: "i 0 add 1 | o 0 add 1 | i 1 add 2 | i 0 read nil | o 0 read [2 1]",
    want: "ok",
  },
  {
    title: "what was added for certain is not there",
    model: "set",
    history: "i 0 add 1 | o 0 add 1 | i 0 read nil | o 0 read []",
    want: "lost",
  },
  {
    title: "nobody tried to add it",
    model: "set",
    history: "i 0 add 1 | o 0 add 1 | i 0 read nil | o 0 read [1 9]",
    want: "unexpected",
  },
  { title: "never read", model: "set", history: "i 0 add 1 | o 0 add 1", want: "unknown" },
  {
    title: "an element that appears late is not lost",
    model: "set-full",
    history: "i 0 add 1 | o 0 add 1 | i 1 read nil | o 1 read [] | i 1 read nil | o 1 read [1]",
    want: "ok",
  },
  {
    title: "an element that was there and is not",
    model: "set-full",
    history: "i 0 add 1 | o 0 add 1 | i 1 read nil | o 1 read [1] | i 1 read nil | o 1 read []",
    want: "lost",
  },
  {
    title: "an addition of unknown outcome that was seen once must stay",
    model: "set-full",
    history: "i 0 add 1 | u 0 add 1 | i 1 read nil | o 1 read [1] | i 1 read nil | o 1 read []",
    want: "lost",
  },
  {
    title: "a read beside the addition need not find it",
    model: "set-full",
    history: "i 1 read nil | i 0 add 1 | o 0 add 1 | o 1 read [] | i 1 read nil | o 1 read [1]",
    want: "ok",
  },
  {
    title: "one element twice in one answer",
    model: "set-full",
    history: "i 0 add 1 | o 0 add 1 | i 1 read nil | o 1 read [1 1]",
    want: "duplicated",
  },
  {
    title: "pairs are read as pairs",
    model: "set-full",
    history: "i 0 add [0 1] | o 0 add [0 1] | i 1 read nil | o 1 read [[0 1]]",
    want: "ok",
  },
  {
    title: "money stays",
    model: "bank",
    history: "i 0 read nil | o 0 read {0 5, 1 5} | i 0 read nil | o 0 read {0 7, 1 3}",
    want: "ok",
  },
  {
    title: "money is made",
    model: "bank",
    history: "i 0 read nil | o 0 read {0 5, 1 5} | i 0 read nil | o 0 read {0 7, 1 5}",
    want: "wrong-total",
  },
  {
    title: "a balance below zero",
    model: "bank",
    history: "i 0 read nil | o 0 read {0 5, 1 5} | i 0 read nil | o 0 read {0 12, 1 -2}",
    want: "negative-value",
  },
  {
    title: "a balance below zero where it is allowed",
    model: "bank --allow-negative-balances",
    history: "i 0 read nil | o 0 read {0 5, 1 5} | i 0 read nil | o 0 read {0 12, 1 -2}",
    want: "ok",
  },
  {
    title: "a total that the first read misses",
    model: "bank --total-amount 11",
    history: "i 0 read nil | o 0 read {0 5, 1 5}",
    want: "wrong-total",
  },
  {
    title: "an account out of nowhere",
    model: "bank",
    history: "i 0 read nil | o 0 read {0 5} | i 0 read nil | o 0 read {0 5, 1 0}",
    want: "unexpected-key",
  },
  {
    title: "a read beside an addition may count it or not",
    model: "counter",
    history:
      "i 0 add 2 | i 1 read nil | o 1 read 2 | i 1 read nil | o 1 read 0 | o 0 add 2 | i 1 read nil | o 1 read 2",
    want: "ok",
  },
  {
    title: "an addition that returned counts",
    model: "counter",
    history: "i 0 add 2 | o 0 add 2 | i 1 read nil | o 1 read 0",
    want: "out-of-bounds",
  },
  {
    title: "an addition that failed does not, one of unknown outcome may",
    model: "counter",
    history: "i 0 add 2 | f 0 add 2 | i 2 add 4 | u 2 add 4 | i 1 read nil | o 1 read 4",
    want: "ok",
  },
  {
    title: "more than anybody tried to add",
    model: "counter",
    history: "i 0 add 2 | f 0 add 2 | i 1 read nil | o 1 read 2",
    want: "out-of-bounds",
  },
  {
    title: "subtractions move the lower bound",
    model: "counter",
    history: "i 0 add -2 | i 1 read nil | o 1 read -2 | i 1 read nil | o 1 read 0 | o 0 add -2",
    want: "ok",
  },
  {
    title: "two reads that order two writes differently",
    model: "long-fork --group-size 2",
    history:
      "i 0 read nil | o 0 read [[:r 0 1] [:r 1 nil]] | i 0 read nil | o 0 read [[:r 1 1] [:r 0 nil]]",
    want: "long-fork",
  },
  {
    title: "reads that grow",
    model: "long-fork --group-size 2",
    history:
      "i 0 read nil | o 0 read [[:r 0 1] [:r 1 nil]] | i 0 read nil | o 0 read [[:r 1 1] [:r 0 1]]",
    want: "ok",
  },
  {
    title: "keys of different groups are not compared",
    model: "long-fork --group-size 1",
    history:
      "i 0 read nil | o 0 read [[:r 0 1] [:r 1 nil]] | i 0 read nil | o 0 read [[:r 1 1] [:r 0 nil]]",
    want: "ok",
  },
  {
    title: "a later comment without the earlier one",
    model: "comments",
    history: "i 0 write 1 | o 0 write 1 | i 0 write 2 | o 0 write 2 | i 1 read nil | o 1 read #{2}",
    want: "missing",
  },
  {
    title: "comments written at once may appear in any order",
    model: "comments",
    history: "i 0 write 1 | i 2 write 2 | o 0 write 1 | o 2 write 2 | i 1 read nil | o 1 read #{2}",
    want: "ok",
  },
];

describe("workloads", () => {
  it.each(cases)("$model: $title: $want", ({ model, history, want }) => {
    const parsed = parseModel(model);
    if (parsed === null) throw new Error(`no model ${model}`);
    const verdict = check(recording("h.edn", ednOf(history)), parsed, never);
    expect(verdict.type === "violation" ? verdict.anomaly : verdict.type).toBe(want);
  });
});

const TYPES: Readonly<Record<string, string>> = { i: "invoke", o: "ok", f: "fail", u: "info" };

/** `i 0 add 1` is an operation map: its type by its first letter, its process, f and value. */
const ednOf = (script: string): string =>
  script
    .split(" | ")
    .map((text) => {
      const [, type = "", process, f, value] = /^(\w) (\d) (\w+) (.*)$/.exec(text) ?? [];
      return `{:type :${TYPES[type]} :process ${process} :f :${f} :value ${value}}`;
    })
    .join("\n");
