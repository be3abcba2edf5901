import type { Operation } from "../../src/history/index.ts";
import { REFUSED, type SequentialObject } from "../../src/objects/index.ts";

/** Linearizability by its definition: is there any order at all? For histories of very few operations. */
export function someOrderExplains<S>(
  object: SequentialObject<S>,
  operations: readonly Operation[],
): boolean {
  const must = operations.filter((operation) => object.role(operation) === "must");
  const may = operations.filter((operation) => object.role(operation) === "may");
  const go = (left: readonly Operation[], open: readonly Operation[], state: S): boolean => {
    if (left.length === 0) return true;
    return [...left, ...open].some((next) => {
      if (left.some((other) => other !== next && other.returned < next.called)) return false;
      const after = object.step(state, next);
      if (after === REFUSED) return false;
      const without = (list: readonly Operation[]) => list.filter((other) => other !== next);
      return go(without(left), without(open), after);
    });
  };
  return go(must, may, object.initial);
}
