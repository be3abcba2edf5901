import { readFileSync, writeFileSync } from "node:fs";
import {
  breaksLike,
  driftOf,
  encodeRun,
  planOf,
  type Recorded,
  Recorder,
  type RunCode,
  run,
  scenarioOf,
  shrink,
} from "@quorate/sim";
import { type Command, Option } from "commander";
import { CommandFailed, Exit, usage } from "../../exit.ts";
import { described } from "../../session.ts";
import type { Terminal } from "../../terminal.ts";
import { inJobs } from "./jobs.ts";
import { mutants } from "./mutants.ts";
import {
  commonOf,
  jobsOf,
  numberOf,
  PROFILES,
  rangeOf,
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
      "switch off one safety rule after the other; count the seeds until each is caught",
    )
    .option("--profile <P>", `what is run: ${Object.keys(PROFILES).join(", ")}`)
    .option("--nodes <N>", "instead of what the seed draws")
    .option("--faults <LIST>", "all, none, families or faults; what may be drawn")
    .option("--clients <C>", "instead of what the seed draws")
    .option("--operations <N>", "of each client")
    .option("--for <TIME>", "simulated time with faults, such as 30s")
    .option("--without <RULES>", "safety rules to switch off: the run should then break")
    .option("--jobs <N>", "processes side by side")
    .option("--shard <I/N>", "only this share of the seeds")
    .option("--runs <N>", "runs that --shrink may take, or seeds for each of --mutants")
    .option("--story", "print what happened in a run that broke")
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

const isSingle = ({ trace, against, shiviz, scenario }: SimOptions): boolean =>
  [trace, against, shiviz, scenario].some((one) => one !== undefined);

async function many(
  options: SimOptions & { readonly lines?: boolean },
  terminal: Terminal,
): Promise<void> {
  const [range, common, jobs] = [rangeOf(options), commonOf(options), jobsOf(options)];
  const line = (value: unknown): void => terminal.out(`${JSON.stringify(value)}\n`);
  const summary =
    jobs > 1
      ? await inJobs(jobs, repeated(options), terminal)
      : await sweep(range, common, terminal, {
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
  if (report.broken.length > 0)
    throw new CommandFailed(Exit.failed, `it broke:\n  ${report.broken.slice(0, 10).join("\n  ")}`);
}

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

async function catchMutants(options: SimOptions, terminal: Terminal): Promise<void> {
  const budget = numberOf("runs", options.runs, SHRINK_RUNS_MAX) ?? MUTANT_SEEDS;
  if (!(await mutants(budget, 1n, terminal)))
    throw new CommandFailed(Exit.failed, "a rule was switched off and nothing broke");
}
