import { describe, expect, it } from "vitest";
import { parseModel } from "../src/models.ts";

const register = { name: "cas-register", failedCasObserves: false };

const cases: readonly (readonly [text: string, want: unknown])[] = [
  [
    "linearizable:cas-register(init=0)",
    { type: "linearizable", object: { ...register, initial: 0 } },
  ],
  ["cas-register", { type: "linearizable", object: { ...register, initial: null } }],
  [
    "linearizable:cas-register(init=nil,failed-cas-allowed,unknown-outcomes)",
    { type: "linearizable", object: { ...register, initial: null, failedCasObserves: true } },
  ],
  ["mutex", { type: "linearizable", object: { name: "mutex", held: false } }],
  [
    "linearizable:mutex(init=free)",
    { type: "linearizable", object: { name: "mutex", held: false } },
  ],
  [
    "linearizable:mutex(init=locked)",
    { type: "linearizable", object: { name: "mutex", held: true } },
  ],
  [
    "linearizable:multi-register(init x=0,y=0)",
    { type: "linearizable", object: { name: "multi-register", initial: { x: 0, y: 0 } } },
  ],
  [
    'linearizable:kv-string(get/put/append,init="")',
    { type: "linearizable", object: { name: "kv-string", initial: "" } },
  ],
  ["linearizable:queue", { type: "linearizable", object: { name: "fifo-queue" } }],
  ["linearizable:set", { type: "linearizable", object: { name: "set" } }],
  ["set", { type: "set" }],
  ["set-full", { type: "set-full" }],
  ["snapshot-isolation", { type: "isolation", level: "snapshot-isolation" }],
  ["list-append", { type: "list-append", level: "strict-serializable" }],
  ["list-append snapshot-isolation", { type: "list-append", level: "snapshot-isolation" }],
  ["rw-register --consistency-models serializable", { type: "rw-register", level: "serializable" }],
  [
    "list-append --consistency-models=repeatable-read",
    { type: "list-append", level: "repeatable-read" },
  ],
  ["bank", { type: "bank", negativeBalances: false, total: null }],
  [
    "bank --allow-negative-balances --total-amount 100",
    { type: "bank", negativeBalances: true, total: 100 },
  ],
  ["long-fork --group-size 3", { type: "long-fork", groupSize: 3 }],
  ["counter", { type: "counter" }],
  ["comments", { type: "comments" }],
  ["nothing", null],
  ["linearizable:stack", null],
  ["list-append sometimes", null],
  ["long-fork --group-size x", null],
  ["long-fork --group-size -3", null],
  ["long-fork --group-size", null],
  ["bank serializable", null],
  ["set --slack 4", null],
  ["list-append --consistency-models", null],
  ["linearizable:register(failed-cas-alowed)", null],
  ["linearizable:mutex(init=taken)", null],
  ["linearizable:register(init=1", null],
];

describe("a model is named as tables name it", () => {
  it.each(cases)("%s", (text, want) => {
    expect(parseModel(text)).toEqual(want);
  });
});
