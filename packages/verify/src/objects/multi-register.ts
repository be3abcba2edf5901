import { type Operation, type Value, wordOf } from "../history/index.ts";
import { REFUSED, type SequentialObject, usualRole } from "./sequential-object.ts";
import { same, textOf } from "./value.ts";

type Registers = { readonly [key: string]: Value };

/**
 * Several registers, read and written together: an operation's value is a list of [read k v] and [write k v], done in that order
 * as one. A read that answered null says nothing.
 */
export function multiRegister(initial: Registers): SequentialObject<Registers> {
  return {
    name: "multi-register",
    initial,
    keyed: false,
    role: usualRole,
    step: stepRegisters,
    observes: readsOnly,
    identify: textOf,
    leaveOut: (operations) => operations.filter(readsOnly).map((operation) => [operation]),
  };
}

function stepRegisters(state: Registers, operation: Operation): Registers | typeof REFUSED {
  let next = state;
  for (const { reads, key, value } of microsOf(operation)) {
    if (!reads) {
      if (!same(next[key] ?? null, value)) next = { ...next, [key]: value };
    } else if (operation.outcome === "ok" && value !== null && !same(next[key] ?? null, value)) {
      return REFUSED;
    }
  }
  // Back and forth is no change.
  return next !== state && textOf(next) === textOf(state) ? state : next;
}

interface Micro {
  readonly reads: boolean;
  readonly key: string;
  readonly value: Value;
}

function microsOf({ input, output, outcome }: Operation): readonly Micro[] {
  const steps = outcome === "ok" ? (output ?? input) : input;
  if (!Array.isArray(steps)) return [];
  return steps.map((step: Value): Micro => {
    const [f, key, value] = Array.isArray(step) ? (step as readonly (Value | undefined)[]) : [];
    return { reads: f === "read" || f === "r", key: wordOf(key ?? ""), value: value ?? null };
  });
}

const readsOnly = (operation: Operation): boolean =>
  microsOf(operation).every(({ reads }) => reads);
