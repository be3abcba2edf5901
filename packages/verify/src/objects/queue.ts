import type { Operation, Value } from "../history/index.ts";
import { REFUSED, type SequentialObject, usualRole } from "./sequential-object.ts";
import { same, textOf } from "./value.ts";

type Queue = readonly Value[];

/** First in, first out: `enqueue v`; `dequeue` answers the oldest, or null where there is none. */
export function fifoQueue(): SequentialObject<Queue> {
  return {
    name: "fifo-queue",
    initial: [],
    keyed: true,
    role: usualRole,
    step: stepQueue,
    observes: ({ f, output, outcome }) => f === "dequeue" && outcome === "ok" && output === null,
    identify: textOf,
    leaveOut: passages,
  };
}

function stepQueue(state: Queue, { f, input, output, outcome }: Operation): Queue | typeof REFUSED {
  if (f === "enqueue") return [...state, input];
  if (f !== "dequeue") return REFUSED;
  const oldest = state[0];
  if (oldest === undefined) return outcome === "unknown" || output === null ? state : REFUSED;
  return outcome === "unknown" || same(oldest, output) ? state.slice(1) : REFUSED;
}

/** Taking an element out of the whole history leaves a history of a queue, as long as no dequeue is of unknown outcome. */
function passages(operations: readonly Operation[]): readonly (readonly Operation[])[] {
  const groups = new Map<string, Operation[]>();
  const alone: Operation[][] = [];
  for (const operation of operations) {
    const { f, input, output, outcome } = operation;
    if (f === "dequeue" && outcome === "unknown") return alone;
    const value = f === "enqueue" ? input : output;
    if (f === "dequeue" && value === null) alone.push([operation]);
    else groups.set(textOf(value), [...(groups.get(textOf(value)) ?? []), operation]);
  }
  return [...alone, ...groups.values()];
}
