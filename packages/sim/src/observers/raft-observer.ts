import type { NodeId } from "@quorate/kernel/core";
import {
  electionSafety,
  leaderCompleteness,
  logMatching,
  monotonicTerm,
  type Predecessors,
  type RaftState,
  type Term,
} from "@quorate/kernel/raft";
import type { Hold, LastCommitted, ProtocolObserver } from "./protocol-observer.ts";

/** Raft's Figure 3. */
export class RaftObserver implements ProtocolObserver<RaftState> {
  readonly #leaders = new Map<Term, NodeId>();
  readonly #predecessors: Predecessors = new Map();
  /** The term on each member's disk. */
  readonly #terms = new Map<NodeId, Term>();

  look(state: RaftState, before: RaftState | null, committed: LastCommitted, hold: Hold): void {
    this.#lookAtTerm(state, before, hold);
    if (state.role.type === "Leader") {
      const led = before?.role.type === "Leader";
      // One that led this term before has been held against the others, and they are held against it.
      if (!led || before.term !== state.term) hold(electionSafety(this.#leaders, [state]));
      if (!led && state.term > committed.term) hold(leaderCompleteness(state, committed));
    }
    if (state.commitIndex > state.log.lastIndex)
      hold(
        `Committed Entries Stay: ${state.self} knows ${state.commitIndex} to be committed, and its log ends at ${state.log.lastIndex}`,
      );
    if (before?.log !== state.log)
      hold(logMatching(this.#predecessors, before?.log ?? null, state));
  }

  #lookAtTerm(state: RaftState, before: RaftState | null, hold: Hold): void {
    const { self, term, blind, undurable } = state;
    if (before?.term === term && before.blind === blind && before.undurable === undurable) return;
    const none = 0 as Term;
    const known = this.#terms.get(self) ?? none;
    hold(monotonicTerm(blind ? none : known, state));
    // A term that was adopted and is not durable yet may be forgotten by a crash: nobody was told of it.
    // One that lost its records has forgotten its term with them, until it leaps past all that may have been.
    if (blind) this.#terms.set(self, none);
    else if (undurable.length === 0) this.#terms.set(self, term);
  }
}
