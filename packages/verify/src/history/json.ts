import { Malformed } from "./malformed.ts";
import type { Value } from "./operation.ts";

/** Nesting beyond this is refused: it is hostile, not a history. */
const DEPTH_MAX = 500;
/** No shorter run of digits is beyond 2^53. */
const MANY_DIGITS = /\d{16}/;

/** One JSON text; `line` is where it begins in its file. Integers beyond 2^53 stay as they are written, as strings. */
export function parseJson(text: string, line: number | null = null): Value {
  let value: Value;
  try {
    value = JSON.parse(text, MANY_DIGITS.test(text) ? keepInteger : undefined) as Value;
  } catch (cause) {
    throw new Malformed(cause instanceof Error ? cause.message : "no JSON", line);
  }
  if (isDeeper(value, DEPTH_MAX)) throw new Malformed(`nested deeper than ${DEPTH_MAX}`, line);
  return value;
}

/** `source` is the text of a number; an engine that does not tell it leaves the number rounded. */
function keepInteger(_name: string, value: unknown, context?: { readonly source?: string }) {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return /^-?\d+$/.test(source) ? source : value;
}

function isDeeper(value: Value, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((inner: Value) => isDeeper(inner, levels - 1));
  return Object.values(value).some((inner) => isDeeper(inner as Value, levels - 1));
}
