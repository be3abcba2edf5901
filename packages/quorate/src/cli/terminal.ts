/** What a command speaks to; tests hand in their own. */
export interface Terminal {
  /** Data, and nothing else. */
  out(text: string): void;
  /** Progress and errors. */
  err(text: string): void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  stdin(): Promise<string>;
  /** Calls `act` for every SIGHUP from now on; before, one ends the process. */
  onHangup(act: () => void): void;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly interrupted: AbortSignal;
}

/** Columns as wide as they need, two blanks between them; a cell that people could not read is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(printable))];
  const widths = head.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? "").length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return `${cells.map(line).join("\n")}\n`;
}

/** Control characters would move the cursor or end the line. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\\]/gu, (character) => JSON.stringify(character).slice(1, -1));
}
