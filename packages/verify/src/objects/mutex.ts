import type { Operation } from "../history/index.ts";
import { REFUSED, type SequentialObject, usualRole } from "./sequential-object.ts";

type State = "free" | "held";

/** A lock that does not know who holds it: `acquire` where it is free, `release` where it is held. */
export function mutex(initial: State = "free"): SequentialObject<State> {
  return {
    name: "mutex",
    initial,
    keyed: true,
    role: usualRole,
    step: stepMutex,
    observes: () => false,
    identify: (state) => state,
    leaveOut: holdings,
  };
}

function stepMutex(state: State, { f, outcome }: Operation): State | typeof REFUSED {
  if (f !== "acquire" && f !== "release") return REFUSED;
  const needs = f === "acquire" ? "free" : "held";
  if (state !== needs) return outcome === "unknown" ? state : REFUSED;
  return state === "free" ? "held" : "free";
}

/** An acquisition and the same process's next release go together. */
function holdings(operations: readonly Operation[]): readonly (readonly Operation[])[] {
  const groups: Operation[][] = [];
  const held = new Map<number, Operation[]>();
  for (const operation of operations) {
    const { process, f } = operation;
    const group = held.get(process);
    if (f === "release" && group !== undefined) {
      group.push(operation);
      held.delete(process);
    } else {
      const fresh = [operation];
      groups.push(fresh);
      if (f === "acquire") held.set(process, fresh);
    }
  }
  return groups;
}
