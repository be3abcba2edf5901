import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { never } from "../../src/budget.ts";
import { check } from "../../src/check.ts";
import type { History } from "../../src/history/index.ts";
import { parseModel } from "../../src/models.ts";
import type { Recording } from "../../src/readers/index.ts";
import { checkListAppend, type Transaction } from "../../src/transactions/index.ts";
import { validate } from "../../src/validate/index.ts";
import { circleNameFault, versionsFault } from "../../src/validate/list-append.ts";
import type { Verdict } from "../../src/verdict.ts";
import {
  type Act,
  historiesOf,
  mutexActs,
  operation,
  queueActs,
  registerActs,
  registersActs,
  setActs,
  stringActs,
} from "../objects/histories.ts";
import { recording } from "../readers/recordings.ts";
import { asLists, execution, history } from "../transactions/histories.ts";

const models: readonly (readonly [model: string, acts: fc.Arbitrary<Act>])[] = [
  ["linearizable:register", registerActs],
  ["linearizable:cas-register(init=1,failed-cas-allowed)", registerActs],
  ["linearizable:mutex", mutexActs],
  ["linearizable:fifo-queue", queueActs],
  ["linearizable:set", setActs],
  ["linearizable:kv-string", stringActs],
  ["linearizable:multi-register(init x=0,y=0)", registersActs],
];

const recorded = (history: History): Recording => ({
  type: "operations",
  format: "quorate",
  history,
});

describe("the validator", () => {
  it.each(models)("finds nothing wrong with verdicts about %s", (text, acts) => {
    const model = parseModel(text);
    if (model === null) throw new Error(text);
    fc.assert(
      fc.property(historiesOf(acts), (history) => {
        const verdict = check(recorded(history), model, never);
        expect(validate(recorded(history), model, verdict)).toBeNull();
      }),
      { seed: 7, numRuns: 600 },
    );
  });

  const three = [
    operation(0, [0, 1], "write", 1),
    operation(1, [2, 3], "write", 2),
    operation(2, [4, 5], "read", null, 2),
  ];
  const model = parseModel("linearizable:register");
  const ok = (order: readonly number[]): Verdict => ({
    type: "ok",
    witness: { type: "order", order },
  });
  const broken = (core: readonly number[]): Verdict => ({
    type: "violation",
    anomaly: "a",
    anomalies: ["a"],
    core,
    minimal: true,
    evidence: { type: "no-order", longest: [], stuck: [] },
  });

  it.each([
    ["an order that leaves out an operation", ok([0, 1]), "operation 2 is missing"],
    ["an order against real time", ok([1, 0, 2]), "operation 0 stands too late"],
    ["an order with an operation twice", ok([0, 1, 1, 2]), "an operation stands twice"],
    ["an operation that is not there", ok([0, 1, 2, 9]), "operation 9 does not belong"],
    ["a core that holds", broken([0, 1, 2]), "the core has an order"],
    ["a core of strangers", broken([7]), "the core names operations that are not there"],
  ] as const)("refuses %s", (_, verdict, want) => {
    if (model === null) throw new Error("no model");
    expect(validate(recorded(three), model, verdict)).toBe(want);
  });

  it("refuses an answer that the order does not explain", () => {
    if (model === null) throw new Error("no model");
    const stale = [...three.slice(0, 2), operation(2, [4, 5], "read", null, 1)];
    expect(validate(recorded(stale), model, ok([0, 1, 2]))).toBe(
      "operation 2 cannot have answered so",
    );
  });
});

describe("the validator of transactions", () => {
  const skew = recording(
    "h.txt",
    "w(0,0,0,0)\nw(1,0,0,0)\nr(0,0,1,1)\nr(1,0,1,1)\nw(0,1,1,1)\nr(0,0,2,2)\nr(1,0,2,2)\nw(1,1,2,2)",
  );
  const fault = (level: string, verdict: Verdict): string | null => {
    const model = parseModel(level);
    if (model === null) throw new Error(level);
    return validate(skew, model, verdict);
  };
  const ok = (order: readonly number[]): Verdict => ({
    type: "ok",
    witness: { type: "order", order },
  });

  it("accepts an order that the axiom of the level allows, and refuses it at a stronger one", () => {
    expect(fault("snapshot-isolation", ok([0, 1, 2]))).toBeNull();
    expect(fault("serializable", ok([0, 1, 2]))).toBe("transaction 2 reads another 0");
  });

  it("refuses an order against what was read", () => {
    expect(fault("causal", ok([1, 0, 2]))).toBe("transaction 1 stands before 0, which it follows");
  });

  it("refuses a circle that is none", () => {
    const edge = (from: number, to: number, kind: "rw" | "session", key: string | null) => ({
      from,
      to,
      kind,
      key,
      why: "",
    });
    const circle = (...edges: readonly ReturnType<typeof edge>[]): Verdict => ({
      type: "violation",
      anomaly: "G2-item",
      anomalies: ["G2-item"],
      core: [1, 2],
      minimal: true,
      evidence: { type: "cycle", edges },
    });
    expect(fault("serializable", circle(edge(1, 2, "rw", "1"), edge(2, 1, "rw", "0")))).toBeNull();
    expect(fault("serializable", circle(edge(1, 2, "rw", "1"), edge(1, 2, "rw", "1")))).toContain(
      "the next begins",
    );
    expect(
      fault("serializable", circle(edge(1, 2, "session", null), edge(2, 1, "rw", "0"))),
    ).toContain("is none");
  });
});

describe("the validator of list-append", () => {
  const timed = (transactions: readonly Transaction[]) =>
    ({ transactions, orders: { process: true, realtime: true } }) as const;
  const orders = new Map([
    ["x", [0, 1]],
    ["y", [0]],
  ]);
  const transactions = history(["ax1 ay1"], ["ax2"], ["lx12 ly1"]);

  it("accepts an order of the versions that explains every list", () => {
    expect(versionsFault("serializable", timed(transactions), orders)).toBeNull();
  });

  it("refuses one that a list contradicts", () => {
    const swapped = new Map([...orders, ["x", [1, 0]]]);
    expect(versionsFault("serializable", timed(transactions), swapped)).toContain("in place 0");
  });

  it("refuses one whose dependencies form a circle that the level forbids, and no other", () => {
    const skew = history(["lx ly ax1"], ["lx ly ay2"]);
    const versions = new Map([
      ["x", [0]],
      ["y", [1]],
    ]);
    expect(versionsFault("snapshot-isolation", timed(skew), versions)).toBeNull();
    expect(versionsFault("serializable", timed(skew), versions)).toContain("stands on a circle");
    const fractured = history(["ax1 ay1"], ["lx1 ly"]);
    const written = new Map([
      ["x", [0]],
      ["y", [0]],
    ]);
    expect(versionsFault("read-committed", timed(fractured), written)).toBeNull();
    expect(versionsFault("snapshot-isolation", timed(fractured), written)).toContain(
      "stands on a circle",
    );
  });

  it("lets lists contradict each other where they may be read uncommitted", () => {
    const torn = history(["ax1"], ["ax2"], ["lx12"], ["lx21"]);
    const unordered = { process: false, realtime: false };
    const verdict = checkListAppend("read-uncommitted", torn, unordered, never);
    if (verdict.type !== "ok" || verdict.witness.type !== "versions") throw new Error(verdict.type);
    expect(versionsFault("read-uncommitted", timed(torn), verdict.witness.versions)).toBeNull();
    expect(versionsFault("read-committed", timed(torn), verdict.witness.versions)).toContain(
      "in place",
    );
    expect(checkListAppend("read-committed", torn, unordered, never).type).toBe("violation");
  });

  it("takes no order for given that the history does not give", () => {
    const backwards = history(["lx1"], ["ax1"]).map((transaction, place) => ({
      ...transaction,
      session: 0,
      place,
    }));
    const versions = new Map([["x", [1]]]);
    const level = "strict-serializable";
    expect(versionsFault(level, timed(backwards), versions)).toContain("stands on a circle");
    const unordered = { transactions: backwards, orders: { process: false, realtime: false } };
    expect(versionsFault(level, unordered, versions)).toBeNull();
  });

  it("tells circles by their names", () => {
    const edge = (kind: "wr" | "rw" | "session", from: number, to: number) =>
      ({ kind, from, to, key: "x", why: "" }) as const;
    const skew = [edge("rw", 0, 1), edge("rw", 1, 0)];
    expect(circleNameFault("G2-item", skew)).toBeNull();
    expect(circleNameFault("G-single-item", skew)).toContain("is a G2-item");
    const session = [edge("rw", 0, 1), edge("session", 1, 0)];
    expect(circleNameFault("G-single-item-process", session)).toBeNull();
    expect(circleNameFault("G-single-item", session)).toContain("not a G-single-item");
  });

  it("finds nothing wrong with verdicts about executions, spoilt or not", () => {
    const levels = ["read-committed", "snapshot-isolation", "strong-session-serializable"] as const;
    const orders = { process: true, realtime: false };
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const shape = { transactions: 14, sessions: 3, keys: 2, steps: 3 };
        const part = asLists(execution("read-atomic", shape, seed));
        for (const level of levels) {
          const verdict = checkListAppend(level, part, orders, never);
          if (verdict.type === "ok" && verdict.witness.type === "versions") {
            expect(
              versionsFault(level, { transactions: part, orders }, verdict.witness.versions),
            ).toBeNull();
          } else if (verdict.type === "violation" && verdict.evidence.type === "cycle") {
            expect(circleNameFault(verdict.anomaly, verdict.evidence.edges)).toBeNull();
          }
        }
      }),
      { seed: 5, numRuns: 300 },
    );
  });
});
