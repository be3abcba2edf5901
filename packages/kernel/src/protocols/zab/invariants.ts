import type { Entry, NodeId, Position, Violation } from "../../core/index.ts";
import type { Epoch } from "./message.ts";
import type { ZabState } from "./state.ts";

/** Of every epoch that was established: who leads it, and where its initial history ends. */
export type Established = Map<Epoch, { readonly leader: NodeId; readonly initialLast: number }>;

/** An epoch has at most one leader. `established` remembers those seen before. */
export function oneLeaderPerEpoch(
  established: Established,
  { role, self }: ZabState,
): Violation | null {
  if (role.type !== "Leading" || role.phase !== "broadcast" || role.epoch === null) return null;
  const known = established.get(role.epoch);
  if (known !== undefined && known.leader !== self)
    return `One Leader: ${known.leader} and ${self} both lead epoch ${role.epoch}`;
  if (known === undefined)
    established.set(role.epoch, { leader: self, initialLast: role.initialLast });
  return null;
}

/**
 * Global primary order and primary integrity (Junqueira 2011, §2): what is delivered of an earlier epoch was in the initial history of
 * every later one. What stands behind the end of that history was delivered around its leader.
 */
export function primaryIntegrity(
  established: Established,
  { epoch, index }: Pick<Entry, "epoch" | "index">,
  self: NodeId,
): Violation | null {
  for (const [later, { initialLast }] of established)
    if (later > epoch && index > initialLast)
      return `Primary Integrity: ${self} delivers ${index} of epoch ${epoch}, and epoch ${later} was established without it`;
  return null;
}

/** An established leader's history holds everything that was delivered before anywhere. */
export function leaderCompleteness(
  { log, role, self, acceptedEpoch }: ZabState,
  committed: Position,
): Violation | null {
  if (role.type !== "Leading" || role.phase !== "broadcast" || committed.index < log.base.index)
    return null;
  const found = log.epochAt(committed.index);
  if (found === committed.epoch) return null;
  return `Leader Completeness: ${self} leads epoch ${acceptedEpoch} without entry ${committed.index} of epoch ${committed.epoch}`;
}

/** Monotonic epochs (card 32, check 4): on a member's disk they never decrease, and none follows what it has not promised. */
export function monotonicEpochs(
  before: Pick<ZabState, "acceptedEpoch" | "currentEpoch">,
  after: ZabState,
): Violation | null {
  const { acceptedEpoch, currentEpoch, self } = after;
  if (acceptedEpoch < before.acceptedEpoch)
    return `acceptedEpoch of ${self} fell from ${before.acceptedEpoch} to ${acceptedEpoch}`;
  if (currentEpoch < before.currentEpoch)
    return `currentEpoch of ${self} fell from ${before.currentEpoch} to ${currentEpoch}`;
  return currentEpoch <= acceptedEpoch
    ? null
    : `${self} follows epoch ${currentEpoch} and has promised only ${acceptedEpoch}`;
}
