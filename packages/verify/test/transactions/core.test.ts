import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { never } from "../../src/budget.ts";
import {
  checkListAppend,
  checkRwRegister,
  type Transaction,
} from "../../src/transactions/index.ts";
import type { Verdict } from "../../src/verdict.ts";
import { asLists, execution, history } from "./histories.ts";

const orders = { process: true, realtime: false };
const LEVEL = "strong-session-serializable";

const checkers = [
  ["list-append", checkListAppend],
  ["rw-register", checkRwRegister],
] as const;

/** A run of a store that is no more than read committed, over registers or lists. */
function weak(kind: "list-append" | "rw-register", seed: number): readonly Transaction[] {
  const shape = { transactions: 12, sessions: 3, keys: 2, steps: 3 };
  const transactions = execution("read-committed", shape, seed);
  return kind === "rw-register" ? transactions : asLists(transactions);
}

describe("the core of a violation", () => {
  it.each(checkers)("%s: has the anomaly alone, and not without any one", (kind, check) => {
    const judge = (part: readonly Transaction[]): Verdict => check(LEVEL, part, orders, never);
    let violations = 0;
    let minimal = 0;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const transactions = weak(kind, seed);
        const verdict = judge(transactions);
        if (verdict.type !== "violation") return;
        violations++;
        if (!verdict.minimal) return;
        minimal++;
        const core = transactions.filter(({ index }) => verdict.core.includes(index));
        expect(judge(core)).toMatchObject({ type: "violation", anomaly: verdict.anomaly });
        for (const one of core) {
          const rest = judge(core.filter((other) => other !== one));
          expect(rest.type === "violation" && rest.anomaly === verdict.anomaly).toBe(false);
        }
      }),
      { seed: 23, numRuns: 400 },
    );
    expect(violations).toBeGreaterThan(50);
    expect(minimal).toBe(violations);
  });

  it("takes in the reader that orders the versions of a circle of writers, and nobody else", () => {
    const transactions = history(["ax1 ay1"], ["ax2 ay2"], ["lx12 ly21"], ["lx12"], ["az1"]);
    const verdict = checkListAppend("read-uncommitted", transactions, orders, never);
    expect(verdict).toMatchObject({ anomaly: "G0", core: [0, 1, 2], minimal: true });
  });

  it("is not called minimal where the budget ended", () => {
    const transactions = history(["ax1 ay1"], ["ax2 ay2"], ["lx12 ly21"], ["lx12"]);
    const verdict = checkListAppend("read-uncommitted", transactions, orders, () => true);
    expect(verdict).toMatchObject({ anomaly: "G0", minimal: false });
  });
});
