import { randomInt } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { Cleanup } from "./cleanup.ts";
import {
  BadUsage,
  CannotRun,
  type Options,
  parseOptions,
  resultOf,
  run,
  USAGE,
  writeReport,
} from "./run/index.ts";

/** Where lines go: `out` is the result, `err` everything on the way to it. */
export interface Io {
  out(line: string): void;
  err(line: string): void;
}

const EXIT = { held: 0, broken: 1, usage: 2, notRun: 3, unknown: 3 } as const;
/** Seeds that are drawn are short enough to be read out. */
const SEEDS = 1_000_000;

/** `quorate torture`: resolves with the exit code. What it started is gone by then, also after an interrupt. */
export async function tortureCommand(args: readonly string[], io: Io): Promise<number> {
  if (args.includes("-h") || args.includes("--help")) {
    io.out(USAGE);
    return EXIT.held;
  }
  try {
    return await torture(parseOptions(args, randomInt(SEEDS)), io);
  } catch (error) {
    if (!(error instanceof BadUsage)) throw error;
    io.err(`${error.message}\n\n${USAGE}`);
    return EXIT.usage;
  }
}

async function torture(options: Options, io: Io): Promise<number> {
  prepare(options);
  const interrupted = new AbortController();
  const cleanup = new Cleanup();
  const interrupt = (): void => {
    if (interrupted.signal.aborted) cleanup.run();
    interrupted.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
  try {
    io.err(`seed ${options.seed}, report in ${options.report}`);
    const began = performance.now();
    const tell = (line: string): void =>
      io.err(`[${((performance.now() - began) / 1000).toFixed(1)}] ${line}`);
    const outcome = await run(options, tell, interrupted.signal, cleanup);
    io.out(writeReport(options, outcome));
    return EXIT[resultOf(outcome)];
  } catch (error) {
    io.err(error instanceof CannotRun ? error.message : `it could not be run: ${described(error)}`);
    return EXIT.notRun;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
    for (const left of cleanup.run()) io.err(`left behind: ${left}`);
  }
}

/** What would else be found out only by a cluster that does not come up. */
function prepare({ server, report }: Options): void {
  if (server !== null && !existsSync(server))
    throw new BadUsage(`--server ${server} is not there: it must be the file of a quorate command`);
  try {
    mkdirSync(report, { recursive: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BadUsage(`--report cannot be written: ${why}`);
  }
}

const described = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
