import type { LogIndex, NodeId, Position } from "../../core/index.ts";
import type { Term } from "./message.ts";
import type { RaftState } from "./state.ts";

/** What an omniscient observer found broken, in words; null when all is well. */
export type Violation = string;

/** Election Safety (Raft Figure 3): a term has at most one leader, ever. `leaders` remembers those seen before. */
export function electionSafety(
  leaders: Map<Term, NodeId>,
  replicas: Iterable<RaftState>,
): Violation | null {
  for (const { self, term, role } of replicas) {
    if (role.type !== "Leader") continue;
    const other = leaders.get(term);
    if (other !== undefined && other !== self)
      return `Election Safety: ${other} and ${self} both lead term ${term}`;
    leaders.set(term, self);
  }
  return null;
}

/** Log Matching (Figure 3): logs that agree on an entry's term agree on its bytes and on everything before it. */
export function logMatching(a: RaftState, b: RaftState): Violation | null {
  const first = Math.max(a.log.base.index, b.log.base.index) + 1;
  let agree = false;
  for (let i = Math.min(a.log.lastIndex, b.log.lastIndex); i >= first; i--) {
    const [x, y] = [a.log.at(i as LogIndex), b.log.at(i as LogIndex)];
    if (x === null || y === null) return null;
    if (agree && x.epoch !== y.epoch)
      return `Log Matching: ${a.self} and ${b.self} agree above ${i} and differ there`;
    if (x.epoch === y.epoch) agree = true;
  }
  return null;
}

/**
 * State Machine Safety (Figure 3): no two replicas ever hand out different entries at an index. `committed` holds a
 * digest of what was handed out at each index so far.
 */
export function stateMachineSafety(
  committed: Map<LogIndex, string>,
  index: LogIndex,
  digest: string,
  self: NodeId,
): Violation | null {
  const known = committed.get(index);
  if (known === undefined) committed.set(index, digest);
  return known === undefined || known === digest
    ? null
    : `State Machine Safety: ${self} committed ${digest} at ${index}, another committed ${known}`;
}

/**
 * Leader Completeness (Figure 3): a leader holds every entry committed in an earlier term. `committed` is the last of
 * them; by Log Matching a log that holds it holds all before it. A log that is merely as long proves nothing: the
 * leader's own first entry may stand in its place.
 */
export function leaderCompleteness(leader: RaftState, committed: Position): Violation | null {
  const { log, role, self, term } = leader;
  if (role.type !== "Leader" || committed.index < log.base.index) return null;
  const epoch = log.epochAt(committed.index);
  if (epoch === committed.epoch) return null;
  const found = epoch === null ? `ends at ${log.lastIndex}` : `holds one of term ${epoch} there`;
  return `Leader Completeness: ${self} leads term ${term}; its log ${found}, and entry ${committed.index} of term ${committed.epoch} is committed`;
}

/** Monotonic epochs (card 32, check 4): the term on a member's disk never decreases. */
export function monotonicTerm(before: Term, after: RaftState): Violation | null {
  return after.term >= before ? null : `term of ${after.self} fell from ${before} to ${after.term}`;
}
