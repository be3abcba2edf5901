import type { Operation, Value } from "../history/index.ts";
import { REFUSED, type SequentialObject, usualRole } from "./sequential-object.ts";
import { same, textOf } from "./value.ts";

export interface RegisterOptions {
  readonly initial: Value;
  /** A failed `cas` saw another value than it asked for; else it did not happen. */
  readonly failedCasObserves: boolean;
  /** A read that answered null: it read nothing (a register never written), or it did not say what it read. */
  readonly nullReads: "nothing" | "anything";
}

export const REGISTER: RegisterOptions = {
  initial: null,
  failedCasObserves: false,
  nullReads: "nothing",
};

/**
 * A register: `read` answers the value, `write` sets it, `cas` of [from, to] sets it to `to` where it is `from`. A `cas` that is ok
 * swapped, unless it answered false: then the value was another one.
 */
export function register(options: RegisterOptions = REGISTER): SequentialObject<Value> {
  return {
    name: "register",
    initial: options.initial,
    keyed: true,
    role: (operation) => registerRole(operation, options),
    step: stepRegister,
    observes: (operation) =>
      operation.f === "read" || (operation.f === "cas" && refused(operation)),
    identify: textOf,
    leaveOut: leaveOutOfRegister,
  };
}

export function registerRole(
  operation: Operation,
  { failedCasObserves, nullReads }: RegisterOptions,
): "must" | "may" | "nothing" {
  const { f, output, outcome } = operation;
  if (f === "read") {
    const silent = outcome !== "ok" || (output === null && nullReads === "anything");
    return silent ? "nothing" : "must";
  }
  if (f === "cas" && outcome === "failed" && failedCasObserves) return "must";
  return usualRole(operation);
}

function stepRegister(state: Value, operation: Operation): Value | typeof REFUSED {
  const { f, input, output, outcome } = operation;
  switch (f) {
    case "read":
      return same(output, state) ? state : REFUSED;
    case "write":
      return same(input, state) ? state : input;
    case "cas": {
      const { from, to } = casOf(operation);
      const holds = same(from, state);
      if (outcome !== "unknown" && holds !== swapped(operation)) return REFUSED;
      return holds && !same(to, state) ? to : state;
    }
    default:
      return outcome === "unknown" ? state : REFUSED;
  }
}

const swapped = ({ outcome, output }: Operation): boolean => outcome === "ok" && output !== false;

/** A comparison that saw another value. */
const refused = (operation: Operation): boolean =>
  operation.outcome !== "unknown" && !swapped(operation);

function casOf({ input, output }: Operation): { readonly from: Value; readonly to: Value } {
  const pair = Array.isArray(input) ? input : Array.isArray(output) ? output : [];
  return { from: pair[0] ?? null, to: pair[1] ?? null };
}

/**
 * Observations alone, values with all that saw them, and writes that nobody saw. A failed comparison constrains what stands
 * between other operations, so that a write may not be left out beside it.
 */
function leaveOutOfRegister(operations: readonly Operation[]): readonly (readonly Operation[])[] {
  const groups: (readonly Operation[])[] = [];
  const seen = new Set<string>();
  const byValue = new Map<string, Operation[]>();
  let firm = false;
  for (const operation of operations) {
    const { f, input, output } = operation;
    if (f === "read") {
      groups.push([operation]);
      seen.add(textOf(output));
      gather(byValue, textOf(output), operation);
    } else if (f === "write") {
      gather(byValue, textOf(input), operation);
    } else if (refused(operation)) {
      groups.push([operation]);
      firm = true;
    } else {
      seen.add(textOf(casOf(operation).from));
    }
  }
  if (firm) return groups;
  const chained = operations.some(({ f }) => f === "cas");
  if (!chained) for (const cluster of byValue.values()) groups.unshift(cluster);
  for (const operation of operations) {
    if (operation.f === "read") continue;
    const made = operation.f === "cas" ? casOf(operation).to : operation.input;
    if (!seen.has(textOf(made))) groups.push([operation]);
  }
  return groups;
}

function gather(groups: Map<string, Operation[]>, key: string, operation: Operation): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [operation]);
  else group.push(operation);
}
