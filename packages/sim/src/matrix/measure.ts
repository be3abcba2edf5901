import { examplesWanted, type Matrix, type MatrixSetup, matrixOf, tasksOf } from "./matrix.ts";
import type { ExamplesResult, ProbeResult, Result, RunResult, Task } from "./task.ts";

/**
 * Measures a matrix. It yields tasks that do not depend on each other and wants their results, in any order; whoever drives
 * it does them one by one, or in as many processes as there are cores.
 */
export function* measure(
  setup: MatrixSetup,
): Generator<readonly Task[], Matrix, readonly Result[]> {
  const measured = yield tasksOf(setup);
  const runs = measured.filter((result): result is RunResult => result.type === "run");
  const probes = measured.filter((result): result is ProbeResult => result.type === "probe");
  const wanted = examplesWanted(setup, runs);
  const cut = wanted.length === 0 ? [] : yield wanted;
  const examples = cut.filter((result): result is ExamplesResult => result.type === "examples");
  return matrixOf(setup, bySeed(runs), bySeed(probes), examples);
}

const bySeed = <T extends { readonly seed: number }>(results: readonly T[]): readonly T[] =>
  [...results].sort((a, b) => a.seed - b.seed);
