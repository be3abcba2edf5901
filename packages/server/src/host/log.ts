/** What the server logs through; a `pino` logger is one. Fields first, then one sentence. */
export interface Log {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** For those who want no log. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };
