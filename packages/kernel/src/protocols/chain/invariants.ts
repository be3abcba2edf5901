import type { Violation } from "../../core/index.ts";
import type { ChainState } from "./state.ts";

/**
 * Update Propagation Invariant (van Renesse and Schneider §3): of two in one chain the one before holds all that the one behind may count
 * on. So what the tail commits nobody lacks: a log that was read from a disk tells what that held. Null when it holds, or where they are
 * not in one chain.
 */
export function updatePropagation(one: ChainState, other: ChainState): Violation | null {
  if (one.term !== other.term || one.chain === null || one.chain.number !== other.chain?.number)
    return null;
  // Who has lost what it held leaves the chain: nothing is committed before it has, and it is appointed to nothing.
  if (one.repairing || other.repairing) return null;
  const places = [one, other].map(({ self }) => one.chain?.order.indexOf(self) ?? -1);
  const [first = -1, second = -1] = places;
  if (first < 0 || second < 0) return null;
  const [before, behind] = first < second ? [one, other] : [other, one];
  return behind.verified <= before.log.lastIndex
    ? null
    : `Update Propagation: ${behind.self} counts on ${behind.verified}, and ${before.self} before it holds ${before.log.lastIndex}`;
}
