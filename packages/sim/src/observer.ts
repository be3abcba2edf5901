import { crc32c, type GroupId, type LogIndex, type NodeId } from "@quorate/kernel/core";
import {
  electionSafety,
  leaderCompleteness,
  logMatching,
  monotonicTerm,
  type RaftState,
  stateMachineSafety,
  type Term,
} from "@quorate/kernel/raft";
import type { SimNode } from "./sim-node.ts";

interface GroupView {
  readonly leaders: Map<Term, NodeId>;
  readonly committed: Map<LogIndex, string>;
  readonly terms: Map<NodeId, Term>;
  /** Up to where each replica's committed entries have been looked at. */
  readonly seen: Map<NodeId, LogIndex>;
  readonly states: Map<NodeId, RaftState>;
  committedUpTo: LogIndex;
  committedTerm: Term;
}

/**
 * The omniscient observer: after every turn it holds the paper's properties against what changed in that turn, so that
 * a violation is found at the step that made it.
 */
export class Observer {
  readonly #groups = new Map<GroupId, GroupView>();
  readonly #violations: string[] = [];

  get violations(): readonly string[] {
    return this.#violations;
  }

  /** The highest index that any replica has handed out as committed. */
  committedUpTo(group: GroupId): LogIndex {
    return this.#groups.get(group)?.committedUpTo ?? (0 as LogIndex);
  }

  turned(node: SimNode): void {
    const { kernel } = node;
    if (kernel === null) return;
    for (const group of kernel.groups) {
      const state = kernel.replica(group)?.state;
      if (state !== undefined) this.#look(group, state);
    }
  }

  /** A node came back: what it knows starts anew, but its term must not have fallen. */
  restarted(node: SimNode): void {
    for (const view of this.#groups.values()) {
      view.seen.delete(node.id);
      view.states.delete(node.id);
    }
  }

  #look(group: GroupId, state: RaftState): void {
    const view = this.#view(group);
    const before = view.states.get(state.self);
    if (before === state) return;
    view.states.set(state.self, state);
    this.#report(monotonicTerm(view.terms.get(state.self) ?? (0 as Term), state));
    // A term that was adopted and is not durable yet may be forgotten by a crash: nobody was told of it.
    if (state.undurable.length === 0) view.terms.set(state.self, state.term);
    if (state.role.type === "Leader") {
      this.#report(electionSafety(view.leaders, [state]));
      if (before?.role.type !== "Leader" && state.term > view.committedTerm) {
        this.#report(leaderCompleteness(state, view.committedUpTo));
      }
    }
    this.#lookAtCommitted(view, state);
    if (before !== undefined && before.log.lastIndex !== state.log.lastIndex)
      this.#matchLogs(view, state);
  }

  #lookAtCommitted(view: GroupView, state: RaftState): void {
    const from = Math.max(view.seen.get(state.self) ?? 0, state.log.base.index) as LogIndex;
    if (state.commitIndex <= from) return;
    for (const entry of state.log.slice(from, state.commitIndex)) {
      const digest = `${entry.epoch}/${entry.kind}/${crc32c(entry.command)}`;
      this.#report(stateMachineSafety(view.committed, entry.index, digest, state.self));
    }
    view.seen.set(state.self, state.commitIndex);
    if (state.commitIndex > view.committedUpTo) {
      view.committedUpTo = state.commitIndex;
      view.committedTerm = state.term;
    }
  }

  #matchLogs(view: GroupView, state: RaftState): void {
    for (const other of view.states.values())
      if (other.self !== state.self) this.#report(logMatching(state, other));
  }

  #view(group: GroupId): GroupView {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const view: GroupView = {
      leaders: new Map(),
      committed: new Map(),
      terms: new Map(),
      seen: new Map(),
      states: new Map(),
      committedUpTo: 0 as LogIndex,
      committedTerm: 0 as Term,
    };
    this.#groups.set(group, view);
    return view;
  }

  #report(violation: string | null): void {
    if (violation !== null && this.#violations.length < 100) this.#violations.push(violation);
  }
}
