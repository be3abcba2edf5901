import { describe, expect, it } from "vitest";
import { check } from "../../src/check.ts";
import type { Operation } from "../../src/history/index.ts";
import { parseModel } from "../../src/models.ts";
import type { Recording } from "../../src/readers/index.ts";
import { reportOf } from "../../src/report/index.ts";
import type { Transaction } from "../../src/transactions/index.ts";
import type { Verdict } from "../../src/verdict.ts";
import { history as transactionsOf } from "../transactions/histories.ts";
import { type Element, parsePage } from "./page.ts";

const HOSTILE = `</script><script>alert(1)</script><img src=x onerror=alert(2)>"'\`&amp;<!--\u202e\u0000\ud800`;

function operation(index: number, over: Partial<Operation> = {}): Operation {
  return {
    index,
    process: index % 10,
    f: "write",
    key: "x",
    input: index,
    output: null,
    called: 10 * index,
    returned: 10 * index + 95,
    outcome: "ok",
    ...over,
  };
}

const operations = (history: readonly Operation[]): Recording => ({
  type: "operations",
  format: "quorate",
  history,
});

const sessions = (transactions: readonly Transaction[]): Recording => ({
  type: "transactions",
  format: "awdit",
  transactions,
  orders: { process: true, realtime: false },
});

function report(recording: Recording, model: string, verdict: Verdict, title?: string): string {
  const parsed = parseModel(model);
  if (parsed === null) throw new Error(`no model ${model}`);
  return reportOf(recording, parsed, verdict, title);
}

const judged = (recording: Recording, model: string): string => {
  const parsed = parseModel(model);
  if (parsed === null) throw new Error(`no model ${model}`);
  return reportOf(
    recording,
    parsed,
    check(recording, parsed, () => false),
  );
};

const bodyOf = (page: string): string =>
  parsePage(page).find(({ name }) => name === "body")?.text ?? "";

const drawingIn = (page: string) =>
  JSON.parse(parsePage(page).find(({ attributes }) => attributes.get("id") === "data")?.text ?? "");

const DIRECT: Verdict = { type: "ok", witness: { type: "direct", compared: 3 } };
const answered = (index: number, expected: string): Verdict => ({
  type: "violation",
  anomaly: "stale read",
  anomalies: ["stale read"],
  core: [index],
  minimal: true,
  evidence: { type: "answer", operation: index, expected },
});

const lostUpdate = sessions(transactionsOf(["rx wx1"], ["rx wx2"]));

describe("a report says what was found", () => {
  it("a circle of dependencies: drawn, with every operation and reason, and told again in a table", () => {
    const page = judged(lostUpdate, "serializable");
    const elements = parsePage(page);
    expect(bodyOf(page)).toContain("The history does not keep to serializable");
    const nodes = elements.filter(({ name }) => name === "rect");
    const arrows = elements.filter(({ attributes }) => attributes.get("class") === "edge");
    expect(nodes.length).toBeGreaterThanOrEqual(2);
    expect(arrows).toHaveLength(nodes.length);
    const rows = elements.filter(({ attributes }) => attributes.get("id")?.startsWith("op-"));
    const ids = new Set(rows.map(({ attributes }) => attributes.get("id")));
    expect(ids).toEqual(new Set(["op-0", "op-1"]));
    expect(rows.map(({ text }) => text).join()).toContain("place 0okr x → nothing, w x 1");
    expect(drawingIn(page)).toMatchObject({ timed: false, processes: [0, 1], core: [0, 1] });
  });

  it("operations that fit no order", () => {
    const history = [
      operation(0, { called: 0, returned: 1 }),
      operation(1, { f: "read", input: null, output: 7, called: 2, returned: 3 }),
    ];
    const text = bodyOf(judged(operations(history), "register"));
    expect(text).toContain("not keep to linearizable:register: not linearizable");
    expect(text).toContain("None of these can follow it:");
    expect(text).toContain("read x → 7");
  });

  it("an answer that could not have been given", () => {
    const text = bodyOf(report(operations([operation(0)]), "set", answered(0, "at least 1 and 2")));
    expect(text).toContain("Operation 0, write x 0: expected at least 1 and 2.");
  });

  it("the order of a history that holds, shortened, and by key or version where that is the witness", () => {
    const history = Array.from({ length: 1000 }, (_, i) => operation(i));
    const order = history.map(({ index }) => index);
    const short = bodyOf(
      report(operations(history), "mutex", { type: "ok", witness: { type: "order", order } }),
    );
    expect(short).toContain("keeps to linearizable:mutex");
    expect(short).toContain("… and 800 more operations.");
    const orders = new Map([["x", order]]);
    expect(
      bodyOf(
        report(operations(history), "pram", { type: "ok", witness: { type: "orders", orders } }),
      ),
    ).toContain("x: 1000");
    const versions = new Map([["y", [1, 2]]]);
    const text = bodyOf(
      report(operations(history), "causal", {
        type: "ok",
        witness: { type: "versions", versions },
      }),
    );
    expect(text).toContain("in the order of its versions");
    expect(text).toContain("y: 2");
    expect(bodyOf(report(operations(history), "set", DIRECT))).toContain("3 operations were");
  });

  it("that the budget ran out", () => {
    const spent: Verdict = { type: "unknown", steps: 77, why: "the budget is spent" };
    const text = bodyOf(report(operations([operation(0)]), "fifo-queue", spent));
    expect(text).toContain("No verdict on linearizable:fifo-queue: the budget is spent");
    expect(text).toContain("after 77 steps");
  });

  it("how many operations there were, and how they ended", () => {
    const history = [
      operation(0),
      operation(1, { outcome: "failed" }),
      operation(2, { outcome: "unknown", returned: Number.POSITIVE_INFINITY }),
    ];
    const page = report(operations(history), "set", DIRECT);
    expect(bodyOf(page)).toContain("3 operations of 3 processes: 1 ok, 1 failed, 1 unknown.");
    expect(drawingIn(page)).toMatchObject({ outcome: "ofu", length: [95, 95, -1], end: 106 });
  });

  it("of an empty history, too", () => {
    expect(bodyOf(report(operations([]), "set", DIRECT))).toContain("0 operations");
    expect(drawingIn(report(sessions([]), "causal", DIRECT))).toMatchObject({ index: [] });
  });

  it("of a core that names operations which are not there", () => {
    expect(bodyOf(report(operations([]), "set", answered(5, "1")))).toContain(
      "not in this history",
    );
  });
});

describe("a page is not what a history makes of it", () => {
  const hostile = [
    operation(0, { f: HOSTILE, key: HOSTILE, input: HOSTILE, output: [HOSTILE, { [HOSTILE]: 1 }] }),
    operation(1, { key: HOSTILE }),
  ];
  const edge = { kind: "wr", key: HOSTILE, why: HOSTILE } as const;
  const pages = [
    report(operations(hostile), "register", answered(0, HOSTILE), HOSTILE),
    report(
      operations(hostile),
      `linearizable:register(init="${HOSTILE.replace(/[,\n]/g, "")}")`,
      {
        type: "violation",
        anomaly: HOSTILE,
        anomalies: [HOSTILE, HOSTILE],
        core: [0, 1],
        minimal: false,
        evidence: {
          type: "cycle",
          edges: [
            { from: 0, to: 1, ...edge },
            { from: 1, to: 0, ...edge },
          ],
        },
      },
      HOSTILE,
    ),
    report(operations(hostile), "set", { type: "unknown", steps: 1, why: HOSTILE }),
    report(operations(hostile), "set", {
      type: "ok",
      witness: { type: "versions", versions: new Map([[HOSTILE, [0, 1]]]) },
    }),
    report(
      sessions([
        {
          index: 0,
          session: 0,
          place: 0,
          outcome: "ok",
          called: null,
          returned: null,
          steps: [{ type: "write", key: HOSTILE, value: HOSTILE }],
        },
      ]),
      "causal",
      answered(0, HOSTILE),
    ),
  ];

  it.each(pages.map((page, i) => [i, page] as const))(
    "page %i has our two scripts, no handler and no foreign address",
    (_, page) => {
      const elements = parsePage(page);
      expect(elements.filter(({ name }) => name === "script")).toHaveLength(2);
      expect(elements.filter(({ name }) => /^(img|iframe|link|object|embed)$/.test(name))).toEqual(
        [],
      );
      expect(elements.flatMap(addresses).filter((address) => !address.startsWith("#"))).toEqual([]);
      const handlers = elements.flatMap(({ attributes }) => [...attributes.keys()]);
      expect(handlers.filter((name) => name.startsWith("on"))).toEqual([]);
      expect(page).not.toMatch(/https?:/);
      expect(bodyOf(page)).toContain("</script>");
      expect(page.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e]|\p{Surrogate}/u);
    },
  );

  it("the bars say the hostile text as it is, but for what cannot be seen", () => {
    const [label] = drawingIn(pages[0] ?? "").text as readonly [string];
    expect(label).toContain("</script><script>alert(1)</script>");
    expect(label).toContain("\ufffd");
  });
});

const addresses = ({ attributes }: Element): readonly string[] =>
  ["src", "href", "xlink:href", "action"].flatMap((name) => attributes.get(name) ?? []);

describe("a page stays small", () => {
  const many = (count: number, text: string): Recording =>
    operations(Array.from({ length: count }, (_, i) => operation(i, { output: text })));

  it("10,000 operations: few elements, below 5 MB even where every text is long and hostile", () => {
    const page = report(many(10_000, "<\u4e00".repeat(500)), "set", answered(5000, "1"));
    expect(new TextEncoder().encode(page).length).toBeLessThan(5_000_000);
    expect(parsePage(page).length).toBeLessThan(200);
    expect(drawingIn(page).index).toHaveLength(10_000);
    const plain = report(many(10_000, "v"), "set", answered(5000, "1"));
    expect(plain.length).toBeLessThan(1_000_000);
  });

  it("a longer history is drawn around its core", () => {
    const page = report(many(50_000, "<<<"), "set", answered(30_000, "1"));
    const { index, core } = drawingIn(page);
    expect(index.length).toBeGreaterThan(19_990);
    expect(index.length).toBeLessThanOrEqual(20_000);
    expect(index[core[0]]).toBe(30_000);
    expect(index).toContain(21_000);
    expect(index).toContain(39_000);
    expect(bodyOf(page)).toContain("50000 operations");
    expect(bodyOf(page)).toContain(`Only ${index.length} are drawn`);
    expect(page.length).toBeLessThan(5_000_000);
  });

  it("a core and a circle of thousands are told in part", () => {
    const core = Array.from({ length: 5000 }, (_, i) => i);
    const edges = core.map((from) => ({
      from,
      to: (from + 1) % 5000,
      kind: "session" as const,
      key: null,
      why: "<&'".repeat(1000),
    }));
    const page = report(many(20_000, "<&'\u4e00".repeat(200)), "set", {
      type: "violation",
      anomaly: "G0",
      anomalies: ["G0"],
      core,
      minimal: false,
      evidence: { type: "cycle", edges },
    });
    expect(parsePage(page).length).toBeLessThan(15_000);
    expect(bodyOf(page)).toContain("… and 4500 more dependencies.");
    expect(drawingIn(page).core).toHaveLength(1000);
    expect(new TextEncoder().encode(page).length).toBeLessThan(5_000_000);
  });

  it("the same arguments give the same page", () => {
    expect(judged(lostUpdate, "serializable")).toBe(judged(lostUpdate, "serializable"));
  });
});

describe("without scripts", () => {
  it("every reference leads to a row of the core that is there", () => {
    const history = Array.from({ length: 3 }, (_, i) => operation(i));
    const order: Verdict = { type: "ok", witness: { type: "order", order: [0, 1, 2] } };
    const held = parsePage(report(operations(history), "set", order));
    expect(held.flatMap(addresses)).toEqual(["#view", "#view", "#view"]);
    const elements = parsePage(judged(lostUpdate, "serializable"));
    const ids = new Set(elements.map(({ attributes }) => attributes.get("id")));
    const targets = elements.flatMap(addresses).map((address) => address.slice(1));
    expect(targets.length).toBeGreaterThan(4);
    expect(targets.filter((id) => !ids.has(id))).toEqual([]);
    expect(elements.some(({ name }) => name === "noscript")).toBe(true);
  });
});
