import { inspect } from "node:util";
import type { Log } from "@quorate/server";
import type { Mail } from "./mail.ts";
import type { FromNode } from "./message.ts";

/** Lines on their way to a thread that takes none, at most; what is more is counted and dropped. */
export const LOG_LINES_MAX = 1000;

/** The log of a node whose caller keeps it in another thread. */
export class LogByMail implements Log {
  readonly #mail: Mail<FromNode>;
  #untaken = 0;
  #dropped = 0;

  constructor(mail: Mail<FromNode>) {
    this.#mail = mail;
  }

  info(fields: object, text: string): void {
    this.#line("info", fields, text);
  }

  warn(fields: object, text: string): void {
    this.#line("warn", fields, text);
  }

  error(fields: object, text: string): void {
    this.#line("error", fields, text);
  }

  /** The other thread has written so many lines. */
  taken(lines: number): void {
    this.#untaken -= lines;
    if (this.#dropped === 0) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.warn({ dropped }, "the application took no log lines for a while: some are missing");
  }

  #line(level: "info" | "warn" | "error", fields: object, text: string): void {
    if (this.#untaken >= LOG_LINES_MAX) {
      this.#dropped++;
      return;
    }
    this.#untaken++;
    this.#mail.put({ type: "Log", level, fields: copied(fields), text });
  }
}

/** What cannot travel is told in words. */
function copied(fields: object): object {
  try {
    return structuredClone(fields);
  } catch {
    return { fields: inspect(fields) };
  }
}
