/** The median of measurements, and how far they spread around it, in per cent. */
export interface Summary {
  readonly median: number;
  readonly spreadPercent: number;
}

export function summary(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const range = (sorted[sorted.length - 1] ?? 0) - (sorted[0] ?? 0);
  return { median, spreadPercent: median === 0 ? 0 : (50 * range) / median };
}

/** Columns aligned for reading, and for pasting into a page. */
export function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (row[i] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join(
    "\n",
  );
}

export const rounded = (n: number): string =>
  n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2);
export const withSpread = ({ median, spreadPercent }: Summary): string =>
  `${rounded(median)} ±${spreadPercent.toFixed(0)} %`;
