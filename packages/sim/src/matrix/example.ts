import type { Model } from "../run/model.ts";
import { type RunReport, run } from "../run/run.ts";
import { encodeRun, planOf, type RunCode } from "../run/run-code.ts";
import { type Oracle, shrink } from "../run/shrink.ts";
import { verdictOf } from "./verdicts.ts";

/** A small run that breaks a model. */
export interface Example {
  readonly model: Model;
  /** As `quorate sim --run` takes it. */
  readonly run: string;
  readonly why: string;
  readonly faults: number;
  readonly operations: number;
}

/** Clients begin within this time of each other. */
const BEGINNING_MILLIS = 300;

interface Broken {
  readonly code: RunCode;
  readonly report: RunReport;
}

/**
 * Cuts down runs that break these models, the weakest first: what breaks it often breaks the stronger ones, and is small
 * already. Where it does not, each begins with the run that was found for it.
 */
export function examplesOf(
  broken: ReadonlyMap<Model, RunCode>,
  runsMax: number,
): readonly Example[] {
  const examples: Example[] = [];
  let known: readonly Broken[] = [];
  const runs = new Runs();
  for (const [model, found] of [...broken].reverse()) {
    const oracle: Oracle = (code) => {
      const report = runs.of(code);
      return verdictOf(report, model)?.type === "broken" ? report : null;
    };
    const smaller = known.find(({ report }) => verdictOf(report, model)?.type === "broken");
    const small = shrink(smaller?.code ?? cutShort(found, model, oracle), oracle, runsMax);
    const verdict = small === null ? null : verdictOf(small.report, model);
    if (small === null || verdict?.type !== "broken") continue;
    known = [{ code: small.run, report: small.report }, ...known];
    examples.push({
      model,
      run: encodeRun(small.run),
      why: verdict.why,
      faults: small.report.plan.episodes.length,
      operations: small.report.history.length,
    });
  }
  return examples.reverse();
}

/** Runs that were made, without their stories: searches for several models try much the same. */
class Runs {
  readonly #known = new Map<string, RunReport>();

  of(code: RunCode): RunReport {
    const text = encodeRun(code);
    const report = this.#known.get(text) ?? { ...run(planOf(code)), story: [] };
    this.#known.set(text, report);
    return report;
  }
}

/** Without what happens after the history shows it, which spares the search most of its way. */
function cutShort(code: RunCode, model: Model, oracle: Oracle): RunCode {
  const report = oracle(code);
  const verdict = report === null ? null : verdictOf(report, model);
  if (report === null || verdict?.type !== "broken" || verdict.afterMillis === null) return code;
  const millis = Math.min(report.plan.millis, verdict.afterMillis + BEGINNING_MILLIS);
  const late = report.plan.episodes.flatMap(({ at }, i) => (at >= millis ? [i] : []));
  const short = { ...code, cuts: { ...code.cuts, millis, episodes: late } };
  return oracle(short) === null ? code : short;
}
