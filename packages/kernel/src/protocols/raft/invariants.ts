import type { Log, LogIndex, NodeId, Position, Violation } from "../../core/index.ts";
import type { Term } from "./message.ts";
import type { RaftState } from "./state.ts";

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

/** Of every entry ever seen, by index and term: the term of the entry before it. */
export type Predecessors = Map<LogIndex, Map<number, number>>;

/**
 * Log Matching (Figure 3): logs that agree on an entry's term agree on everything before it. By induction it is enough
 * that an index and a term name one entry, and one that it follows, in every log that ever was. So only the entries are
 * looked at that are new since `before`, the log that the same replica had at the last look: a handle that still holds the
 * very same entry somewhere shares all before it.
 */
export function logMatching(
  seen: Predecessors,
  before: Log | null,
  { log, self }: Pick<RaftState, "log" | "self">,
): Violation | null {
  for (let index = log.lastIndex; index > log.base.index; index = (index - 1) as LogIndex) {
    const entry = log.at(index);
    const previous = log.epochAt((index - 1) as LogIndex);
    if (entry === null || previous === null || entry === before?.at(index)) return null;
    const terms = seen.get(index) ?? new Map<number, number>();
    const known = terms.get(entry.epoch);
    if (known !== undefined && known !== previous)
      return `Log Matching: in ${self} entry ${index} of term ${entry.epoch} follows one of term ${previous}, in another log one of term ${known}`;
    if (terms.size === 0) seen.set(index, terms);
    terms.set(entry.epoch, previous);
  }
  return null;
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
