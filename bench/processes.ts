import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** A server process under measurement. */
export interface Measured {
  readonly process: ChildProcess;
  readonly pid: number;
}

/** Starts a process and waits for a line that matches; fails with what it said if it ends before. */
export async function startUntil(
  command: string,
  args: readonly string[],
  sign: RegExp,
  waitMillis: number,
): Promise<Measured> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  const said: string[] = [];
  const seen = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${command}: no ${sign} in ${waitMillis} ms`)),
      waitMillis,
    );
    const look = (line: string): void => {
      if (said.length < 50) said.push(line);
      if (!sign.test(line)) return;
      clearTimeout(timer);
      resolve();
    };
    createInterface({ input: child.stdout }).on("line", look);
    createInterface({ input: child.stderr }).on("line", look);
    child.once("exit", (code) =>
      reject(new Error(`${command} ended (${code}): ${said.join("\n")}`)),
    );
  });
  await seen;
  return { process: child, pid: child.pid ?? 0 };
}

/** Says a line to a process and waits for the line with which it answers. */
export async function ask(
  { process: child }: Measured,
  line: string,
  answer: RegExp,
): Promise<void> {
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("this process has no pipes");
  const lines = createInterface({ input: stdout });
  stdin.write(`${line}\n`);
  for await (const said of lines) if (answer.test(said)) return;
}

export async function stop(measured: Measured, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (measured.process.exitCode !== null || measured.process.signalCode !== null) return;
  measured.process.kill(signal);
  await once(measured.process, "exit");
}

/** CPU that a process has used so far, in microseconds; clock ticks of 10 ms are what the kernel tells. */
export function cpuMicros({ pid }: Measured): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** Resident memory in MiB. */
export function residentMiB({ pid }: Measured): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? 0) / 1024;
}

/** Runs a command to its end; its output. */
export async function run(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${output}`);
  return output;
}
