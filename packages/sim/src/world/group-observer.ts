import {
  crc32c,
  type LogIndex,
  NO_POSITION,
  type NodeId,
  type Position,
} from "@quorate/kernel/core";
import {
  electionSafety,
  leaderCompleteness,
  logMatching,
  monotonicTerm,
  type RaftState,
  stateMachineSafety,
  type Term,
  type Violation,
} from "@quorate/kernel/raft";

/** Holds the properties of Raft's Figure 3 against one group, replica by replica, as each takes a step. */
export class GroupObserver {
  readonly #leaders = new Map<Term, NodeId>();
  readonly #committed = new Map<LogIndex, string>();
  readonly #terms = new Map<NodeId, Term>();
  /** Up to where each replica's committed entries have been looked at. */
  readonly #seen = new Map<NodeId, LogIndex>();
  readonly #states = new Map<NodeId, RaftState>();
  /** The last entry that any replica has handed out as committed, and the term in which it was. */
  #lastCommitted: Position = NO_POSITION;
  #committedIn = 0 as Term;

  /** The highest index that any replica has handed out as committed. */
  get committedUpTo(): LogIndex {
    return this.#lastCommitted.index;
  }

  /** A replica crashed: what it knows starts anew, but its durable term must not have fallen. */
  forget(member: NodeId): void {
    this.#seen.delete(member);
    this.#states.delete(member);
  }

  /** What is broken in this replica's newest state, seen together with all others. */
  look(state: RaftState): readonly Violation[] {
    const before = this.#states.get(state.self);
    if (before === state) return [];
    this.#states.set(state.self, state);
    const known = state.blind ? (0 as Term) : (this.#terms.get(state.self) ?? (0 as Term));
    const found: (Violation | null)[] = [monotonicTerm(known, state)];
    // A term that was adopted and is not durable yet may be forgotten by a crash: nobody was told of it.
    // One that lost its records has forgotten its term with them, until it leaps past all that may have been.
    if (state.blind) this.#terms.delete(state.self);
    else if (state.undurable.length === 0) this.#terms.set(state.self, state.term);
    if (state.role.type === "Leader") {
      found.push(electionSafety(this.#leaders, [state]));
      if (before?.role.type !== "Leader" && state.term > this.#committedIn)
        found.push(leaderCompleteness(state, this.#lastCommitted));
    }
    if (state.commitIndex > state.log.lastIndex)
      found.push(
        `Committed Entries Stay: ${state.self} knows ${state.commitIndex} to be committed, and its log ends at ${state.log.lastIndex}`,
      );
    found.push(...this.#lookAtCommitted(state));
    if (before !== undefined && before.log.lastIndex !== state.log.lastIndex) {
      for (const other of this.#states.values())
        if (other.self !== state.self) found.push(logMatching(state, other));
    }
    return found.filter((violation) => violation !== null);
  }

  #lookAtCommitted(state: RaftState): readonly (Violation | null)[] {
    const from = Math.max(this.#seen.get(state.self) ?? 0, state.log.base.index) as LogIndex;
    if (state.commitIndex <= from) return [];
    const found = state.log.slice(from, state.commitIndex).map((entry) => {
      const digest = `${entry.epoch}/${entry.kind}/${crc32c(entry.command)}`;
      return stateMachineSafety(this.#committed, entry.index, digest, state.self);
    });
    this.#seen.set(state.self, state.commitIndex);
    const epoch = state.log.epochAt(state.commitIndex);
    if (state.commitIndex > this.#lastCommitted.index && epoch !== null) {
      this.#lastCommitted = { index: state.commitIndex, epoch };
      this.#committedIn = state.term;
    }
    return found;
  }
}
