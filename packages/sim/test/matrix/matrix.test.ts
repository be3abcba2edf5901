import {
  decodeRun,
  jsonOf,
  type Matrix,
  type MatrixSetup,
  measure,
  pageOf,
  perform,
  planOf,
  type Result,
  run,
  type Task,
  verdictsOf,
} from "@quorate/sim";
import { describe, expect, it } from "vitest";

const SETUP: MatrixSetup = {
  profiles: ["etcd", "etcd-local-reads"],
  families: ["network"],
  firstSeed: 2,
  runs: 2,
  probed: 1,
  shrinkRuns: 3,
};

/** Measures with these results, in whatever order they are handed in. */
function measured(setup: MatrixSetup, results: (tasks: readonly Task[]) => Result[]): Matrix {
  const steps = measure(setup);
  let step = steps.next([]);
  while (step.done !== true) step = steps.next(results(step.value));
  return step.value;
}

/** Each task is done once; as another thread would hand its result over. */
const done = new Map<string, Result>();
const inOrder = (tasks: readonly Task[]): Result[] =>
  tasks.map((task) => {
    const known = done.get(JSON.stringify(task)) ?? structuredClone(perform(task));
    done.set(JSON.stringify(task), known);
    return known;
  });

describe("G5, G7: a small matrix, measured", () => {
  const matrix = measured(SETUP, inOrder);
  const cellOf = (profile: string, model: string) =>
    matrix.cells.find((cell) => cell.profile === profile && cell.model === model);

  it("keeps every promise, and says so with the number of runs and their bound", () => {
    expect(matrix.problems).toEqual([]);
    expect(cellOf("etcd", "linearizable")).toMatchObject({
      promised: true,
      verdict: "held",
      held: 2,
      broken: 0,
      atMostPerMille: 1000,
      example: null,
    });
    expect(matrix.columns.every(({ bites }) => Object.values(bites).some((n) => n > 0))).toBe(true);
  });

  it("shows that local reads are not linearizable, with a run that is small and does so when it is repeated", () => {
    const cell = cellOf("etcd-local-reads", "linearizable");
    expect(cell).toMatchObject({ promised: false, verdict: "broken", atMostPerMille: null });
    const code = decodeRun(cell?.example?.run ?? "");
    if (code === null) return expect.unreachable();
    const report = run(planOf(code));
    expect(report.broken).toEqual([]);
    expect(verdictsOf(report).get("linearizable")).toMatchObject({
      type: "broken",
      why: cell?.example?.why,
    });
    expect(planOf(code).episodes.length).toBeLessThan(
      planOf({ ...code, cuts: { ...code.cuts, episodes: [] } }).episodes.length,
    );
  });

  it("is the same page and the same JSON, byte for byte, in whatever order the work was done", () => {
    const reversed = measured(SETUP, (tasks) => inOrder(tasks).reverse());
    expect(pageOf(reversed)).toBe(pageOf(matrix));
    expect(jsonOf(reversed)).toBe(jsonOf(matrix));
    expect(JSON.parse(jsonOf(matrix))).toMatchObject({ format: "quorate-matrix", setup: SETUP });
  });

  it("comes of tasks that give the same result when they are done again", () => {
    const some = [...done].filter(([text]) => text.includes('"seed":2')).slice(0, 2);
    for (const [text, result] of some) expect(perform(JSON.parse(text) as Task)).toEqual(result);
    expect(some.length).toBe(2);
  });

  it("has a page with a row for each model that was judged, the lines to repeat, and what was available", () => {
    const page = pageOf(matrix);
    expect(page).toContain("| linearizable | held 2 (≤ 100 %) |");
    expect(page).toMatch(/\| \*linearizable\* \| \*\*broken [12]\/2\*\* \|/);
    expect(page).toContain(
      `\`npx quorate sim --models --run ${cellOf("etcd-local-reads", "linearizable")?.example?.run}\``,
    );
    expect(page).toMatch(/\| reads answered in a minority \| \d/);
    expect(page).toContain("--families network");
  });
});

describe("what must not be is a problem", () => {
  const only: MatrixSetup = { ...SETUP, profiles: ["etcd"], runs: 1, probed: 0 };
  const withVerdict = (model: string, type: "held" | "broken"): Matrix =>
    measured(only, (tasks) =>
      inOrder(tasks.filter((task) => task.type !== "examples")).map((result) =>
        result.type === "run"
          ? {
              ...result,
              verdicts: {
                ...result.verdicts,
                [model]: type === "held" ? { type } : { type, why: "w", afterMillis: null },
              },
            }
          : result,
      ),
    );

  it("a promise that broke", () => {
    expect(withVerdict("watch", "held").problems).toEqual([]);
    expect(withVerdict("watch", "broken").problems).toEqual([
      "etcd promises watch, and under network faults it broke in 1 of 1 runs",
    ]);
  });

  it("a model that held though one that follows from it broke, by run and by cell", () => {
    const { problems } = withVerdict("monotonic-reads", "broken");
    const told = "linearizable held in 1 runs, and monotonic-reads, which follows, in 0";
    expect(problems.filter((problem) => problem.endsWith(told))).toHaveLength(2);
  });
});
