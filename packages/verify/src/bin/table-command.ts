import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseModel } from "../models.ts";
import { type Judged, judge } from "./judge.ts";
import type { Terminal } from "./terminal.ts";

export interface TableOptions {
  readonly file: string;
  readonly data: string | null;
  readonly budget: number;
  readonly json: boolean;
}

interface Row {
  readonly file: string;
  readonly model: string;
  readonly expected: string;
  readonly notes: string;
}

/** Checks each row of a table of known verdicts, a line each. Exit status: 0 all agree, 1 some do not, 2 usage. */
export function tableCommand(
  options: TableOptions,
  terminal: Terminal,
  usage: (why: string) => number,
): number {
  const rows = readTable(options.file);
  if (typeof rows === "string") return usage(rows);
  let agree = 0;
  for (const row of rows) {
    const judged = judgeRow(row, options);
    if (agrees(row, judged)) agree++;
    terminal.out(`${lineOf(row, judged, options.json)}\n`);
    if (judged.why !== null) terminal.err(`${row.file}: ${judged.why}\n`);
  }
  const count = { rows: rows.length, agree, disagree: rows.length - agree };
  const text = `${count.agree} of ${count.rows} agree, ${count.disagree} disagree`;
  terminal.out(`${options.json ? JSON.stringify(count) : text}\n`);
  return count.disagree === 0 ? 0 : 1;
}

function readTable(file: string): readonly Row[] | string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const [head, ...lines] = text.split(/\r?\n/).filter((line) => line !== "");
  if (head?.startsWith("file\tmodel\texpected") !== true) {
    return `${file}: expected a first line of file, model, expected, notes`;
  }
  if (lines.length === 0) return `${file}: no rows below its first line`;
  return lines.map((line) => {
    const [name = "", model = "", expected = "", notes = ""] = line.split("\t");
    return { file: name, model, expected, notes };
  });
}

function judgeRow({ file, model }: Row, { file: table, data, budget }: TableOptions): Judged {
  const parsed = parseModel(model);
  if (parsed === null) {
    return { recording: null, verdict: null, why: `no model ${model}`, milliseconds: 0 };
  }
  return judge(join(data ?? dirname(table), file), parsed, null, budget);
}

/** A disputed row is right either way, but not where there is no verdict. */
function agrees({ expected, notes }: Row, { verdict }: Judged): boolean {
  if (verdict === null || verdict.type === "unknown") return false;
  return verdict.type === expected || notes.includes("DISPUTED");
}

function lineOf(row: Row, { verdict, milliseconds }: Judged, json: boolean): string {
  const { file, model, expected } = row;
  const found = verdict?.type ?? "unknown";
  const time = Math.round(milliseconds);
  if (json) return JSON.stringify({ file, model, expected, verdict: found, milliseconds: time });
  return [file, model, expected, found, time].join("\t");
}
