import {
  breaksLike,
  driftOf,
  encodeRun,
  PROFILES,
  planOf,
  type Recorded,
  Recorder,
  RULES,
  type RunCode,
  type RunReport,
  type RunVerdicts,
  run,
  scenarioOf,
  shrink,
  verdictsOf,
} from "@quorate/sim";
import { type Command, Option } from "commander";
import { CommandFailed, Exit } from "../../exit.ts";
import { described } from "../../session.ts";
import { type Terminal, table } from "../../terminal.ts";
import { recordedIn, writeFor } from "./files.ts";
import { inJobs, mutantsInJobs } from "./jobs.ts";
import { modeOf } from "./modes.ts";
import { allCaught, type Mutant, mutants, mutantTable } from "./mutants.ts";
import {
  commonOf,
  jobsOf,
  numberOf,
  patienceOf,
  rangeOf,
  rulesNamed,
  runOf,
  type SimOptions,
  sharesOf,
} from "./options.ts";
import { describe, describeFailure, type Failure, type Summary, sweep } from "./sweep.ts";

/** Runs that cutting down a failure may take. */
const SHRINK_RUNS = 200;
const SHRINK_RUNS_MAX = 100_000;
/** Seeds after which a rule that was switched off counts as not caught. */
const MUTANT_SEEDS = 300;

export function simCommand(terminal: Terminal): Command {
  return described(
    "sim",
    "run clusters in the seeded simulator, under faults, and check what they promised",
    [
      "sim --seeds 1..500 --jobs 2",
      "sim --seed 42 --faults network,crash --story",
      "sim --shrink 42.for=20000 --scenario found.test.ts",
      "sim --run 42.-e3-7.c1 --shiviz run.log",
    ],
  )
    .option("--seed <S>", "one run")
    .option("--seeds <A..B>", "all runs of these seeds, both included")
    .option("--run <RUN>", "one run as a sweep printed it: its seed, options and decisions")
    .option("--shrink <RUN>", "cut a failing run down by its decisions")
    .option(
      "--mutants",
      "switch off one rule after the other, or those of --without; count the seeds until each is caught",
    )
    .option("--profile <P>", `what is run: ${PROFILES.map(({ name }) => name).join(", ")}`)
    .option("--nodes <N>", "instead of what the seed draws")
    .option("--faults <LIST>", "all, none, families or faults; what may be drawn")
    .option("--clients <C>", "instead of what the seed draws")
    .option("--operations <N>", "of each client")
    .option("--for <TIME>", "simulated time with faults, such as 30s")
    .option("--without <RULES>", "safety rules to switch off: the run should then break")
    .option("--jobs <N>", "processes side by side")
    .option("--shard <I/N>", "only this share of the seeds")
    .option("--minutes <M>", "begin no further run after so long, whatever seeds are left")
    .option("--runs <N>", "runs that --shrink may take, or seeds for each of --mutants")
    .option("--story", "print what happened in a run that broke")
    .option("--models", "hold the run against every model, promised or not, as the matrix does")
    .option("--trace <FILE>", "write every event of the run as JSON lines")
    .option(
      "--against <FILE>",
      "compare the run with such a file, and say at which event it drifts",
    )
    .option("--shiviz <FILE>", "write the run for ShiViz")
    .option("--scenario <FILE>", "write the run as a test to keep")
    .option("--json", "print the summary as JSON")
    .addOption(new Option("--lines").hideHelp())
    .action((options: SimOptions & { readonly lines?: boolean }) => perform(options, terminal));
}

async function perform(
  options: SimOptions & { readonly lines?: boolean },
  terminal: Terminal,
): Promise<void> {
  modeOf(options);
  if (options.mutants === true) return catchMutants(options, terminal);
  if (options.shrink !== undefined) return cutDown(runOf(options.shrink), options, terminal);
  if (options.run !== undefined) return single(runOf(options.run), options, terminal);
  if (options.seed !== undefined && isSingle(options))
    return single({ seed: rangeOf(options).first, ...commonOf(options) }, options, terminal);
  return many(options, terminal);
}

const isSingle = ({ models, trace, against, shiviz, scenario }: SimOptions): boolean =>
  [models, trace, against, shiviz, scenario].some((one) => one !== undefined);

async function many(
  options: SimOptions & { readonly lines?: boolean },
  terminal: Terminal,
): Promise<void> {
  const [range, common, jobs] = [rangeOf(options), commonOf(options), jobsOf(options)];
  const line = (value: unknown): void => terminal.out(`${JSON.stringify(value)}\n`);
  const patience = patienceOf(options);
  const told = (failure: Failure): void => {
    if (options.lines === true) line({ type: "failure", failure });
    else if (options.json !== true) terminal.out(describeFailure(failure));
  };
  const summary =
    jobs > 1
      ? await inJobs(sharesOf(range, jobs), repeated(options), terminal, told)
      : await sweep(range, common, patience, terminal, {
          failure: (failure, story) => {
            told(failure);
            if (options.story === true) terminal.err(`${story.join("\n")}\n`);
          },
        });
  if (options.lines === true) return line({ type: "summary", summary });
  conclude(summary, options, terminal);
}

/** The options of a sweep, for the jobs that share it. */
const repeated = (options: SimOptions): readonly string[] => [
  ...(options.story === true ? ["--story"] : []),
  ...(
    [
      "seed",
      "seeds",
      "profile",
      "nodes",
      "faults",
      "clients",
      "operations",
      "for",
      "without",
      "minutes",
    ] as const
  ).flatMap((name) => {
    const value = options[name];
    return value === undefined ? [] : [`--${name}`, value];
  }),
];

function conclude(summary: Summary, { json }: SimOptions, terminal: Terminal): void {
  terminal.out(json === true ? `${JSON.stringify(summary)}\n` : describe(summary));
  if (summary.failures.length > 0)
    throw new CommandFailed(
      Exit.failed,
      `${summary.failures.length} of ${summary.runs} runs broke`,
    );
  refuseInterrupted(terminal);
}

/** What nobody waited for is not shown to hold. */
function refuseInterrupted({ interrupted }: Terminal): void {
  if (interrupted.aborted)
    throw new CommandFailed(Exit.failed, "interrupted before all was run that was asked for");
}

function single(code: RunCode, options: SimOptions, terminal: Terminal): void {
  const expected = options.against === undefined ? null : recordedIn(options.against);
  const recorder = new Recorder();
  const plan = planOf(code);
  const report = run(plan, recorder);
  if (recorder.dropped > 0) terminal.err(`${recorder.dropped} events were not kept: too many\n`);
  if (options.story === true) terminal.err(`${report.story.join("\n")}\n`);
  const verdicts = options.models === true ? verdictsOf(report) : null;
  terminal.out(
    options.json === true
      ? `${JSON.stringify(recordOf(code, report, verdicts))}\n`
      : runTold(code, report) + (verdicts === null ? "" : modelsTold(verdicts)),
  );
  if (options.trace !== undefined) writeFor("trace", options.trace, recorder.toJsonLines());
  if (options.shiviz !== undefined) writeFor("shiviz", options.shiviz, recorder.toShiViz());
  if (options.scenario !== undefined)
    writeFor("scenario", options.scenario, scenarioOf(plan, encodeRun(code), report.broken));
  if (expected !== null) compare(options.against ?? "", expected, recorder.events);
  if (report.broken.length > 0)
    throw new CommandFailed(Exit.failed, `it broke:\n  ${report.broken.slice(0, 10).join("\n  ")}`);
}

function runTold(code: RunCode, report: RunReport): string {
  const bites = [...report.bites].map(([type, count]) => `${type} ${count}`).join(", ");
  return (
    `run ${encodeRun(code)}: ${report.operationsOk} operations, ${report.events} events, trace ${report.traceHash.toString(16)}\n` +
    `faults that bit: ${bites === "" ? "none" : bites}\n`
  );
}

const recordOf = (code: RunCode, report: RunReport, verdicts: RunVerdicts | null): object => ({
  run: encodeRun(code),
  operations: report.operationsOk,
  events: report.events,
  trace: report.traceHash.toString(16),
  bites: Object.fromEntries(report.bites),
  broken: report.broken,
  ...(verdicts !== null && { models: Object.fromEntries(verdicts) }),
});

const modelsTold = (verdicts: RunVerdicts): string =>
  table(
    ["MODEL", "VERDICT", "WHY"],
    [...verdicts].map(([model, verdict]) => [
      model,
      verdict.type,
      verdict.type === "held" ? "" : verdict.why,
    ]),
  );

function compare(file: string, expected: readonly Recorded[], found: readonly Recorded[]): void {
  const drift = driftOf(expected, found);
  if (drift !== null)
    throw new CommandFailed(
      Exit.failed,
      `the run drifts from ${file} at event ${drift.at}: there ${drift.expected}, here ${drift.found}`,
    );
}

function cutDown(code: RunCode, options: SimOptions, terminal: Terminal): void {
  const runs = numberOf("runs", options.runs, SHRINK_RUNS_MAX) ?? SHRINK_RUNS;
  const first = run(planOf(code));
  const small =
    first.broken.length === 0
      ? null
      : shrink(code, breaksLike(first), runs, (text) => terminal.err(`${text}\n`));
  if (small === null) throw new CommandFailed(Exit.failed, `${encodeRun(code)} does not break`);
  const text = encodeRun(small.run);
  const plan = planOf(small.run);
  terminal.out(
    `${text}\n${small.report.broken[0]}\n${plan.episodes.length} episodes, ${plan.clients} clients, ` +
      `${plan.operations} operations each, ${plan.millis} ms, after ${small.tried} runs\n`,
  );
  if (options.scenario !== undefined)
    writeFor("scenario", options.scenario, scenarioOf(plan, text, small.report.broken));
}

async function catchMutants(
  options: SimOptions & { readonly lines?: boolean },
  terminal: Terminal,
): Promise<void> {
  const seeds = numberOf("runs", options.runs, SHRINK_RUNS_MAX) ?? MUTANT_SEEDS;
  const { part, of } = rangeOf({ ...options, seeds: "1..1" });
  const named = options.without === undefined ? RULES : rulesNamed(options.without);
  const rules = named.filter((_, at) => at % of === part - 1);
  const jobs = jobsOf(options);
  const line = (mutant: Mutant): void =>
    options.lines === true
      ? terminal.out(`${JSON.stringify({ type: "mutant", mutant })}\n`)
      : undefined;
  const args = ["--mutants", "--runs", String(seeds), "--without", rules.join()];
  const done =
    jobs > 1
      ? await mutantsInJobs(jobs, args, terminal)
      : await mutants(rules, seeds, terminal, line);
  if (options.lines === true) return;
  terminal.out(options.json === true ? `${JSON.stringify(done)}\n` : mutantTable(rules, done));
  refuseInterrupted(terminal);
  if (!allCaught(rules, done))
    throw new CommandFailed(
      Exit.failed,
      "a rule was switched off and nothing broke, or something broke with all rules on",
    );
}
