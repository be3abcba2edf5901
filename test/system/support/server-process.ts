import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { within } from "./deadline.ts";

/** Lines kept of what a process said; older ones are forgotten. */
const LINES_MAX = 400;

/** A server in a process of its own: what it says is kept, so that a test that fails can show it. */
export class ServerProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #exited: Promise<void>;
  readonly #waiting = new Set<{ readonly sign: RegExp; readonly seen: () => void }>();

  constructor(name: string, command: string, args: readonly string[]) {
    this.name = name;
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#exited = once(child, "exit").then(() => undefined);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#hear(line));
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get said(): string {
    return this.#lines.join("\n");
  }

  /** Resolves with the line, at once if it was said before; rejects if the process ends or the time does. */
  async line(sign: RegExp, millis: number): Promise<void> {
    if (this.#lines.some((line) => sign.test(line))) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { sign, seen: resolve };
    this.#waiting.add(waiting);
    const { code, signal } = { code: this.#child.exitCode, signal: this.#child.signalCode };
    if (!this.isRunning) reject(new Error(`${this.name} has ended (${code ?? signal})`));
    void this.#exited.then(() => reject(new Error(`${this.name} ended`)));
    try {
      await within(millis, `${this.name} says ${sign}`, promise);
    } catch (error) {
      throw new Error(`${String(error)}\n${this.said}`, { cause: error });
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends the signal and waits for the end. A process that stands still is killed all the same. */
  async end(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (!this.isRunning) return;
    this.#child.kill(signal);
    await within(20_000, `${this.name} ends by ${signal}`, this.#exited);
  }

  #hear(line: string): void {
    if (this.#lines.push(line) > LINES_MAX) this.#lines.shift();
    for (const { sign, seen } of this.#waiting) if (sign.test(line)) seen();
  }
}
