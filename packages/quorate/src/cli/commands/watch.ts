import type { Command } from "commander";
import { StreamLine, WatchAnswer } from "../answers.ts";
import { StreamBroken } from "../endpoints.ts";
import { CommandFailed, Exit } from "../exit.ts";
import { cell, keyRange, keyValueOutput } from "../keys.ts";
import { WatchOutput } from "../outputs.ts";
import {
  type ClientOptions,
  clientCommand,
  idOf,
  integerOf,
  Session,
  understood,
} from "../session.ts";
import { printable, type Terminal } from "../terminal.ts";

interface WatchOptions extends ClientOptions {
  readonly prefix?: true;
  readonly revision?: string;
  readonly previous?: true;
  readonly events?: number;
}

/** Endpoints that failed one after the other, without an event between, before the watch gives up. */
const FAILURES_MAX = 30;
const AGAIN_MILLIS = 250;

export function watchCommand(terminal: Terminal): Command {
  return clientCommand("watch", "print changes as they come", [
    "watch greeting",
    "watch --prefix users/ --json",
    "watch greeting --revision 1 --events 3   # history first, ends after three",
  ])
    .argument("<key>")
    .argument("[end]", "watch the range from key up to end")
    .option("--prefix", "all keys that begin with key")
    .option("--revision <n>", "begin with the changes of that revision", idOf)
    .option("--previous", "with what was there before")
    .option("--events <n>", "end after so many", integerOf)
    .action((key: string, end: string | undefined, options: WatchOptions) =>
      new Watch(terminal, key, end, options).run(),
    );
}

/** Goes on at another endpoint where a connection breaks, behind the last event that was printed. */
class Watch {
  readonly #terminal: Terminal;
  readonly #session: Session;
  readonly #create: object;
  readonly #options: WatchOptions;
  #from: bigint;
  #left: number;
  #failures = 0;

  constructor(terminal: Terminal, key: string, end: string | undefined, options: WatchOptions) {
    this.#terminal = terminal;
    this.#session = new Session(terminal, options);
    this.#options = options;
    this.#create = {
      ...keyRange(key, end, options.prefix === true),
      prev_kv: options.previous === true,
    };
    this.#from = BigInt(options.revision ?? 0);
    this.#left = options.events ?? Number.POSITIVE_INFINITY;
  }

  async run(): Promise<void> {
    const { interrupted } = this.#terminal;
    const { all } = this.#session.endpoints;
    for (let at = 0; this.#left > 0 && !interrupted.aborted; at = (at + 1) % all.length) {
      const endpoint = all[at] ?? "";
      const why = await this.#watchAt(endpoint);
      if (this.#left <= 0 || interrupted.aborted) return;
      if (++this.#failures > FAILURES_MAX)
        throw new CommandFailed(Exit.failed, `${endpoint}: ${why}`);
      if (this.#failures % all.length === 0)
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MILLIS));
    }
  }

  /** Resolves with why the connection ended, once it is worth trying another. */
  async #watchAt(endpoint: string): Promise<string> {
    const body = { create_request: { ...this.#create, start_revision: String(this.#from) } };
    const { interrupted } = this.#terminal;
    try {
      for await (const line of this.#session.endpoints.stream(
        endpoint,
        "/v3/watch",
        body,
        interrupted,
      )) {
        const parsed = understood(StreamLine, line);
        if ("error" in parsed) return (parsed as { error: { message: string } }).error.message;
        this.#onAnswer(understood(WatchAnswer, parsed.result), endpoint);
        if (this.#left <= 0) break;
      }
      return "the stream ended";
    } catch (error) {
      if (error instanceof StreamBroken) return error.message;
      throw error;
    }
  }

  #onAnswer(answer: typeof WatchAnswer._output, endpoint: string): void {
    if (answer.created) {
      // From here on a broken connection loses nothing: it goes on from what this one would have shown.
      if (this.#from === 0n) this.#from = BigInt(answer.header.revision) + 1n;
      this.#terminal.err(`watching at ${endpoint}\n`);
    }
    if (answer.canceled) {
      const compacted = answer.compact_revision !== "0";
      const why = compacted
        ? `history before revision ${answer.compact_revision} is compacted: begin there with --revision`
        : answer.cancel_reason;
      throw new CommandFailed(Exit.failed, why);
    }
    for (const { type, kv, prev_kv } of answer.events) {
      if (this.#left <= 0) return;
      this.#failures = 0;
      this.#left--;
      this.#from = BigInt(kv.mod_revision) + 1n;
      const previous = prev_kv == null ? null : keyValueOutput(prev_kv);
      const keyValue = keyValueOutput(kv);
      const event = { revision: kv.mod_revision, keyValue, previous };
      this.#print({ ...event, type: type === "PUT" ? "put" : "delete" });
    }
  }

  #print(event: typeof WatchOutput._output): void {
    this.#session.print(WatchOutput, event, ({ type, revision, keyValue, previous }) => {
      const { key, value, encoding } = keyValue;
      const before = this.#options.previous && previous !== null ? `  (was ${previous.value})` : "";
      const what = `${type.padEnd(6)}  ${revision}  ${cell(key, encoding)}`;
      const line =
        type === "put" ? `${what}  ${cell(value, encoding)}${before}` : `${what}${before}`;
      return `${printable(line)}\n`;
    });
  }
}
