import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { CommandFailed, Exit } from "../../exit.ts";
import type { Terminal } from "../../terminal.ts";
import type { Mutant } from "./mutants.ts";
import { add, type Failure, NOTHING, type Summary } from "./sweep.ts";

/** A line that a job says to the one that began it. */
export type JobLine =
  | { readonly type: "failure"; readonly failure: Failure }
  | { readonly type: "summary"; readonly summary: Summary }
  | { readonly type: "mutant"; readonly mutant: Mutant };

/** Runs the same command side by side, each time a share of the seeds; joins what they say. */
export async function inJobs(
  shares: readonly string[],
  args: readonly string[],
  terminal: Terminal,
  told: (failure: Failure) => void,
): Promise<Summary> {
  const done: Summary[] = [];
  await shared(shares, args, terminal, (line) => {
    if (line.type === "failure") told(line.failure);
    if (line.type === "summary") done.push(line.summary);
  });
  // A job that was killed, by whoever was short of memory, leaves its share unchecked.
  if (done.length < shares.length)
    throw new CommandFailed(
      Exit.failed,
      `${shares.length - done.length} of ${shares.length} jobs ended without a result`,
    );
  return done.reduce(add, NOTHING);
}

/** The rules that are switched off are shared instead of the seeds. */
export async function mutantsInJobs(
  jobs: number,
  args: readonly string[],
  terminal: Terminal,
): Promise<readonly Mutant[]> {
  const done: Mutant[] = [];
  const shares = Array.from({ length: jobs }, (_, i) => `${i + 1}/${jobs}`);
  await shared(shares, args, terminal, (line) => {
    if (line.type === "mutant") done.push(line.mutant);
  });
  return done;
}

async function shared(
  shares: readonly string[],
  args: readonly string[],
  terminal: Terminal,
  heard: (line: JobLine) => void,
): Promise<void> {
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
