import type { Value } from "./operation.ts";

/** A value as a name: a string as it is, anything else as JSON writes it. */
export const wordOf = (value: Value): string =>
  typeof value === "string" ? value : JSON.stringify(value);
