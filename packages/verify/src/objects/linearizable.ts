import type { Spent } from "../budget.ts";
import type { History, Operation } from "../history/index.ts";
import type { Verdict, Witness } from "../verdict.ts";
import { type Searched, search } from "./search.ts";
import type { SequentialObject } from "./sequential-object.ts";
import { SHRINK_STEPS_MAX, shrink } from "./shrink.ts";

/**
 * Is this history linearizable (Herlihy and Wing 1990)? Objects are independent, so each key is searched by itself (locality). The
 * first key, by name, that breaks is the verdict; one that the budget did not suffice for counts only where none breaks.
 */
export function checkLinearizable<S>(
  object: SequentialObject<S>,
  history: History,
  spent: Spent,
): Verdict {
  const orders = new Map<string, readonly number[]>();
  let unknown: Verdict | null = null;
  for (const [key, operations] of partsOf(object, history)) {
    const found = search(object, operations, spent);
    if (found.type === "stuck") return brokenBy(object, operations, found, spent);
    if (found.type === "spent") unknown ??= { type: "unknown", steps: found.steps, why: found.why };
    else
      orders.set(
        key,
        found.order.map(({ index }) => index),
      );
  }
  if (unknown !== null) return unknown;
  const [only = []] = orders.values();
  const witness: Witness =
    orders.size > 1 ? { type: "orders", orders } : { type: "order", order: only };
  return { type: "ok", witness };
}

/** The operations of each object, by the name of its key; without keys all of them. */
export function partsOf<S>(
  { keyed }: Pick<SequentialObject<S>, "keyed">,
  history: History,
): readonly (readonly [key: string, operations: readonly Operation[]])[] {
  if (!keyed) return [["", history]];
  const parts = new Map<string, Operation[]>();
  for (const operation of history) {
    const key = operation.key ?? "";
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [operation]);
    else part.push(operation);
  }
  return [...parts].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A violation with a core, and how far an order of the core comes. */
export function brokenBy<S>(
  object: SequentialObject<S>,
  operations: readonly Operation[],
  found: Searched & { type: "stuck" },
  spent: Spent,
): Verdict {
  const breaks = (part: readonly Operation[]) => {
    const { type, steps } = search(object, part, spent, SHRINK_STEPS_MAX);
    return { broken: type === "stuck", steps };
  };
  const concerned = operations.filter((operation) => object.role(operation) !== "nothing");
  // What was called after the operation that cannot follow had returned has no part in it, nor has a later answer.
  const early = concerned.filter(
    (operation) =>
      operation.called <= found.until &&
      (operation.returned <= found.until || !object.observes(operation)),
  );
  const start = early.length < concerned.length && breaks(early).broken ? early : concerned;
  const core = shrink(start, (part) => object.leaveOut(part), breaks, spent);
  const again = search(object, core.operations, spent, SHRINK_STEPS_MAX);
  const shown = again.type === "stuck" ? again : found;
  return {
    type: "violation",
    anomaly: "not linearizable",
    anomalies: ["not linearizable"],
    core: core.operations.map(({ index }) => index),
    minimal: core.minimal,
    evidence: {
      type: "no-order",
      longest: shown.longest.map(({ index }) => index),
      stuck: shown.stuck.map(({ index }) => index),
    },
  };
}
