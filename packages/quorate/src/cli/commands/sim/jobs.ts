import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Terminal } from "../../terminal.ts";
import { add, describeFailure, type Failure, NOTHING, type Summary } from "./sweep.ts";

/** A line that a job says to the one that began it. */
export type JobLine =
  | { readonly type: "failure"; readonly failure: Failure }
  | { readonly type: "summary"; readonly summary: Summary };

/** Runs the same command so many times side by side, each a share of the seeds; joins what they say. */
export async function inJobs(
  jobs: number,
  args: readonly string[],
  terminal: Terminal,
): Promise<Summary> {
  const shares = Array.from({ length: jobs }, (_, i) => `${i + 1}/${jobs}`);
  const done = await Promise.all(shares.map((shard) => job(shard, args, terminal)));
  return done.reduce(add, NOTHING);
}

function job(shard: string, args: readonly string[], terminal: Terminal): Promise<Summary> {
  const [script = ""] = process.argv.slice(1);
  const command = [...process.execArgv, script, "sim", ...args, "--shard", shard, "--lines"];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"] });
    const stop = (): boolean => child.kill("SIGINT");
    terminal.interrupted.addEventListener("abort", stop, { once: true });
    let summary: Summary | null = null;
    createInterface({ input: child.stdout }).on("line", (line) => {
      const said = JSON.parse(line) as JobLine;
      if (said.type === "failure") terminal.out(describeFailure(said.failure));
      else ({ summary } = said);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      terminal.interrupted.removeEventListener("abort", stop);
      if (summary === null) reject(new Error(`job ${shard} ended with ${code} and no result`));
      else resolve(summary);
    });
  });
}
