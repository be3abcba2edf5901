import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { never } from "../../src/budget.ts";
import {
  checkIsolation,
  type IsolationLevel,
  type Transaction,
} from "../../src/transactions/index.ts";
import type { Verdict } from "../../src/verdict.ts";
import { holdsByDefinition, orderHolds } from "./axioms.ts";
import { anyRegisters, execution, history, levels, spoilt, timed } from "./histories.ts";

const check = (level: IsolationLevel, transactions: readonly Transaction[]): Verdict =>
  checkIsolation(level, transactions, never);

const all: readonly IsolationLevel[] = [...levels, "repeatable-read"];

/** The weakest of the levels, in their order, that forbids it. */
const anomalies: readonly {
  readonly name: string;
  readonly history: readonly Transaction[];
  readonly forbiddenBy: (typeof levels)[number];
  readonly called: string;
}[] = [
  {
    name: "a value that nobody wrote",
    history: history(["rx1"]),
    forbiddenBy: "read-uncommitted",
    called: "thin-air read",
  },
  {
    name: "a value of an aborted transaction",
    history: history(["wx1!"], ["rx1"]),
    forbiddenBy: "read-committed",
    called: "G1a",
  },
  {
    name: "a value that its transaction wrote over",
    history: history(["wx1 wx2"], ["rx1"]),
    forbiddenBy: "read-committed",
    called: "G1b",
  },
  {
    name: "circular information",
    history: history(["wx1 ry1"], ["wy1 rx1"]),
    forbiddenBy: "read-committed",
    called: "G1c",
  },
  {
    name: "a value that the reader itself writes later",
    history: history(["rx1 wx1"]),
    forbiddenBy: "read-committed",
    called: "future-read",
  },
  {
    name: "not the reader's own write",
    history: history(["wx1"], ["wx2 rx1"]),
    forbiddenBy: "read-committed",
    called: "internal",
  },
  {
    name: "old after new in one transaction",
    history: history(["wx1 wy1", "wx2 wy2"], ["rx2 ry1"]),
    forbiddenBy: "read-committed",
    called: "non-monotonic read",
  },
  {
    name: "the initial state after new",
    history: history(["wx1 wy1"], ["rx1 ry"]),
    forbiddenBy: "read-committed",
    called: "non-monotonic read",
  },
  {
    name: "fractured read: new after old, in one transaction",
    history: history(["wx1 wy1", "wx2 wy2"], ["rx1 ry2"]),
    forbiddenBy: "read-atomic",
    called: "fractured read",
  },
  {
    name: "non-repeatable read",
    history: history(["wx1"], ["rx rx1"]),
    forbiddenBy: "read-atomic",
    called: "fractured read",
  },
  {
    name: "not what the session wrote before",
    history: history(["wx1", "rx"]),
    forbiddenBy: "read-atomic",
    called: "fractured read",
  },
  {
    name: "causality violation: the answer without the question",
    history: history(["wx1"], ["rx1 wy1"], ["ry1", "rx"]),
    forbiddenBy: "causal",
    called: "causality violation",
  },
  {
    name: "long fork",
    history: history(["wx1"], ["wy1"], ["rx1 ry"], ["ry1 rx"]),
    forbiddenBy: "prefix",
    called: "long fork",
  },
  {
    name: "lost update",
    history: history(["wx1"], ["rx1 wx2"], ["rx1 wx3"]),
    forbiddenBy: "snapshot-isolation",
    called: "lost-update",
  },
  {
    name: "write skew",
    history: history(["wx1 wy1"], ["rx1 ry1 wx2"], ["rx1 ry1 wy2"]),
    forbiddenBy: "serializable",
    called: "G2-item",
  },
  {
    name: "stale read",
    history: timed(history(["wx1"], ["rx"])),
    forbiddenBy: "strict-serializable",
    called: "G2-item-realtime",
  },
  {
    name: "causal reverse",
    history: timed(history(["wx1"], ["wy1"], ["ry1 rx"])),
    forbiddenBy: "strict-serializable",
    called: "G2-item-realtime",
  },
];

describe("each anomaly is forbidden from its level on, and allowed below", () => {
  for (const { name, history: transactions, forbiddenBy, called } of anomalies) {
    it(name, () => {
      for (const level of levels) {
        const verdict = check(level, transactions);
        const forbidden = levels.indexOf(level) >= levels.indexOf(forbiddenBy);
        expect([level, verdict.type]).toEqual([level, forbidden ? "violation" : "ok"]);
        if (verdict.type === "violation") expect(verdict.anomaly).toBe(called);
      }
    });
  }
});

describe("repeatable read is Adya's PL-2.99, over items", () => {
  it("forbids write skew and lost update", () => {
    expect(
      check("repeatable-read", history(["wx1 wy1"], ["rx1 ry1 wx2"], ["rx1 ry1 wy2"])).type,
    ).toBe("violation");
    expect(check("repeatable-read", history(["wx1"], ["rx1 wx2"], ["rx1 wx3"])).type).toBe(
      "violation",
    );
  });

  it("says nothing of sessions", () => {
    expect(check("repeatable-read", history(["wx1", "rx"])).type).toBe("ok");
    expect(check("serializable", history(["wx1", "rx"])).type).toBe("violation");
  });
});

describe("outcomes", () => {
  it("a transaction of unknown outcome committed if somebody read from it, and is left out if not", () => {
    const read = check("serializable", history(["wx1 wy1?"], ["rx1 ry"]));
    expect(read.type).toBe("violation");
    const unread = check("serializable", history(["wx1 wy1?"], ["rx ry"]));
    expect(unread).toEqual({ type: "ok", witness: { type: "order", order: [1] } });
  });

  it("to be read by one of unknown outcome that was itself read is to have committed", () => {
    const transactions = history(["wx1?"], ["rx1 wy1?"], ["ry1"]);
    const verdict = check("strict-serializable", transactions);
    expect(verdict).toEqual({ type: "ok", witness: { type: "order", order: [0, 1, 2] } });
  });

  it("one of unknown outcome may take effect long after its call", () => {
    const transactions = timed(history(["wx1?"], ["rx"], ["rx1"]));
    expect(check("strict-serializable", transactions).type).toBe("ok");
  });

  it("a value that an aborted and a committed transaction wrote is the committed one's", () => {
    expect(check("serializable", history(["wx1!"], ["wx1"], ["rx1"])).type).toBe("ok");
  });

  it("a blind read constrains nothing", () => {
    expect(check("serializable", history(["wx1", "r?x"])).type).toBe("ok");
  });
});

it("the witness of read uncommitted is an order of versions, of the others one of transactions", () => {
  const transactions = history(["wx2", "wx1"], ["rx1"]);
  expect(check("read-uncommitted", transactions)).toEqual({
    type: "ok",
    witness: { type: "versions", versions: new Map([["x", [0, 1]]]) },
  });
  expect(check("causal", transactions)).toEqual({
    type: "ok",
    witness: { type: "order", order: [0, 1, 2] },
  });
});

describe("what it cannot judge", () => {
  it("two equal writes", () => {
    const verdict = check("causal", history(["wx1"], ["wx1"]));
    expect(verdict).toMatchObject({ type: "unknown", why: "1 was written to x twice" });
  });

  it("lists", () => {
    expect(check("causal", history(["ax1"])).type).toBe("unknown");
  });

  it("nothing, where the budget is used up before it begins", () => {
    expect(checkIsolation("serializable", history(["wx1"], ["rx1"]), () => true).type).toBe(
      "unknown",
    );
  });
});

it("session and real-time order hold together for a thousand transactions", () => {
  const shape = { transactions: 1000, sessions: 10, keys: 50, steps: 4 };
  const transactions = timed(execution("strict-serializable", shape, 7));
  const verdict = check("strict-serializable", transactions);
  expect(verdict.type).toBe("ok");
});

describe("against the definitions, by trying all commit orders", () => {
  it("says what they say, at each level; and its witness satisfies the axiom", () => {
    fc.assert(
      fc.property(anyRegisters, (transactions) => {
        for (const level of all) {
          const verdict = check(level, transactions);
          expect([level, verdict.type]).toEqual([
            level,
            holdsByDefinition(level, transactions) ? "ok" : "violation",
          ]);
          if (verdict.type !== "ok" || verdict.witness.type !== "order") continue;
          const order = verdict.witness.order.flatMap((i) => transactions[i] ?? []);
          expect(orderHolds(level, order, transactions)).toBe(true);
        }
      }),
      { seed: 1, numRuns: 400 },
    );
  });

  it("its core breaks the level by itself, and no smaller part of it does", () => {
    fc.assert(
      fc.property(fc.nat(100_000), (seed) => {
        const shape = { transactions: 6, sessions: 3, keys: 2, steps: 3 };
        const transactions = spoilt(execution("serializable", shape, seed), 2, seed);
        for (const level of all) {
          const verdict = check(level, transactions);
          if (verdict.type !== "violation" || verdict.evidence.type === "answer") continue;
          const part = verdict.core.flatMap((i) => transactions[i] ?? []);
          expect(verdict.minimal).toBe(true);
          expect(holdsByDefinition(level, closed(part, transactions))).toBe(false);
          for (const left of part) {
            const rest = part.filter((t) => t !== left);
            expect(holdsByDefinition(level, closed(rest, transactions))).toBe(true);
          }
        }
      }),
      { seed: 2, numRuns: 200 },
    );
  });
});

/** Without reads of what is not in the part. */
function closed(part: readonly Transaction[], of: readonly Transaction[]): Transaction[] {
  const gone = new Set(
    of
      .filter((t) => !part.includes(t))
      .flatMap((t) => t.steps.flatMap((s) => (s.type === "write" ? [s.value] : []))),
  );
  return part.map((t) => ({
    ...t,
    steps: t.steps.filter((s) => s.type !== "read" || s.value === null || !gone.has(s.value)),
  }));
}

describe("between the levels", () => {
  const shape = { transactions: 14, sessions: 4, keys: 3, steps: 3 };

  it("what a store of a level does satisfies the level", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom(...levels), (seed, level) => {
        expect(check(level, execution(level, shape, seed)).type).toBe("ok");
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  it("who satisfies a level satisfies the weaker ones, spoilt answers or not", () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.constantFrom(...levels),
        fc.nat(3),
        (seed, level, reads) => {
          const transactions = spoilt(execution(level, shape, seed), reads, seed);
          const held = levels.map((each) => check(each, transactions).type === "ok");
          const first = held.indexOf(false);
          expect(held.slice(first === -1 ? held.length : first)).not.toContain(true);
          if (held[levels.indexOf("serializable")] === true) {
            expect(check("repeatable-read", transactions).type).toBe("ok");
          }
        },
      ),
      { seed: 4, numRuns: 400 },
    );
  });

  it("a store of each level but the strongest shows the anomalies of the next within a hundred runs", () => {
    const weaker = [
      "read-committed",
      "read-atomic",
      "causal",
      "prefix",
      "snapshot-isolation",
    ] as const;
    for (const level of weaker) {
      const next = levels[levels.indexOf(level) + 1] ?? "serializable";
      const broken = Array.from({ length: 100 }, (_, seed) => execution(level, shape, seed)).filter(
        (transactions) => check(next, transactions).type === "violation",
      );
      expect([level, broken.length > 0]).toEqual([level, true]);
    }
  });
});
