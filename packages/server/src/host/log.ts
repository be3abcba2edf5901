/** What the server logs through; a `pino` logger is one. Fields first, then one sentence. */
export interface Log {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** For those who want no log. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** JSON has no bigint: ids are decimal strings there. */
export function printable(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    out[name] = typeof value === "bigint" ? String(value) : value;
  }
  return out;
}
