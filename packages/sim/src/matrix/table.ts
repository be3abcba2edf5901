/** A table of Markdown: what its rows are about, its columns, and its rows. */
export const table = (
  about: string,
  columns: readonly string[],
  rows: readonly string[],
): readonly string[] => [
  row(about, columns),
  row(
    "---",
    columns.map(() => "---"),
  ),
  ...rows,
];

export const row = (name: string, cells: readonly string[]): string =>
  `| ${[name, ...cells].map(plain).join(" | ")} |`;

/** A bar would end the cell. */
const plain = (text: string): string => text.replaceAll("|", "\\|");
