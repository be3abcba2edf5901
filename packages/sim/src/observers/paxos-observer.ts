import {
  type Ballot,
  type Entry,
  type LogIndex,
  NO_BALLOT,
  type NodeId,
} from "@quorate/kernel/core";
import {
  ballotUniqueness,
  type ChosenConfig,
  configIn,
  leaderCompleteness,
  monotonicPromise,
  oneConfigurationPerSlot,
  type PaxosState,
  quorumIntersection,
} from "@quorate/kernel/paxos";
import type { Hold, LastCommitted, ProtocolObserver } from "./protocol-observer.ts";

/**
 * One proposer for each ballot, promises that are kept, leaders that know what was chosen before them, and quorums that meet in every slot.
 */
export class PaxosObserver implements ProtocolObserver<PaxosState> {
  readonly #proposers = new Map<Ballot, NodeId>();
  /** What each member's disk has promised. */
  readonly #promised = new Map<NodeId, Ballot>();
  /** The last ballot that each member was found to lead for others. */
  readonly #led = new Map<NodeId, Ballot>();
  /** The configurations in the order in which they were chosen, that of the founding first. */
  readonly #chosen: ChosenConfig[] = [];
  /** Up to where the log has been looked through for them. */
  #lookedAt = 0 as LogIndex;
  /** Of the replica that was looked at last. */
  #ballot = NO_BALLOT;

  look(state: PaxosState, before: PaxosState | null, committed: LastCommitted, hold: Hold): void {
    const { role, self, term, commitIndex } = state;
    this.#ballot = term;
    this.#found(state);
    if (before?.role.type !== role.type || before.term !== term) {
      hold(ballotUniqueness(this.#proposers, state));
      hold(quorumIntersection(state, this.#chosen));
    }
    this.#lookAtPromise(state, before, hold);
    const leads = role.type === "Leader" && commitIndex >= role.termStart;
    if (!leads || this.#led.get(self) === term) return;
    this.#led.set(self, term);
    hold(leaderCompleteness(state, { slot: committed.index, ballot: committed.term as Ballot }));
  }

  handedOut(entry: Entry, _: NodeId, hold: Hold): void {
    if (entry.index <= this.#lookedAt) return;
    this.#lookedAt = entry.index;
    const last = this.#chosen.at(-1);
    const config = configIn(entry);
    if (config === null || last === undefined) return;
    hold(oneConfigurationPerSlot(last, entry));
    // Other learners change nothing of who decides what.
    if (config.outgoing === null) return;
    const from = config.slots?.from ?? entry.index;
    this.#chosen.push({ config, from, ballot: this.#ballot });
  }

  /** A founder knows who the first voters are; whoever joins learns of later ones. */
  #found({ configs }: PaxosState): void {
    const config = configs[0]?.config;
    if (this.#chosen.length > 0 || config === undefined || config.voters.length === 0) return;
    this.#chosen.push({ config, from: 0 as LogIndex, ballot: NO_BALLOT });
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
