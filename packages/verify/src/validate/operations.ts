import type { History, Operation, Value } from "../history/index.ts";
import type { Verdict } from "../verdict.ts";

/** A core of more operations is not checked by trying every order. */
const CORE_MAX = 9;

/** What an object of some model does, told a second time and as simply as can be: the state afterwards, undefined where refused. */
export type Replay = (state: Value, operation: Operation) => Value | undefined;

export interface Rules {
  readonly initial: Value;
  readonly replay: Replay;
  /** Did it happen for certain? Where not, an order may leave it out. */
  readonly certain: (operation: Operation) => boolean;
  /** May it stand in an order? What failed may not. */
  readonly possible: (operation: Operation) => boolean;
}

/**
 * Checks a verdict about a linearizable object against the definition: what is wrong with it, or null. A witness has to hold all
 * operations that happened, respect real time, and explain every answer; a core must not have any order, as far as it is small
 * enough to try them all.
 */
export function validateOperations(
  history: History,
  rules: Rules,
  verdict: Verdict,
): string | null {
  if (verdict.type === "unknown") return null;
  if (verdict.type === "violation") return coreFault(history, rules, verdict.core);
  const { witness } = verdict;
  if (witness.type === "order") return orderFault(history, rules, witness.order);
  if (witness.type !== "orders") return `a witness of type ${witness.type}`;
  for (const [key, order] of witness.orders) {
    const part = history.filter((operation) => (operation.key ?? "") === key);
    const fault = orderFault(part, rules, order);
    if (fault !== null) return `key ${key}: ${fault}`;
  }
  const keys = new Set(history.map(({ key }) => key ?? ""));
  const missing = [...keys].find((key) => !witness.orders.has(key));
  return missing === undefined ? null : `no order for key ${missing}`;
}

function orderFault(part: History, rules: Rules, order: readonly number[]): string | null {
  const byIndex = new Map(part.map((operation) => [operation.index, operation]));
  const placed = new Set(order);
  if (placed.size !== order.length) return "an operation stands twice";
  const missing = part.find((one) => rules.certain(one) && !placed.has(one.index));
  if (missing !== undefined) return `operation ${missing.index} is missing`;
  let state = rules.initial;
  let latestCall = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    const operation = byIndex.get(index);
    if (operation === undefined || !rules.possible(operation))
      return `operation ${index} does not belong`;
    if (operation.returned < latestCall) return `operation ${index} stands too late`;
    latestCall = Math.max(latestCall, operation.called);
    const next = rules.replay(state, operation);
    if (next === undefined) return `operation ${index} cannot have answered so`;
    state = next;
  }
  return null;
}

function coreFault(history: History, rules: Rules, core: readonly number[]): string | null {
  const part = history.filter(({ index }) => core.includes(index));
  if (part.length !== core.length) return "the core names operations that are not there";
  if (part.length > CORE_MAX) return null;
  return hasOrder(part, rules, rules.initial) ? "the core has an order" : null;
}

function hasOrder(left: History, rules: Rules, state: Value): boolean {
  if (!left.some(rules.certain)) return true;
  return left.some((next) => {
    const late = left.some((other) => rules.certain(other) && other.returned < next.called);
    if (late || !rules.possible(next)) return false;
    const after = rules.replay(state, next);
    const rest = left.filter((other) => other !== next);
    return after !== undefined && hasOrder(rest, rules, after);
  });
}
