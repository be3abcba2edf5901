import type { Spent } from "../budget.ts";
import type { History, Operation } from "../history/index.ts";
import type { Verdict } from "../verdict.ts";
import { brokenBy, partsOf } from "./linearizable.ts";
import { type RegisterOptions, register } from "./register.ts";
import { search } from "./search.ts";
import { zones } from "./zones.ts";

/** Linearizability of registers: by zones where each value was written once to its key, else by search. */
export function checkLinearizableRegisters(
  history: History,
  options: RegisterOptions,
  spent: Spent,
): Verdict {
  const object = register(options);
  const orders = new Map<string, readonly number[]>();
  let unknown: Verdict | null = null;
  for (const [key, operations] of partsOf(object, history)) {
    const zoned = zones(operations, options);
    if (zoned?.type === "order") {
      orders.set(key, zoned.order);
      continue;
    }
    const part = zoned === null ? operations : zoned.part;
    const found = search(object, part, spent);
    if (found.type === "stuck") return brokenBy(object, part, found, spent);
    if (found.type === "spent") unknown ??= { type: "unknown", steps: found.steps, why: found.why };
    else
      orders.set(
        key,
        found.order.map(({ index }: Operation) => index),
      );
  }
  return unknown ?? { type: "ok", witness: { type: "orders", orders } };
}
