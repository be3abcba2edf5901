import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Terminal } from "../../terminal.ts";
import type { Mutant } from "./mutants.ts";
import { add, describeFailure, type Failure, NOTHING, type Summary } from "./sweep.ts";

/** A line that a job says to the one that began it. */
export type JobLine =
  | { readonly type: "failure"; readonly failure: Failure }
  | { readonly type: "summary"; readonly summary: Summary }
  | { readonly type: "mutant"; readonly mutant: Mutant };

/** Runs the same command so many times side by side, each a share of the seeds; joins what they say. */
export async function inJobs(
  jobs: number,
  args: readonly string[],
  terminal: Terminal,
): Promise<Summary> {
  const done: Summary[] = [];
  await shared(jobs, args, terminal, (line) => {
    if (line.type === "failure") terminal.out(describeFailure(line.failure));
    if (line.type === "summary") done.push(line.summary);
  });
  if (done.length < jobs) throw new Error(`${jobs - done.length} of ${jobs} jobs gave no result`);
  return done.reduce(add, NOTHING);
}

/** The rules that are switched off are shared instead of the seeds. */
export async function mutantsInJobs(
  jobs: number,
  args: readonly string[],
  terminal: Terminal,
): Promise<readonly Mutant[]> {
  const done: Mutant[] = [];
  await shared(jobs, args, terminal, (line) => {
    if (line.type === "mutant") done.push(line.mutant);
  });
  return done;
}

async function shared(
  jobs: number,
  args: readonly string[],
  terminal: Terminal,
  heard: (line: JobLine) => void,
): Promise<void> {
  const shares = Array.from({ length: jobs }, (_, i) => `${i + 1}/${jobs}`);
  await Promise.all(shares.map((shard) => job(shard, args, terminal, heard)));
}

function job(
  shard: string,
  args: readonly string[],
  terminal: Terminal,
  heard: (line: JobLine) => void,
): Promise<void> {
  const [script = ""] = process.argv.slice(1);
  const command = [...process.execArgv, script, "sim", ...args, "--shard", shard, "--lines"];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"] });
    const stop = (): boolean => child.kill("SIGINT");
    terminal.interrupted.addEventListener("abort", stop, { once: true });
    createInterface({ input: child.stdout }).on("line", (line) =>
      heard(JSON.parse(line) as JobLine),
    );
    child.once("error", reject);
    child.once("close", () => {
      terminal.interrupted.removeEventListener("abort", stop);
      resolve();
    });
  });
}
