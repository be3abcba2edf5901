import type { Matrix } from "./matrix.ts";

const FORMAT = { format: "quorate-matrix", version: 1 } as const;

/** The matrix as JSON, a line for each of its parts, so that two of them can be compared. */
export function jsonOf(matrix: Matrix): string {
  const parts = Object.entries({ ...FORMAT, ...matrix }).map(([name, value]) => {
    const lines = Array.isArray(value) ? listOf(value) : JSON.stringify(value);
    return `${JSON.stringify(name)}: ${lines}`;
  });
  return `{\n${parts.join(",\n")}\n}\n`;
}

const listOf = (values: readonly unknown[]): string =>
  values.length === 0
    ? "[]"
    : `[\n${values.map((value) => `  ${JSON.stringify(value)}`).join(",\n")}\n]`;
