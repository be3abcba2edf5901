import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { never } from "../../src/budget.ts";
import {
  checkIsolation,
  checkListAppend,
  type ElleLevel,
  type Transaction,
} from "../../src/transactions/index.ts";
import type { Verdict } from "../../src/verdict.ts";
import { asLists, chance, execution, history, timed } from "./histories.ts";

const none = { process: false, realtime: false };
const sessions = { process: true, realtime: false };
const realtime = { process: true, realtime: true };

const check = (level: ElleLevel, transactions: readonly Transaction[], orders = none): Verdict =>
  checkListAppend(level, transactions, orders, never);

function anomaliesOf(
  transactions: readonly Transaction[],
  orders = none,
  level: ElleLevel = "strict-serializable",
): readonly string[] {
  const verdict = check(level, transactions, orders);
  return verdict.type === "violation" ? verdict.anomalies : [];
}

/** Transactions of one session each. */
const apart = (...texts: string[]): Transaction[] => history(...texts.map((text) => [text]));

describe("anomalies by their names, in histories of Elle's own tests", () => {
  const cases: readonly {
    readonly name: string;
    readonly history: readonly Transaction[];
    readonly anomalies: readonly string[];
    /** The weakest levels ruled out, and levels that are not. */
    readonly not: readonly ElleLevel[];
    readonly holds: readonly ElleLevel[];
  }[] = [
    {
      name: "write cycle",
      history: apart("ax1 ay1", "ax2 ay2", "lx12 ly21"),
      anomalies: ["G0"],
      not: ["read-uncommitted"],
      holds: [],
    },
    {
      name: "aborted read",
      history: apart("ax1!", "lx1"),
      anomalies: ["G1a"],
      not: ["read-committed", "read-atomic"],
      holds: ["read-uncommitted"],
    },
    {
      name: "intermediate read",
      history: apart("ax1 ax2", "lx1"),
      anomalies: ["G1b", "G-single-item", "G-single"],
      not: ["read-committed"],
      holds: ["read-uncommitted"],
    },
    {
      name: "circular information flow",
      history: apart("ax1 ly1", "ax2 ay1", "lx12 ly1"),
      anomalies: ["G1c"],
      not: ["read-committed"],
      holds: ["read-uncommitted"],
    },
    {
      name: "read skew",
      history: apart("ax1 ay1", "ax2 ly", "lx12"),
      anomalies: ["G-single-item", "G-single"],
      not: ["consistent-view", "repeatable-read", "snapshot-isolation"],
      holds: ["read-committed", "read-atomic", "cursor-stability"],
    },
    {
      name: "write skew",
      history: apart("ax1 ly", "ay1 lx"),
      anomalies: ["G2-item"],
      not: ["repeatable-read", "serializable"],
      holds: ["snapshot-isolation", "read-committed", "update-serializable"],
    },
    {
      name: "long fork",
      history: apart("ax1", "lx1 ly", "ay1", "ly1 lx"),
      anomalies: ["G-nonadjacent-item", "G-nonadjacent"],
      not: ["snapshot-isolation", "repeatable-read"],
      holds: ["parallel-snapshot-isolation", "consistent-view", "causal"],
    },
    {
      name: "lost update",
      history: apart("ax0", "lx0 ax1", "lx0 ax2"),
      anomalies: ["lost-update", "G2-item"],
      not: ["cursor-stability", "update-atomic", "snapshot-isolation"],
      holds: ["read-committed", "read-atomic", "causal"],
    },
    {
      name: "one transaction that writes twice what it read loses no update",
      history: apart("lx ax1 ax2", "lx12"),
      anomalies: [],
      not: [],
      holds: ["strict-serializable"],
    },
    {
      name: "reads of orders that do not agree",
      history: apart("ax1 ly1", "ax2", "ax3 ay1", "lx13", "lx123"),
      anomalies: ["incompatible-order", "G1c"],
      not: ["read-committed"],
      holds: ["read-uncommitted"],
    },
    {
      name: "dirty update",
      history: apart("ax1!", "ax2", "lx12"),
      anomalies: ["dirty-update", "G1a"],
      not: ["read-committed"],
      holds: ["read-uncommitted"],
    },
    {
      name: "dirty update, with one of unknown outcome between",
      history: apart("ax1!", "ax2?", "ax3", "lx123"),
      anomalies: ["dirty-update", "G1a"],
      not: ["read-committed"],
      holds: [],
    },
    {
      name: "an element twice",
      history: apart("ax1 ly1", "ax2 ay1", "lx121"),
      anomalies: ["duplicate-elements", "G1c"],
      not: ["read-uncommitted"],
      holds: [],
    },
    {
      name: "an element that nobody appended",
      history: apart("ax1", "lx19"),
      anomalies: ["garbage-read"],
      not: ["read-committed"],
      holds: ["read-uncommitted"],
    },
    {
      name: "not its own append at the end",
      history: apart("ax1 ax2 ax4", "ax3 lx1234"),
      anomalies: ["internal"],
      not: ["read-atomic", "snapshot-isolation"],
      holds: [],
    },
    {
      name: "its own append before it was made",
      history: apart("ax0", "lx01 ax1", "ax2", "lx012"),
      anomalies: ["future-read"],
      not: ["read-committed"],
      holds: ["read-uncommitted"],
    },
    {
      name: "appends that nobody read come after those that were",
      history: apart("ax1 ay1", "ax2 ay2", "ax3 ay3", "lx12", "ly2"),
      anomalies: ["G0", "G-single-item", "G-single"],
      not: ["read-uncommitted"],
      holds: [],
    },
    {
      name: "snapshot isolation allows anti-dependencies that meet",
      history: apart("lx5 ay1", "ly az2", "lz at3", "lt3 au4", "lu ax5"),
      anomalies: [],
      not: [],
      holds: ["snapshot-isolation"],
    },
  ];
  for (const { name, history: transactions, anomalies, not, holds } of cases) {
    it(name, () => {
      const found = anomaliesOf(transactions);
      for (const anomaly of anomalies) expect(found).toContain(anomaly);
      if (anomalies.length === 0) expect(found).toEqual([]);
      for (const level of not)
        expect([level, check(level, transactions).type]).toEqual([level, "violation"]);
      for (const level of holds)
        expect([level, check(level, transactions).type]).toEqual([level, "ok"]);
    });
  }

  it("snapshot isolation is not ruled out by a cycle that has one anti-dependency beside two", () => {
    const transactions = apart("a92", "a81 l9", "l6 l8 a95", "a62 l92");
    expect(check("snapshot-isolation", transactions).type).toBe("ok");
    expect(anomaliesOf(transactions, realtime, "repeatable-read")).toEqual(["G2-item"]);
  });
});

describe("orders beside the data", () => {
  it("a read that misses what its own process appended breaks strong session snapshot isolation", () => {
    const transactions = history(["ax1"], ["ax2", "lx1"], ["lx12"]);
    expect(check("serializable", transactions, sessions).type).toBe("ok");
    expect(anomaliesOf(transactions, sessions, "strong-session-snapshot-isolation")).toEqual([
      "G-single-item-process",
      "G-single-process",
    ]);
    expect(check("strong-session-snapshot-isolation", transactions, none).type).toBe("ok");
  });

  it("a read that misses what had been acknowledged breaks strong snapshot isolation", () => {
    const transactions = timed(apart("ax1", "ax2", "lx1", "lx12"));
    expect(check("strong-session-serializable", transactions, realtime).type).toBe("ok");
    expect(anomaliesOf(transactions, realtime)).toEqual([
      "G-single-item-realtime",
      "G-single-realtime",
    ]);
    expect(check("strong-snapshot-isolation", transactions, realtime).type).toBe("violation");
    expect(check("strict-serializable", transactions, none).type).toBe("ok");
  });

  it("anti-dependencies that do not meet, closed by a process", () => {
    const transactions = history(["lx lz1"], ["ax1", "lz"], ["az1"]);
    expect(check("serializable", transactions, sessions).type).toBe("ok");
    expect(anomaliesOf(transactions, sessions, "strong-session-snapshot-isolation")).toContain(
      "G-nonadjacent-item-process",
    );
  });

  it("reads closed by a process", () => {
    const transactions = history(["lx1 ay1"], ["ly1", "ax1"]);
    const found = anomaliesOf(transactions, sessions, "strong-session-snapshot-isolation");
    expect(found).toEqual(["G1c-process"]);
  });

  it("what is called when another returns is concurrent with it", () => {
    const [a, b, c] = apart("ax1", "lx", "lx1");
    if (a === undefined || b === undefined || c === undefined) throw new Error("three were given");
    const at = (called: number): Transaction[] => [
      { ...a, called: 0, returned: 5 },
      { ...b, called, returned: 9 },
      { ...c, called: 0, returned: 9 },
    ];
    expect(check("strict-serializable", at(5), realtime).type).toBe("ok");
    expect(check("strict-serializable", at(6), realtime).type).toBe("violation");
  });
});

describe("outcomes", () => {
  it("nothing is known of what a transaction of unknown outcome read", () => {
    const transactions = apart("ax2 ly?", "ax1 ay1", "lx12 ly1");
    expect(check("strict-serializable", transactions).type).toBe("ok");
  });

  it("an append of unknown outcome that nobody read proves nothing", () => {
    const transactions = timed(history(["ax1 ay1?"], ["lx ly"], ["lx ly"]));
    expect(check("strict-serializable", transactions, realtime).type).toBe("ok");
  });

  it("but one that was read commits the others of its transaction", () => {
    const transactions = apart("ax1 ay1?", "lx1 ly");
    expect(anomaliesOf(transactions)).toContain("G-single-item");
  });

  it("equal appends leave nothing to say", () => {
    expect(check("serializable", apart("ax1", "ax1")).type).toBe("unknown");
  });
});

it("the evidence is a cycle whose edges say why", () => {
  const verdict = check("serializable", apart("ax1 ly", "ay1 lx"));
  expect(verdict).toMatchObject({
    type: "violation",
    anomaly: "G2-item",
    core: [0, 1],
    evidence: {
      edges: [
        {
          from: 0,
          to: 1,
          kind: "rw",
          key: "y",
          why: "y was read without 1, which the other appended",
        },
        {
          from: 1,
          to: 0,
          kind: "rw",
          key: "x",
          why: "x was read without 1, which the other appended",
        },
      ],
    },
  });
});

it("the witness is the version order", () => {
  const verdict = check("serializable", apart("ax2", "ax1", "lx12", "ax3"));
  expect(verdict).toEqual({
    type: "ok",
    witness: { type: "versions", versions: new Map([["x", [1, 0, 3]]]) },
  });
});

/** Each key is read before it is written, so that a list shows what was there. */
function readFirst(transactions: readonly Transaction[]): Transaction[] {
  return transactions.map((t) => ({
    ...t,
    steps: t.steps.filter(
      (s, i) => s.type !== "read" || !t.steps.slice(0, i).some((o) => o.key === s.key),
    ),
  }));
}

describe("against the exact checker of registers", () => {
  const shape = { transactions: 16, sessions: 4, keys: 3, steps: 3 };
  const pairs = [
    ["serializable", "strong-session-serializable"],
    ["snapshot-isolation", "strong-session-snapshot-isolation"],
    ["strict-serializable", "strict-serializable"],
  ] as const;

  it("what a store of a level does satisfies the level over lists as over registers", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom(...pairs), (seed, [level, elle]) => {
        const transactions = readFirst(execution(level, shape, seed));
        expect(checkIsolation(level, transactions, never).type).toBe("ok");
        expect(check(elle, asLists(transactions), realtime).type).toBe("ok");
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it("lists, which show the order of versions, show whatever registers show", () => {
    let shown = 0;
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom(...pairs), (seed, [level, elle]) => {
        const transactions = readFirst(execution("prefix", shape, seed));
        if (checkIsolation(level, transactions, never).type !== "violation") return;
        shown++;
        expect(check(elle, asLists(transactions), realtime).type).toBe("violation");
      }),
      { seed: 6, numRuns: 300 },
    );
    expect(shown).toBeGreaterThan(100);
  });

  it("levels that are ruled out rule out the stronger ones", () => {
    const rising = [
      "read-uncommitted",
      "read-committed",
      "read-atomic",
      "causal",
      "prefix",
      "snapshot-isolation",
      "serializable",
      "strong-session-serializable",
      "strict-serializable",
    ] as const;
    fc.assert(
      fc.property(fc.nat(1_000_000), (seed) => {
        const draw = chance(seed);
        const transactions = asLists(execution("read-atomic", shape, seed)).map((t) =>
          draw(6) === 0 ? { ...t, outcome: "failed" as const } : t,
        );
        const held = rising.map((level) => check(level, transactions, realtime).type === "ok");
        const first = held.indexOf(false);
        expect(held.slice(first === -1 ? held.length : first)).not.toContain(true);
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});
