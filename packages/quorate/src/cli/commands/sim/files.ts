import { readFileSync, writeFileSync } from "node:fs";
import type { Recorded } from "@quorate/sim";
import { usage } from "../../exit.ts";

/** Writes what an option asks for. A place that cannot be written is a wrong call. */
export function writeFor(option: string, file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    throw usage(`--${option}: ${messageOf(cause)}`);
  }
}

/** The events that `--trace` wrote. */
export function recordedIn(file: string): readonly Recorded[] {
  return textOf(file)
    .split("\n")
    .flatMap((line, i) => (line === "" ? [] : [eventOf(line, `${file}: line ${i + 1}`)]));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw usage(`--against: ${messageOf(cause)}`);
  }
}

function eventOf(line: string, where: string): Recorded {
  const event = parsed(line) as Partial<Recorded> | null;
  if (
    typeof event?.time === "number" &&
    typeof event.host === "string" &&
    typeof event.what === "string" &&
    typeof event.hash === "number"
  )
    return { clock: {}, ...event } as Recorded;
  throw usage(`--against ${where} is no event of a run; --trace writes such files`);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

const messageOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause);
