import { Malformed, type Value } from "../history/index.ts";

/** One JSON text. `line` is where it begins in its file. */
export function parseJson(text: string, line: number | null = null): Value {
  try {
    return JSON.parse(text) as Value;
  } catch (cause) {
    throw new Malformed(cause instanceof Error ? cause.message : "no JSON", line);
  }
}
