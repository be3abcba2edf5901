import { Command, InvalidArgumentError } from "commander";
import type { z } from "zod";
import { clientTlsOf, type TlsFlags } from "./client-tls.ts";
import { DEFAULT_ENDPOINTS, Endpoints } from "./endpoints.ts";
import { CommandFailed, Exit } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

/** What every command that speaks to a cluster has. */
export interface ClientOptions extends TlsFlags {
  readonly endpoints?: string;
  readonly timeout: number;
  readonly json?: true;
}

const TIMEOUT_MILLIS = 7000;

/** A command with the options of all clients, and examples below its help. */
export function clientCommand(
  name: string,
  description: string,
  examples: readonly string[],
): Command {
  return described(name, description, examples)
    .option(
      "--endpoints <list>",
      "client ports, host:port or URLs,… (default: QUORATE_ENDPOINTS, or those of npm start)",
    )
    .option("--cacert <file>", "authority of the servers' certificates, PEM (QUORATE_CACERT)")
    .option("--cert <file>", "certificate to show to servers, PEM (QUORATE_CERT)")
    .option("--key <file>", "its key (QUORATE_KEY)")
    .option(
      "--insecure-skip-tls-verify",
      "take any certificate of a server (QUORATE_INSECURE_SKIP_TLS_VERIFY)",
    )
    .option("--timeout <ms>", "how long to wait for an answer", integerOf, TIMEOUT_MILLIS)
    .option("--json", "print JSON");
}

export function described(name: string, description: string, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  quorate ${example}`).join("\n");
  return new Command(name).description(description).addHelpText("after", `\nExamples:\n${lines}`);
}

/** One run of a client's command. */
export class Session {
  readonly terminal: Terminal;
  readonly endpoints: Endpoints;
  /** Nobody said which endpoints. */
  readonly guessed: boolean;
  readonly json: boolean;

  constructor(terminal: Terminal, options: ClientOptions) {
    const { endpoints, timeout, json } = options;
    const named = endpoints ?? (terminal.environment["QUORATE_ENDPOINTS"] || undefined);
    this.terminal = terminal;
    this.guessed = named === undefined;
    const tls = clientTlsOf(options, terminal.environment);
    this.endpoints = new Endpoints(named ?? DEFAULT_ENDPOINTS, timeout, tls);
    this.json = json === true;
  }

  read<T>(path: string, body: object, answer: z.ZodType<T>): Promise<T> {
    return this.#call(path, body, answer, false);
  }

  write<T>(path: string, body: object, answer: z.ZodType<T>): Promise<T> {
    return this.#call(path, body, answer, true);
  }

  /** JSON in the form of its schema, or what `text` makes of it. */
  print<T>(schema: z.ZodType<T>, value: T, text: (value: T) => string): void {
    this.terminal.out(this.json ? `${JSON.stringify(schema.parse(value))}\n` : text(value));
  }

  async #call<T>(path: string, body: object, answer: z.ZodType<T>, write: boolean): Promise<T> {
    return understood(answer, await this.endpoints.call(path, body, { write }));
  }
}

/** Throws `CommandFailed` for an answer in another form than the API's. */
export function understood<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CommandFailed(
    Exit.failed,
    `the answer is not one of etcd's API: ${parsed.error.message}`,
  );
}

/** For options that take a whole number; commander turns the error into a usage error. */
export function integerOf(text: string): number {
  const value = Number(text);
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("it must be a whole number.");
  return value;
}

/** etcd's ids of leases and its revisions are signed, of 64 bits. */
const ID_MAX = (1n << 63n) - 1n;

/** For lease ids and revisions: beyond what a number holds, so they stay text. */
export function idOf(text: string): string {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("it must be a decimal number.");
  // The length first: a text of any length would take `BigInt` any time.
  if (text.length > String(ID_MAX).length || BigInt(text) > ID_MAX)
    throw new InvalidArgumentError(`it must be at most ${ID_MAX}.`);
  return text;
}
