import { encodeRun, planOf, type RunCode, run } from "@quorate/sim";
import type { Terminal } from "../../terminal.ts";
import type { Range } from "./options.ts";

/** Every how many seeds a line says how far it is. */
const PROGRESS_SEEDS = 20;
/** Events of the story that are printed for a run that broke. */
const STORY_LINES = 60;
/** Seeds run between two looks at whether somebody wants this to end. */
const YIELD_SEEDS = 1;

export interface Failure {
  readonly run: string;
  readonly broken: readonly string[];
}

/** What came of many runs. */
export interface Summary {
  readonly runs: number;
  readonly operations: number;
  readonly simulatedSeconds: number;
  readonly seconds: number;
  readonly failures: readonly Failure[];
  /** How often each fault took effect. */
  readonly bites: Readonly<Record<string, number>>;
}

export const NOTHING: Summary = {
  runs: 0,
  operations: 0,
  simulatedSeconds: 0,
  seconds: 0,
  failures: [],
  bites: {},
};

export function add(one: Summary, other: Summary): Summary {
  const bites: Record<string, number> = { ...one.bites };
  for (const [type, count] of Object.entries(other.bites)) bites[type] = (bites[type] ?? 0) + count;
  return {
    runs: one.runs + other.runs,
    operations: one.operations + other.operations,
    simulatedSeconds: one.simulatedSeconds + other.simulatedSeconds,
    seconds: Math.max(one.seconds, other.seconds),
    failures: [...one.failures, ...other.failures],
    bites,
  };
}

/** Runs the seeds of a range one after the other, as long as nobody interrupts and `patience` milliseconds last. */
export async function sweep(
  range: Range,
  common: Omit<RunCode, "seed">,
  patience: number,
  terminal: Terminal,
  told: { readonly failure: (failure: Failure, story: readonly string[]) => void },
): Promise<Summary> {
  const since = performance.now();
  let summary = NOTHING;
  const step = BigInt(range.of);
  for (let seed = range.first + BigInt(range.part - 1); seed <= range.last; seed += step) {
    if (terminal.interrupted.aborted || performance.now() - since > patience) break;
    const code = { seed, ...common };
    const report = run(planOf(code));
    const failures =
      report.broken.length === 0 ? [] : [{ run: encodeRun(code), broken: report.broken }];
    summary = add(summary, {
      runs: 1,
      operations: report.operationsOk,
      simulatedSeconds: report.simulatedMillis / 1000,
      seconds: (performance.now() - since) / 1000,
      failures,
      bites: Object.fromEntries(report.bites),
    });
    for (const failure of failures) told.failure(failure, report.story.slice(-STORY_LINES));
    if (summary.runs % PROGRESS_SEEDS === 0)
      terminal.err(`${summary.runs} runs, ${summary.failures.length} broke\n`);
    if (summary.runs % YIELD_SEEDS === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return summary;
}

export function describe({
  runs,
  operations,
  simulatedSeconds,
  seconds,
  failures,
}: Summary): string {
  const rate = runs / Math.max(0.001, seconds);
  return (
    `${runs} runs, ${operations} operations, ${Math.floor(simulatedSeconds)} s simulated in ${seconds.toFixed(1)} s ` +
    `(${rate.toFixed(1)} a second): ${failures.length} broke\n`
  );
}

export function describeFailure({ run: code, broken }: Failure): string {
  const lines = broken.slice(0, 5).map((finding) => `  ${finding}\n`);
  return `${lines.join("")}  quorate sim --run ${code} --story\n  quorate sim --shrink ${code}\n`;
}
