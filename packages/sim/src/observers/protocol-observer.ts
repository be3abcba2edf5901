import type { Entry, LogState, NodeId, Position, Violation } from "@quorate/kernel/core";

/**
 * Holds what one protocol's paper promises against one group, replica by replica, as each takes a step. States are immutable, so each
 * property is held against what differs from the state before: where that is the same, it holds as it did.
 */
export interface ProtocolObserver<S extends LogState> {
  /** The newest state of a replica, and the one before it in the same life; null at the first look. */
  look(state: S, before: S | null, committed: LastCommitted, hold: Hold): void;
  /** What a replica hands out, entry by entry; again after each restart. */
  handedOut?(entry: Entry, self: NodeId, hold: Hold): void;
}

/** The last entry that any replica has handed out as committed, and the term, ballot or epoch in which that replica was. */
export interface LastCommitted extends Position {
  readonly term: number;
}

/** Told what is broken; null where nothing is. */
export type Hold = (violation: Violation | null) => void;
