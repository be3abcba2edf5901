import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, type WriteStream } from "node:fs";
import { createInterface } from "node:readline";

/** Lines kept in memory of what a process said last; the file has all. */
const LINES_MAX = 50;

/** A server in a process of its own. What it says goes to a file, and its end is known. */
export class ServerProcess {
  readonly name: string;
  /** Resolves, with how it ended, when it has; never rejects. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #log: WriteStream;
  readonly #lines: string[] = [];
  #end: string | null = null;

  constructor(name: string, command: readonly string[], logFile: string) {
    this.name = name;
    this.#log = createWriteStream(logFile, { flags: "a" });
    const child = spawn(command[0] ?? "", command.slice(1), {
      stdio: ["ignore", "pipe", "pipe"],
      env: environment(),
      // A group of its own: an interrupt at the terminal is ours to deal with, not theirs.
      detached: true,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#hear(line));
    }
    this.ended = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#end ??= how;
        resolve(how);
      };
      child.on("error", (error) => end(error.message));
      child.on("exit", (code, signal) => end(signal ?? `exit ${code}`));
      child.on("close", () => this.#log.end());
    });
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  get isRunning(): boolean {
    return this.#end === null;
  }

  /** The last lines that it said. */
  get said(): readonly string[] {
    return this.#lines;
  }

  signal(signal: NodeJS.Signals): boolean {
    return this.isRunning && this.#child.kill(signal);
  }

  #hear(line: string): void {
    if (this.#lines.push(line) > LINES_MAX) this.#lines.shift();
    if (!this.#log.writableEnded) this.#log.write(`${line}\n`);
  }
}

/** Settings of whoever runs us are not meant for the servers. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(QUORATE|ETCD|NODE_OPTIONS)/.test(name)),
  );
