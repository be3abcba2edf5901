import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import readline from "node:readline";

/** How a node ended: by itself, or by a signal. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const COMMAND = join(import.meta.dirname, "../../packages/quorate/bin/quorate.cjs");
const LAST_LINES = 8;

/** One node as a process of its own; all it says goes to its log file. */
export class LocalNode {
  readonly name: string;
  readonly logFile: string;
  /** Resolves with the line that says that writes are served. */
  readonly ready: Promise<void>;
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;

  constructor(name: string, logFile: string, args: readonly string[]) {
    this.name = name;
    this.logFile = logFile;
    const log = openSync(logFile, "a");
    // A process group of its own, or Ctrl-C would reach it beside us and count twice. The channel tells it if we die.
    this.#child = spawn(process.execPath, [COMMAND, "start", "--name", name, ...args], {
      stdio: ["ignore", "pipe", log, "ipc"],
      detached: true,
    });
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("the child has no stdout");
    const lines = readline.createInterface({ input: stdout });
    this.ready = new Promise((resolve) => {
      lines.on("line", (line) => {
        writeSync(log, `${line}\n`);
        if (line === "cluster ready") resolve();
      });
    });
    this.ended = new Promise((resolve) => {
      this.#child.on("error", () => resolve({ code: 1, signal: null }));
      this.#child.on("close", (code, signal) => {
        closeSync(log);
        resolve({ code, signal });
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  stop(signal: "SIGTERM" | "SIGKILL"): void {
    this.#child.kill(signal);
  }

  /** What it said last, for whoever wants to know why it died. */
  lastLines(): string {
    const lines = readFileSync(this.logFile, "utf8").trimEnd().split("\n").slice(-LAST_LINES);
    return lines.map((line) => `  ${line}\n`).join("");
  }
}
