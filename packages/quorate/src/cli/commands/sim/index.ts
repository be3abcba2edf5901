import { readFileSync, writeFileSync } from "node:fs";
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
  type RunVerdicts,
  run,
  scenarioOf,
  shrink,
  verdictsOf,
} from "@quorate/sim";
import { type Command, Option } from "commander";
import { CommandFailed, Exit, usage } from "../../exit.ts";
import { described } from "../../session.ts";
import { type Terminal, table } from "../../terminal.ts";
import { inJobs, mutantsInJobs } from "./jobs.ts";
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
} from "./options.ts";
import { describe, describeFailure, type Summary, sweep } from "./sweep.ts";

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
  const asked = [options.seed, options.seeds, options.run, options.shrink, options.mutants];
  if (asked.filter((one) => one !== undefined).length !== 1)
    throw usage("say one of --seed, --seeds, --run, --shrink and --mutants");
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
  const summary =
    jobs > 1
      ? await inJobs(jobs, repeated(options), terminal)
      : await sweep(range, common, patienceOf(options), terminal, {
          failure: (failure, story) => {
            if (options.lines === true) line({ type: "failure", failure });
            else if (options.json !== true) terminal.out(describeFailure(failure));
            if (options.story === true) terminal.err(`${story.join("\n")}\n`);
          },
        });
  if (options.lines === true) return line({ type: "summary", summary });
  conclude(summary, options, terminal);
}

/** The options of a sweep, for the jobs that share it. */
const repeated = (options: SimOptions): readonly string[] =>
  (
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
  });

function conclude(summary: Summary, { json }: SimOptions, terminal: Terminal): void {
  terminal.out(json === true ? `${JSON.stringify(summary)}\n` : describe(summary));
  if (summary.failures.length > 0)
    throw new CommandFailed(
      Exit.failed,
      `${summary.failures.length} of ${summary.runs} runs broke`,
    );
}

function single(code: RunCode, options: SimOptions, terminal: Terminal): void {
  const recorder = new Recorder();
  const plan = planOf(code);
  const report = run(plan, recorder);
  if (recorder.dropped > 0) terminal.err(`${recorder.dropped} events were not kept: too many\n`);
  if (options.trace !== undefined) writeFileSync(options.trace, recorder.toJsonLines());
  if (options.shiviz !== undefined) writeFileSync(options.shiviz, recorder.toShiViz());
  if (options.scenario !== undefined)
    writeFileSync(options.scenario, scenarioOf(plan, encodeRun(code), report.broken));
  if (options.story === true) terminal.err(`${report.story.join("\n")}\n`);
  if (options.against !== undefined) compare(options.against, recorder.events);
  const bites = [...report.bites].map(([type, count]) => `${type} ${count}`).join(", ");
  terminal.out(
    `run ${encodeRun(code)}: ${report.operationsOk} operations, ${report.events} events, trace ${report.traceHash.toString(16)}\n` +
      `faults that bit: ${bites === "" ? "none" : bites}\n`,
  );
  if (options.models === true) terminal.out(modelsTold(verdictsOf(report)));
  if (report.broken.length > 0)
    throw new CommandFailed(Exit.failed, `it broke:\n  ${report.broken.slice(0, 10).join("\n  ")}`);
}

const modelsTold = (verdicts: RunVerdicts): string =>
  table(
    ["MODEL", "VERDICT", "WHY"],
    [...verdicts].map(([model, verdict]) => [
      model,
      verdict.type,
      verdict.type === "held" ? "" : verdict.why,
    ]),
  );

function compare(file: string, found: readonly Recorded[]): void {
  const expected = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Recorded);
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
  if (options.scenario !== undefined)
    writeFileSync(options.scenario, scenarioOf(plan, text, small.report.broken));
  terminal.out(
    `${text}\n${small.report.broken[0]}\n${plan.episodes.length} episodes, ${plan.clients} clients, ` +
      `${plan.operations} operations each, ${plan.millis} ms, after ${small.tried} runs\n`,
  );
}

async function catchMutants(
  options: SimOptions & { readonly lines?: boolean },
  terminal: Terminal,
): Promise<void> {
  const seeds = numberOf("runs", options.runs, SHRINK_RUNS_MAX) ?? MUTANT_SEEDS;
  const rules = options.without === undefined ? RULES : rulesNamed(options.without);
  const jobs = jobsOf(options);
  const share = rangeOf({ ...options, seeds: "1..1" });
  const line = (mutant: Mutant): void =>
    options.lines === true
      ? terminal.out(`${JSON.stringify({ type: "mutant", mutant })}\n`)
      : undefined;
  const args = ["--mutants", "--runs", String(seeds), "--without", rules.join()];
  const done =
    jobs > 1
      ? await mutantsInJobs(jobs, args, terminal)
      : await mutants(rules, seeds, share, terminal, line);
  if (options.lines === true) return;
  terminal.out(options.json === true ? `${JSON.stringify(done)}\n` : mutantTable(rules, done));
  if (!allCaught(rules, done))
    throw new CommandFailed(
      Exit.failed,
      "a rule was switched off and nothing broke, or something broke with all rules on",
    );
}
