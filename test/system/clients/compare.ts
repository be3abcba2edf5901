import type { Told } from "./case.ts";
import { ANYTHING, DIFFERENCES, type Difference } from "./differences.ts";

/** Two answers that differ in one field. */
export interface Found {
  readonly case: string;
  /** The step, and the way to the field in its answer: `3 KV/Put.message.header.revision`. */
  readonly field: string;
  readonly theirs: unknown;
  readonly ours: unknown;
}

/** Every field in which what we were told differs from what etcd told. */
export function compare(
  name: string,
  theirs: readonly Told[],
  ours: readonly Told[],
): readonly Found[] {
  const left = fieldsOf(theirs);
  const right = fieldsOf(ours);
  const paths = new Set([...left.keys(), ...right.keys()]);
  return [...paths].flatMap((field): Found[] => {
    const [a, b] = [left.get(field), right.get(field)];
    return a === b ? [] : [{ case: name, field, theirs: a ?? null, ours: b ?? null }];
  });
}

/** The entry of the table that knows this difference, if one does. */
export function knownAs(found: Found): Difference | undefined {
  return DIFFERENCES.find(
    (known) =>
      matches(known.case, found.case) &&
      matches(known.field, found.field) &&
      agrees(known.theirs, found.theirs) &&
      agrees(known.ours, found.ours),
  );
}

/** `*` stands for any text. */
function matches(pattern: string, text: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(text);
}

function agrees(known: unknown, found: unknown): boolean {
  if (known === ANYTHING) return true;
  return typeof known === "string" && typeof found === "string"
    ? matches(known, found)
    : known === found;
}

/** Answers as paths to leaves; an empty object or list is a leaf too. */
function fieldsOf(told: readonly Told[]): ReadonlyMap<string, unknown> {
  const fields = new Map<string, unknown>();
  const walk = (path: string, value: unknown): void => {
    const entries = typeof value === "object" && value !== null ? Object.entries(value) : null;
    if (entries === null) fields.set(path, value);
    else if (entries.length === 0) fields.set(path, Array.isArray(value) ? "[]" : "{}");
    else for (const [name, one] of entries) walk(`${path}.${name}`, one);
  };
  for (const { step, answer } of told) walk(step, answer);
  return fields;
}
