import { type Ballot, NO_BALLOT, type NodeId } from "@quorate/kernel/core";
import {
  ballotUniqueness,
  leaderCompleteness,
  monotonicPromise,
  type PaxosState,
} from "@quorate/kernel/paxos";
import type { Hold, LastCommitted, ProtocolObserver } from "./protocol-observer.ts";

/** One proposer for each ballot, promises that are kept, and leaders that know what was chosen before them. */
export class PaxosObserver implements ProtocolObserver<PaxosState> {
  readonly #proposers = new Map<Ballot, NodeId>();
  /** What each member's disk has promised. */
  readonly #promised = new Map<NodeId, Ballot>();
  /** The last ballot that each member was found to lead for others. */
  readonly #led = new Map<NodeId, Ballot>();

  look(state: PaxosState, before: PaxosState | null, committed: LastCommitted, hold: Hold): void {
    const { role, self, term, commitIndex } = state;
    if (before?.role.type !== role.type || before.term !== term)
      hold(ballotUniqueness(this.#proposers, state));
    this.#lookAtPromise(state, before, hold);
    const leads = role.type === "Leader" && commitIndex >= role.termStart;
    if (!leads || this.#led.get(self) === term) return;
    this.#led.set(self, term);
    hold(leaderCompleteness(state, { slot: committed.index, ballot: committed.term as Ballot }));
  }

  #lookAtPromise(state: PaxosState, before: PaxosState | null, hold: Hold): void {
    const { self, term, blind, undurable } = state;
    if (before?.term === term && before.blind === blind && before.undurable === undurable) return;
    const known = this.#promised.get(self) ?? NO_BALLOT;
    hold(monotonicPromise(blind ? NO_BALLOT : known, state));
    // A promise that is not durable yet may be forgotten by a crash: nobody was told of it. One that lost its records has forgotten
    // its promises with them, until it leaps past all that may have been.
    if (blind) this.#promised.set(self, NO_BALLOT);
    else if (undurable.length === 0) this.#promised.set(self, term);
  }
}
