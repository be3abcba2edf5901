import { writeFileSync } from "node:fs";
import { parseModel } from "../models.ts";
import { formatNamed, type Recording } from "../readers/index.ts";
import { reportOf } from "../report/index.ts";
import type { Verdict } from "../verdict.ts";
import { judge } from "./judge.ts";
import type { Terminal } from "./terminal.ts";

export interface CheckOptions {
  readonly file: string;
  readonly model: string;
  readonly format: string | null;
  readonly budget: number;
  readonly json: boolean;
  /** Where a page that shows the verdict is written; null for none. */
  readonly report: string | null;
}

/**
 * Checks one file. Exit status: 0 the model holds, 1 it does not, 2 usage, 3 unknown or unreadable. A report that cannot be written is
 * a wrong call, and is said after the verdict.
 */
export function checkCommand(
  options: CheckOptions,
  terminal: Terminal,
  usage: (why: string) => number,
): number {
  const model = parseModel(options.model);
  if (model === null) return usage(`no model ${options.model}`);
  const format = options.format === null ? null : formatNamed(options.format);
  if (options.format !== null && format === null) return usage(`no format ${options.format}`);
  const judged = judge(options.file, model, format, options.budget);
  const { recording, verdict, why, milliseconds } = judged;
  if (recording === null || verdict === null) {
    terminal.err(`quorate-verify: ${why}\n`);
    return 3;
  }
  if (isEmpty(recording)) {
    terminal.err(`quorate-verify: ${options.file}: nothing in it could be read as an operation\n`);
    return 3;
  }
  const shown = options.json ? jsonOf(options, verdict, milliseconds) : textOf(options, verdict);
  terminal.out(`${shown}\n`);
  if (options.report !== null) {
    const fault = write(options.report, reportOf(recording, model, verdict, options.file));
    if (fault !== null) return usage(`--report: ${fault}`);
  }
  return { ok: 0, violation: 1, unknown: 3 }[verdict.type];
}

/** Of nothing every model holds: that would say that all is well where a file was taken for another format. */
const isEmpty = (recording: Recording): boolean =>
  recording.type === "operations"
    ? recording.history.length === 0
    : recording.transactions.length === 0;

/** Why it could not be written, or null. */
function write(path: string, text: string): string | null {
  try {
    writeFileSync(path, text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function textOf({ file, model }: CheckOptions, verdict: Verdict): string {
  const head = `${file}: ${model}: ${verdict.type}`;
  switch (verdict.type) {
    case "ok":
      return head;
    case "unknown":
      return `${head}: ${verdict.why} after ${verdict.steps} steps`;
    case "violation": {
      const core = verdict.minimal ? "minimal core" : "core";
      return [
        `${head}: ${verdict.anomalies.join(", ")}`,
        `  ${core}: ${verdict.core.join(" ")}`,
        ...evidenceLines(verdict.evidence).map((line) => `  ${line}`),
      ].join("\n");
    }
  }
}

function evidenceLines(evidence: (Verdict & { type: "violation" })["evidence"]): readonly string[] {
  switch (evidence.type) {
    case "no-order":
      return [
        `furthest order: ${evidence.longest.join(" ")}`,
        `which cannot be followed by: ${evidence.stuck.join(" ")}`,
      ];
    case "cycle":
      return evidence.edges.map(({ from, to, kind, why }) => `${from} → ${to} (${kind}): ${why}`);
    case "answer":
      return [`operation ${evidence.operation}: expected ${evidence.expected}`];
  }
}

/** The verdict as it is, with maps as objects. */
function jsonOf({ file, model }: CheckOptions, verdict: Verdict, milliseconds: number): string {
  const record = { file, model, milliseconds: Math.round(milliseconds), verdict };
  return JSON.stringify(record, (_, value: unknown) =>
    value instanceof Map ? Object.fromEntries(value) : value,
  );
}
