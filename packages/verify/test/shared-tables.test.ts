import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { judge } from "../src/bin/judge.ts";
import { readSource } from "../src/bin/source.ts";
import { parseModel } from "../src/models.ts";
import { readRecording } from "../src/readers/index.ts";
import { validate } from "../src/validate/index.ts";

/** Recorded histories of others with known verdicts. They are no part of the repository and stand beside it, or do not. */
const SHARED = join(import.meta.dirname, "../../../../shared/data/histories");

const BUDGET_SECONDS = 50;

interface Row {
  readonly table: string;
  readonly file: string;
  readonly model: string;
  readonly expected: string;
  readonly notes: string;
}

function rowsOf(table: string): readonly Row[] {
  const [, ...lines] = readFileSync(join(SHARED, table, "expected.tsv"), "utf8").split("\n");
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const [file = "", model = "", expected = "", notes = ""] = line.split("\t");
      return { table, file, model, expected, notes };
    });
}

const tables = existsSync(SHARED)
  ? readdirSync(SHARED).filter((name) => existsSync(join(SHARED, name, "expected.tsv")))
  : [];

if (tables.length === 0) {
  it.skip("recorded histories of others: skipped, for they are not beside the repository", () => {});
}

describe.each(tables)("recorded by others: %s", (table) => {
  it.each(rowsOf(table))("$file is $expected for $model", ({ file, model, expected, notes }) => {
    const parsed = parseModel(model);
    if (parsed === null) throw new Error(`no model ${model}`);
    const { verdict, why } = judge(join(SHARED, table, file), parsed, null, BUDGET_SECONDS);
    expect(why).toBeNull();
    if (!notes.includes("DISPUTED")) expect(verdict?.type).toBe(expected);
    const reading = readRecording(readSource(join(SHARED, table, file)));
    if (verdict === null || !reading.ok) throw new Error("no verdict");
    expect(validate(reading.recording, parsed, verdict)).toBeNull();
  });
});
