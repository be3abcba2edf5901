import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { FAMILIES, type MatrixSetup, PROFILES } from "@quorate/sim";

export interface MatrixOptions {
  readonly setup: MatrixSetup;
  readonly jobs: number;
  /** Where `matrix.md` and `matrix.json` are written. */
  readonly folder: string;
}

const RUNS = 30;
const RUNS_MAX = 1_000_000;
const JOBS_MAX = 64;
const SHRINK_RUNS = 40;
const USAGE = 2;

const HELP = `npm run matrix -- [--runs N] [--probed N] [--first SEED] [--shrink-runs N] [--profiles A,B] [--families A,B] [--jobs N] [--out DIRECTORY]

Runs every profile under every family of faults, N seeds each (${RUNS}), holds each run against every model, probes the
availability of some (a third), cuts down one run for each model that broke, and writes matrix.md and matrix.json (docs).
The same call writes the same bytes, whatever the machine and the number of jobs.
`;

/** Of this process. One that cannot be used, or `--help`, ends it here. */
export function ownOptions(): MatrixOptions {
  try {
    const options = optionsOf(process.argv.slice(2));
    if (options !== null) return options;
    process.stdout.write(HELP);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(USAGE);
  }
}

/** Null for `--help`. Throws an `Error` that says what cannot be used, and why. */
function optionsOf(args: readonly string[]): MatrixOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: "string", default: String(RUNS) },
      probed: { type: "string" },
      first: { type: "string", default: "1" },
      "shrink-runs": { type: "string", default: String(SHRINK_RUNS) },
      profiles: { type: "string" },
      families: { type: "string" },
      jobs: { type: "string", default: String(Math.min(JOBS_MAX, availableParallelism())) },
      out: { type: "string", default: "docs" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return null;
  const runs = numberOf("runs", values.runs, 1, RUNS_MAX);
  const probed = values.probed ?? String(Math.ceil(runs / 3));
  return {
    setup: {
      profiles: namesOf("profiles", values.profiles, PROFILES),
      families: namesOf("families", values.families, FAMILIES),
      firstSeed: numberOf("first", values.first, 0, RUNS_MAX),
      runs,
      probed: numberOf("probed", probed, 0, runs),
      shrinkRuns: numberOf("shrink-runs", values["shrink-runs"], 1, RUNS_MAX),
    },
    jobs: numberOf("jobs", values.jobs, 1, JOBS_MAX),
    folder: values.out,
  };
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (value < least || value > most)
    throw new RangeError(`--${name} ${text}: it wants a whole number from ${least} to ${most}`);
  return value;
}

/** In the order in which they are registered; all where nobody said. */
function namesOf(
  name: string,
  text: string | undefined,
  known: readonly { readonly name: string }[],
): readonly string[] {
  const names = known.map((one) => one.name);
  const wanted = text?.split(",") ?? names;
  const unknown = wanted.find((one) => !names.includes(one));
  if (unknown !== undefined)
    throw new RangeError(`--${name} ${unknown}: there are ${names.join(", ")}`);
  return names.filter((one) => wanted.includes(one));
}
