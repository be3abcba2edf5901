import {
  type Format,
  type Reading,
  type Recording,
  readRecording,
} from "../../src/readers/index.ts";

/** A text, or bytes, as the one file of a recording. */
export function readText(
  name: string,
  content: string | Uint8Array,
  format: Format | null = null,
): Reading {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return readRecording({ name, files: [{ name, bytes }] }, format);
}

export function recording(
  name: string,
  content: string | Uint8Array,
  format: Format | null = null,
): Recording {
  const reading = readText(name, content, format);
  if (!reading.ok) throw new Error(reading.why);
  return reading.recording;
}

/** The operations in few words: `process f input → output outcome`. */
export function operations(name: string, content: string): readonly string[] {
  const found = recording(name, content);
  if (found.type !== "operations") throw new Error("not operations");
  return found.history.map(
    ({ process, f, input, output, outcome }) =>
      `${process} ${f} ${JSON.stringify(input)} → ${JSON.stringify(output)} ${outcome}`,
  );
}

/** Transactions in few words: `session.place: w x 1, r y null`. */
export function transactions(name: string, content: string | Uint8Array): readonly string[] {
  const found = recording(name, content);
  if (found.type !== "transactions") throw new Error("not transactions");
  return found.transactions.map(({ session, place, outcome, steps }) => {
    const texts = steps.map(
      (step) => `${step.type[0]} ${step.key} ${"value" in step ? String(step.value) : "?"}`,
    );
    return `${session}.${place}: ${texts.join(", ")}${outcome === "ok" ? "" : ` ${outcome}`}`;
  });
}
