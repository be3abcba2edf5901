import { describe, expect, it } from "vitest";
import type { Struck } from "../../src/faults/index.ts";
import type { Finding } from "../../src/judge/index.ts";
import { bitesOf, resultOf } from "../../src/run/report.ts";

const finding = (result: Finding["result"]): Finding => ({
  workload: "set",
  model: "set",
  result,
  why: "",
  core: [],
  operations: 0,
  millis: 0,
});
const struck = (times: number): Struck => {
  return { at: 0, millis: 1, fault: { type: "crashAll" }, bite: { times, note: "" } };
};

describe("a run", () => {
  it("held only where every verdict says so", () => {
    const held = finding("held");
    expect(resultOf({ findings: [held], broken: [] })).toBe("held");
    expect(resultOf({ findings: [held, finding("unknown")], broken: [] })).toBe("unknown");
    expect(resultOf({ findings: [finding("unknown"), finding("broken")], broken: [] })).toBe(
      "broken",
    );
    expect(resultOf({ findings: [held], broken: ["n1 stopped by itself"] })).toBe("broken");
  });

  it("counts the episodes that took effect beside those that did not", () => {
    expect(bitesOf([struck(3), struck(0), struck(1)])).toEqual({ crashAll: { tried: 3, bit: 2 } });
  });
});
