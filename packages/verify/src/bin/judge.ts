import { performance } from "node:perf_hooks";
import { check } from "../check.ts";
import type { Model } from "../models.ts";
import { type Format, type Recording, readRecording } from "../readers/index.ts";
import type { Verdict } from "../verdict.ts";
import { readSource } from "./source.ts";

export interface Judged {
  /** Null where the file could not be read. */
  readonly recording: Recording | null;
  /** Null where there is nothing to judge. */
  readonly verdict: Verdict | null;
  readonly why: string | null;
  readonly milliseconds: number;
}

/** Reads and checks one file against the clock. */
export function judge(path: string, model: Model, format: Format | null, budget: number): Judged {
  const started = performance.now();
  const elapsed = (): number => performance.now() - started;
  const failed = (why: string): Judged => ({
    recording: null,
    verdict: null,
    why,
    milliseconds: elapsed(),
  });
  try {
    const reading = readRecording(readSource(path), format);
    if (!reading.ok) return failed(reading.why);
    const { recording } = reading;
    const verdict = check(recording, model, () => elapsed() > 1000 * budget);
    const why = verdict.type === "unknown" ? verdict.why : null;
    return { recording, verdict, why, milliseconds: elapsed() };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}
