import {
  crc32c,
  type LogIndex,
  type LogState,
  NO_POSITION,
  type NodeId,
  type Position,
} from "@quorate/kernel/core";
import { isPrimary } from "@quorate/kernel/primary";
import {
  type Digest,
  electionSafety,
  isRaft,
  leaderCompleteness,
  logMatching,
  monotonicTerm,
  type Predecessors,
  type RaftState,
  stateMachineSafety,
  type Term,
  type Violation,
} from "@quorate/kernel/raft";

/** What is remembered of one member's replica. */
interface Watched {
  readonly member: NodeId;
  /** As it was at the last look; null before the first one of its life. */
  state: LogState | null;
  /** The term on its disk. */
  term: Term;
  /** Up to where its committed entries have been looked at. */
  seen: LogIndex;
}

const NONE: readonly Violation[] = [];

/**
 * Holds what every log protocol promises against one group, that no two replicas commit different entries at an index, and Raft's Figure 3
 * against one of Raft's, replica by replica, as each takes a step. States are immutable, so each
 * property is held against what differs from the state before: where that is the same, it holds as it did.
 */
export class GroupObserver {
  readonly #leaders = new Map<Term, NodeId>();
  readonly #committed = new Map<LogIndex, Digest>();
  readonly #predecessors: Predecessors = new Map();
  /** A handful: found by looking at each, as the engine's maps hash a big integer at every look. */
  readonly #replicas: Watched[] = [];
  /** The last entry that any replica has handed out as committed, and the term in which it was. */
  #lastCommitted: Position = NO_POSITION;
  #committedIn = 0 as Term;

  /** The highest index that any replica has handed out as committed. */
  get committedUpTo(): LogIndex {
    return this.#lastCommitted.index;
  }

  /** A replica crashed: what it knows starts anew, but its durable term must not have fallen. */
  forget(member: NodeId): void {
    const replica = this.#replica(member);
    replica.state = null;
    replica.seen = 0 as LogIndex;
  }

  /** What is broken in this replica's newest state, seen together with all others. */
  look(state: LogState): readonly Violation[] {
    const replica = this.#replica(state.self);
    const before = replica.state;
    if (before === state) return NONE;
    replica.state = state;
    const found: Violation[] = [];
    const hold = (violation: Violation | null): void => {
      if (violation !== null) found.push(violation);
    };
    if (isRaft(state)) this.#lookAtRaft(state, before as RaftState | null, replica, hold);
    if (state.commitIndex > replica.seen) this.#lookAtCommitted(state, replica, hold);
    return found;
  }

  #lookAtRaft(
    state: RaftState,
    before: RaftState | null,
    replica: Watched,
    hold: (violation: Violation | null) => void,
  ): void {
    hold(monotonicTerm(state.blind ? (0 as Term) : replica.term, state));
    // A term that was adopted and is not durable yet may be forgotten by a crash: nobody was told of it.
    // One that lost its records has forgotten its term with them, until it leaps past all that may have been.
    if (state.blind) replica.term = 0 as Term;
    else if (state.undurable.length === 0) replica.term = state.term;
    if (state.role.type === "Leader") {
      const led = before?.role.type === "Leader";
      // One that led this term before has been held against the others, and they are held against it.
      if (!led || before.term !== state.term) hold(electionSafety(this.#leaders, [state]));
      if (!led && state.term > this.#committedIn)
        hold(leaderCompleteness(state, this.#lastCommitted));
    }
    if (state.commitIndex > state.log.lastIndex)
      hold(
        `Committed Entries Stay: ${state.self} knows ${state.commitIndex} to be committed, and its log ends at ${state.log.lastIndex}`,
      );
    if (before?.log !== state.log)
      hold(logMatching(this.#predecessors, before?.log ?? null, state));
  }

  #lookAtCommitted(
    state: LogState,
    replica: Watched,
    hold: (violation: Violation | null) => void,
  ): void {
    const from = Math.max(replica.seen, state.log.base.index) as LogIndex;
    if (state.commitIndex <= from) return;
    // What is acknowledged by too few may be lost, and another written in its place: that is the promise (card 1).
    const kept = !isPrimary(state) || state.settings.acks === "all";
    for (const { index, epoch, kind, command } of state.log.slice(from, state.commitIndex)) {
      const digest = { epoch, kind, checksum: crc32c(command) };
      if (kept) hold(stateMachineSafety(this.#committed, index, digest, state.self));
    }
    replica.seen = state.commitIndex;
    const epoch = state.log.epochAt(state.commitIndex);
    if (state.commitIndex > this.#lastCommitted.index && epoch !== null) {
      this.#lastCommitted = { index: state.commitIndex, epoch };
      this.#committedIn = state.term as Term;
    }
  }

  #replica(member: NodeId): Watched {
    for (const replica of this.#replicas) if (replica.member === member) return replica;
    const fresh = { member, state: null, term: 0 as Term, seen: 0 as LogIndex };
    this.#replicas.push(fresh);
    return fresh;
  }
}
