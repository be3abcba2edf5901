import { HISTORY_HEADER, parseHistory } from "@quorate/verify";
import { describe, expect, it } from "vitest";
import { judge } from "../../src/judge/index.ts";
import type { WorkloadName } from "../../src/workloads/index.ts";

/** Operations one after another, each by a process of its own: what, key, called with, answered. */
type Told = readonly [
  f: string,
  key: string | null,
  input: unknown,
  output: unknown,
  outcome?: string,
];

function history(...told: readonly Told[]) {
  const lines = told.flatMap(([f, key, input, output, type = "ok"], process) => {
    const about = { process, f, ...(key === null ? {} : { key }) };
    return [
      { type: "invoke", ...about, value: input, time: 10 * process },
      { type, ...about, value: output, time: 10 * process + 5 },
    ];
  });
  return parseHistory([HISTORY_HEADER, ...lines.map((line) => JSON.stringify(line))].join("\n"));
}

const results = (workload: WorkloadName, ...told: readonly Told[]) =>
  judge(workload, history(...told)).map(({ result }) => result);
const SECOND = 1_000_000;

describe("the judge can say that something is broken", () => {
  it("register: a write that was acknowledged and is gone", () => {
    const write: Told = ["write", "x", 1, null];
    expect(results("register", write, ["read", "x", null, 1])).toEqual(["held"]);
    expect(results("register", write, ["read", "x", null, null])).toEqual(["broken"]);
    const [finding] = judge("register", history(write, ["read", "x", null, null]));
    expect(finding?.core.map(({ f }) => f)).toEqual(["write", "read"]);
  });

  it("register: a write that failed for certain and is there; one of unknown outcome may be", () => {
    const read: Told = ["read", "x", null, 1];
    expect(results("register", ["write", "x", 1, null, "failed"], read)).toEqual(["broken"]);
    expect(results("register", ["write", "x", 1, null, "unknown"], read)).toEqual(["held"]);
  });

  it("register: a comparison that swapped though the value was another", () => {
    const write: Told = ["write", "x", 1, null];
    expect(results("register", write, ["cas", "x", [1, 2], true])).toEqual(["held"]);
    expect(results("register", write, ["cas", "x", [3, 2], true])).toEqual(["broken"]);
    expect(results("register", write, ["cas", "x", [1, 2], false])).toEqual(["broken"]);
  });

  it("list-append: an append that was acknowledged and is not in the list", () => {
    const appends: readonly Told[] = [1, 2].map((n) => {
      const steps = [["append", "x", n]];
      return ["txn", null, steps, steps];
    });
    const read = (list: readonly number[]): Told => {
      return ["txn", null, [["r", "x", null]], [["r", "x", list]]];
    };
    expect(results("list-append", ...appends, read([1, 2]))).toEqual(["held"]);
    expect(results("list-append", ...appends, read([1]))).toEqual(["broken"]);
    expect(results("list-append", ...appends, read([2, 1]))).toEqual(["broken"]);
  });

  it("bank: money that was made or lost", () => {
    const accounts = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [String(i), 10]));
    expect(results("bank", ["read", null, null, accounts])).toEqual(["held"]);
    expect(results("bank", ["read", null, null, { ...accounts, 3: 9 }])).toEqual(["broken"]);
  });

  it("set: an element that was added and is gone, and one that comes and goes", () => {
    const adds: readonly Told[] = [0, 1].map((n) => ["add", null, n, null]);
    expect(results("set", ...adds, ["read", null, null, [0, 1]])).toEqual(["held", "held"]);
    expect(results("set", ...adds, ["read", null, null, [1]])).toEqual(["broken", "broken"]);
    const flicker: Told = ["read", null, null, [0]];
    expect(results("set", ...adds, flicker, ["read", null, null, [0, 1]])[1]).toBe("held");
  });

  it("watch: a gap, an event twice, and watchers that were told different things", () => {
    const puts: readonly Told[] = [
      ["put", "k", 1, { revision: 5 }],
      ["put", "k", 2, { revision: 6 }],
    ];
    const watch = (...events: readonly (readonly [number, number])[]): Told => {
      return ["watch", "k", { from: 1 }, events];
    };
    const all = watch([5, 1], [6, 2]);
    expect(results("watch", ...puts, all, all)).toEqual(["held", "held"]);
    expect(results("watch", ...puts, all, watch([6, 2]))).toEqual(["broken", "broken"]);
    expect(results("watch", ...puts, watch([5, 1], [5, 1], [6, 2]))[0]).toBe("broken");
    expect(results("watch", ...puts, all, watch([5, 1]))).toEqual(["held", "broken"]);
  });

  it("lease: one that ended early, and one that never ended", () => {
    const grant: Told = ["grant", "7", 3 * SECOND, null];
    const end: Told = ["alive", "7", null, false];
    expect(results("lease", grant, ["alive", "7", null, true], end)[0]).toBe("broken");
    expect(results("lease", grant, ["revoke", "7", null, null], end)).toEqual(["held", "held"]);
    expect(results("lease", grant, ["alive", "7", null, true])).toEqual(["held", "broken"]);
  });
});
