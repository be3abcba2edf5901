import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { never } from "../../src/budget.ts";
import {
  checkIsolation,
  checkRwRegister,
  type ElleLevel,
  type Transaction,
} from "../../src/transactions/index.ts";
import type { Verdict } from "../../src/verdict.ts";
import { anyRegisters, execution, history, levels, spoilt, timed } from "./histories.ts";

const none = { process: false, realtime: false };
const both = { process: true, realtime: true };

const check = (level: ElleLevel, transactions: readonly Transaction[], orders = none): Verdict =>
  checkRwRegister(level, transactions, orders, never);

const apart = (...texts: string[]): Transaction[] => history(...texts.map((text) => [text]));

describe("anomalies", () => {
  const cases: readonly {
    readonly name: string;
    readonly history: readonly Transaction[];
    readonly anomalies: readonly string[];
    readonly not: readonly ElleLevel[];
    readonly holds: readonly ElleLevel[];
  }[] = [
    {
      name: "aborted read",
      history: apart("wx1!", "rx1"),
      anomalies: ["G1a"],
      not: ["read-committed"],
      holds: ["read-uncommitted"],
    },
    {
      name: "intermediate read",
      history: apart("wx1 wx2", "rx1"),
      anomalies: ["G1b"],
      not: ["read-committed"],
      holds: ["read-uncommitted"],
    },
    {
      name: "circular information flow",
      history: apart("wx1 ry1", "wy1 rx1"),
      anomalies: ["G1c"],
      not: ["read-committed"],
      holds: ["read-uncommitted"],
    },
    {
      name: "a write that follows a read is ordered after it",
      history: apart("wx1 ry2", "rx1 wx2 wy2"),
      anomalies: ["G1c"],
      not: ["read-committed"],
      holds: [],
    },
    {
      name: "read skew from the initial state",
      history: apart("wx1 wy1", "rx1 ry"),
      anomalies: ["G-single-item", "G-single"],
      not: ["snapshot-isolation", "consistent-view"],
      holds: ["read-committed"],
    },
    {
      name: "write skew from the initial state",
      history: apart("rx wy1", "ry wx1"),
      anomalies: ["G2-item"],
      not: ["serializable", "repeatable-read"],
      holds: ["snapshot-isolation"],
    },
    {
      name: "long fork",
      history: apart("wx1", "wy1", "rx1 ry", "ry1 rx"),
      anomalies: ["G-nonadjacent-item"],
      not: ["snapshot-isolation"],
      holds: ["causal", "read-atomic"],
    },
    {
      name: "lost update",
      history: apart("wx1", "rx1 wx2", "rx1 wx3"),
      anomalies: ["lost-update"],
      not: ["cursor-stability", "update-atomic", "snapshot-isolation"],
      holds: ["read-atomic"],
    },
    {
      name: "not what it read or wrote itself",
      history: apart("wx1", "rx1 wx2 rx1"),
      anomalies: ["internal"],
      not: ["read-atomic"],
      holds: ["read-committed"],
    },
    {
      name: "a value that nobody wrote",
      history: apart("rx1"),
      anomalies: ["garbage-read"],
      not: ["read-committed"],
      holds: [],
    },
    {
      name: "updates that follow each other in a circle",
      history: apart("rx1 wx2", "rx2 wx1"),
      anomalies: ["cyclic-versions", "G1c"],
      not: ["read-committed"],
      holds: [],
    },
  ];
  for (const { name, history: transactions, anomalies, not, holds } of cases) {
    it(name, () => {
      const verdict = check("strict-serializable", transactions);
      const found = verdict.type === "violation" ? verdict.anomalies : [];
      for (const anomaly of anomalies) expect(found).toContain(anomaly);
      for (const level of not) {
        expect([level, check(level, transactions).type]).toEqual([level, "violation"]);
      }
      for (const level of holds) {
        expect([level, check(level, transactions).type]).toEqual([level, "ok"]);
      }
    });
  }
});

describe("orders beside the data", () => {
  it("a session sees versions in the order of its transactions", () => {
    const transactions = history(["wx1", "wx2"], ["rx2", "rx1"]);
    const process = { process: true, realtime: false };
    expect(check("serializable", transactions, process).type).toBe("ok");
    expect(check("strong-session-serializable", transactions, process).type).toBe("violation");
    expect(check("strong-session-serializable", transactions, none).type).toBe("ok");
  });

  it("so does everybody in real time", () => {
    const transactions = timed(apart("wx1", "wx2", "rx1"));
    const realtime = { process: false, realtime: true };
    expect(check("strong-session-serializable", transactions, realtime).type).toBe("ok");
    expect(check("strict-serializable", transactions, realtime)).toMatchObject({
      type: "violation",
      anomaly: "cyclic-versions",
    });
  });
});

describe("against the exact checker", () => {
  const pairs = [
    ["read-committed", "read-committed"],
    ["snapshot-isolation", "strong-session-snapshot-isolation"],
    ["serializable", "strong-session-serializable"],
    ["strict-serializable", "strict-serializable"],
  ] as const;
  const sound = (transactions: readonly Transaction[]): void => {
    for (const [level, elle] of pairs) {
      if (check(elle, transactions, both).type !== "violation") continue;
      expect([level, checkIsolation(level, transactions, never).type]).toEqual([
        level,
        "violation",
      ]);
    }
  };

  it("it never rules out what is possible, whatever the answers", () => {
    fc.assert(fc.property(anyRegisters, sound), { seed: 8, numRuns: 500 });
  });

  it("nor in near-correct executions", () => {
    const shape = { transactions: 14, sessions: 4, keys: 3, steps: 3 };
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom(...levels), fc.nat(2), (seed, level, reads) =>
        sound(spoilt(execution(level, shape, seed), reads, seed)),
      ),
      { seed: 9, numRuns: 400 },
    );
  });
});
