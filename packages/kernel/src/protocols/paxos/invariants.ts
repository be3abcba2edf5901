import type { Ballot, LogIndex, NodeId, Violation } from "../../core/index.ts";
import { isEstablished, type PaxosState } from "./state.ts";

/** A ballot has one proposer, ever. `proposers` remembers those seen before. */
export function ballotUniqueness(
  proposers: Map<Ballot, NodeId>,
  { role, self, term }: PaxosState,
): Violation | null {
  if (role.type !== "Leader" && role.type !== "Preparing") return null;
  const other = proposers.get(term);
  if (other !== undefined && other !== self)
    return `Ballot Uniqueness: ${other} and ${self} both propose under ${term}`;
  proposers.set(term, self);
  return null;
}

/** What is chosen, as a leader of a later ballot must know it before it leads for others. */
export interface LastChosen {
  readonly slot: LogIndex;
  /** The ballot in which the replica that handed it out was. */
  readonly ballot: Ballot;
}

/** Whatever was handed out anywhere under an older ballot is in the log of everyone who comes to lead. */
export function leaderCompleteness(leader: PaxosState, chosen: LastChosen): Violation | null {
  const { role, self, term, commitIndex } = leader;
  if (role.type !== "Leader" || !isEstablished(leader, role) || term <= chosen.ballot) return null;
  return commitIndex >= chosen.slot
    ? null
    : `Leader Completeness: ${self} leads ballot ${term} with a log up to ${commitIndex}; slot ${chosen.slot} was chosen before`;
}

/** Monotonic epochs (card 32, check 4): what a member's disk has promised never falls. */
export function monotonicPromise(before: Ballot, after: PaxosState): Violation | null {
  return after.term >= before
    ? null
    : `the promise of ${after.self} fell from ${before} to ${after.term}`;
}
