import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";

const ROOT = join(import.meta.dirname, "../../..");
const QUORATE = join(ROOT, "packages/quorate/bin/quorate.cjs");
const LAUNCHER = join(ROOT, "scripts/start.ts");

/** Every wait ends by then; a healthy cluster needs a second or two. */
const DEADLINE_MILLIS = 40_000;

export interface Finished {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

/** A process of ours with its lines. */
export class Running {
  readonly #child: ChildProcess;
  readonly #what: string;
  #out = "";
  #err = "";
  #changed = Promise.withResolvers<void>();
  readonly finished: Promise<Finished>;

  constructor(file: string, args: readonly string[], stdin: string | null = null) {
    this.#what = [file, ...args].join(" ");
    const environment = Object.entries(process.env).filter(
      ([name]) => !name.startsWith("QUORATE_"),
    );
    this.#child = spawn(process.execPath, [file, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
      env: Object.fromEntries(environment),
    });
    this.#child.stdin?.end(stdin ?? "");
    this.#child.stdout?.on("data", (chunk) => this.#grow(() => (this.#out += String(chunk))));
    this.#child.stderr?.on("data", (chunk) => this.#grow(() => (this.#err += String(chunk))));
    this.finished = new Promise((resolve) => {
      this.#child.on("close", (exit) => {
        this.#grow(() => {});
        resolve({ exit, out: this.#out, err: this.#err });
      });
    });
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.#what} did not start`);
    return pid;
  }

  get out(): string {
    return this.#out;
  }

  /** Resolves with the match once stdout or stderr has it; rejects if the process ends before, or at the deadline. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = rejectsLate(
      `${this.#what} did not say ${pattern}`,
      () => this.#out + this.#err,
    );
    for (;;) {
      const match = pattern.exec(this.#out) ?? pattern.exec(this.#err);
      if (match !== null) {
        deadline.cancel();
        return match;
      }
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        deadline.cancel();
        throw new Error(`${this.#what} ended without saying ${pattern}:\n${this.#out}${this.#err}`);
      }
      await Promise.race([this.#changed.promise, deadline.promise]);
    }
  }

  async ends(): Promise<Finished> {
    const deadline = rejectsLate(`${this.#what} did not end`, () => this.#out + this.#err);
    const finished = await Promise.race([this.finished, deadline.promise]);
    deadline.cancel();
    return finished;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #grow(change: () => unknown): void {
    change();
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }
}

/** What a test started and made; all of it is gone after `clean`. */
export class Stage {
  readonly directory = mkdtempSync(join(tmpdir(), "quorate-system-"));
  readonly #running: Running[] = [];

  /** The launcher on a block of ports that is free now, or on the block its directory was founded with. */
  launch(...more: readonly string[]): Running {
    return this.#start(new Running(LAUNCHER, ["--data-dir", this.directory, ...more]));
  }

  node(args: readonly string[]): Running {
    return this.#start(
      new Running(QUORATE, ["start", "--journal-segment-bytes", SEGMENT_BYTES, ...args]),
    );
  }

  /** A script of the repository. */
  script(file: string, args: readonly string[]): Running {
    return this.#start(new Running(file, args));
  }

  /** A command that runs for long. */
  command(args: readonly string[]): Running {
    return this.#start(new Running(QUORATE, args));
  }

  /** A command to its end. */
  run(args: readonly string[], stdin: string | null = null): Promise<Finished> {
    return this.#start(new Running(QUORATE, args, stdin)).ends();
  }

  /** A command that must succeed, and what it printed in JSON. */
  async json<T>(schema: z.ZodType<T>, args: readonly string[]): Promise<T> {
    const { exit, out, err } = await this.run([...args, "--json"]);
    if (exit !== 0) throw new Error(`${args.join(" ")} ended with ${exit}: ${err}`);
    return schema.parse(JSON.parse(out));
  }

  async clean(): Promise<void> {
    for (const running of this.#running) running.signal("SIGTERM");
    for (const running of this.#running) {
      const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), 10_000).unref());
      if ((await Promise.race([running.finished, late])) === null) running.signal("SIGKILL");
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  #start(running: Running): Running {
    this.#running.push(running);
    return running;
  }
}

const SEGMENT_BYTES = String(4 * 2 ** 20);

/** A first port for a launcher, not the same in two runs of the tests at once. It moves on if it is taken. */
export const portBase = (): string => String(5379 + (process.pid % 300) * 10);

/** A port that nobody has just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      if (address === null || typeof address === "string") return reject(new Error("no port"));
      probe.close(() => resolve(address.port));
    });
  });
}

/** The endpoints that a launcher printed, once it said that they serve. */
export async function endpointsOf(launcher: Running): Promise<readonly string[]> {
  await launcher.says(/^cluster ready$/m);
  const [, list = ""] = await launcher.says(/^endpoints (.*)$/m);
  return list.split(",");
}

function rejectsLate(
  what: string,
  soFar: () => string,
): { readonly promise: Promise<never>; cancel(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const timer = setTimeout(
    () => reject(new Error(`${what} in ${DEADLINE_MILLIS} ms:\n${soFar()}`)),
    DEADLINE_MILLIS,
  );
  return { promise, cancel: () => clearTimeout(timer) };
}
