import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { atTheEnd } from "../leftovers.ts";

/** A server process under measurement. */
export interface Measured {
  readonly process: ChildProcess;
  readonly pid: number;
}

/** Lines kept for the report of a process that ends before it serves. */
const SAID_MAX = 50;
const ANSWER_MILLIS_MAX = 60_000;
/** How long a process may take to stop in good order. */
const STOP_MILLIS_MAX = 20_000;

/** Starts a process and waits for a line that matches; fails with what it said if it ends before. */
export async function startUntil(
  [command = "", ...args]: readonly string[],
  sign: RegExp,
  waitMillis: number,
): Promise<Measured> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  const forget = atTheEnd(() => child.kill("SIGKILL"));
  child.once("exit", forget);
  const said: string[] = [];
  const seen = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${command}: no ${sign} in ${waitMillis} ms`)),
      waitMillis,
    );
    const look = (line: string): void => {
      if (said.length < SAID_MAX) said.push(line);
      if (!sign.test(line)) return;
      clearTimeout(timer);
      resolve();
    };
    createInterface({ input: child.stdout }).on("line", look);
    createInterface({ input: child.stderr }).on("line", look);
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`${command} ended (${code}): ${said.join("\n")}`));
    });
  });
  await seen.catch((error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  return { process: child, pid: child.pid ?? 0 };
}

/** Says a line to a process and waits for the line with which it answers. */
export async function ask(
  { process: child }: Measured,
  line: string,
  answer: RegExp,
): Promise<string> {
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("this process has no pipes");
  const lines = createInterface({
    input: stdout,
    signal: AbortSignal.timeout(ANSWER_MILLIS_MAX),
  });
  try {
    stdin.write(`${line}\n`);
    for await (const said of lines) if (answer.test(said)) return said;
  } finally {
    lines.close();
    // Closing the interface pauses the pipe; others listen to it still.
    stdout.resume();
  }
  throw new Error(`no answer to ${line} in ${ANSWER_MILLIS_MAX} ms, or before the process ended`);
}

export async function stop(measured: Measured, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (measured.process.exitCode !== null || measured.process.signalCode !== null) return;
  measured.process.kill(signal);
  const timer = setTimeout(() => measured.process.kill("SIGKILL"), STOP_MILLIS_MAX);
  await once(measured.process, "exit");
  clearTimeout(timer);
}

/** CPU that a process has used so far, in microseconds; clock ticks of 10 ms are what the kernel tells. */
export const cpuMicros = ({ pid }: Measured): number => ticksIn(`/proc/${pid}/stat`);

/** CPU by the names of its threads: Node calls them MainThread, which runs JavaScript, V8Worker, libuv-worker and others. */
export function cpuMicrosByThread({ pid }: Measured): ReadonlyMap<string, number> {
  const micros = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`;
    const name = readFileSync(`${folder}/comm`, "utf8").trim();
    micros.set(name, (micros.get(name) ?? 0) + ticksIn(`${folder}/stat`));
  }
  return micros;
}

function ticksIn(file: string): number {
  const fields = readFileSync(file, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** Resident memory in MiB. */
export function residentMiB({ pid }: Measured): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? 0) / 1024;
}

/** Runs a command to its end, which comes within `waitMillis` or is made; its output. */
export async function run(
  command: string,
  args: readonly string[],
  waitMillis: number,
): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], timeout: waitMillis });
  child.once(
    "exit",
    atTheEnd(() => child.kill("SIGKILL")),
  );
  let output = "";
  const hear = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${output}`);
  return output;
}
