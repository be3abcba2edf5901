import { isChain } from "@quorate/kernel/chain";
import {
  crc32c,
  type Digest,
  type LogIndex,
  type LogState,
  NO_POSITION,
  type NodeId,
  stateMachineSafety,
  type Violation,
} from "@quorate/kernel/core";
import { isPaxos } from "@quorate/kernel/paxos";
import { isPrimary } from "@quorate/kernel/primary";
import { isRaft } from "@quorate/kernel/raft";
import { isZab } from "@quorate/kernel/zab";
import { ChainObserver } from "./chain-observer.ts";
import { PaxosObserver } from "./paxos-observer.ts";
import type { Hold, LastCommitted, ProtocolObserver } from "./protocol-observer.ts";
import { RaftObserver } from "./raft-observer.ts";
import { ZabObserver } from "./zab-observer.ts";

/** What is remembered of one member's replica. */
interface Watched {
  readonly member: NodeId;
  /** As it was at the last look; null before the first one of its life. */
  state: LogState | null;
  /** Up to where its committed entries have been looked at. */
  seen: LogIndex;
}

const NONE: readonly Violation[] = [];

/**
 * Holds what every log protocol promises against one group, that no two replicas commit different entries at an index, and what the
 * group's own protocol promises beside.
 */
export class GroupObserver {
  readonly #committed = new Map<LogIndex, Digest>();
  /** A handful: found by looking at each, as the engine's maps hash a big integer at every look. */
  readonly #replicas: Watched[] = [];
  #own: ProtocolObserver<LogState> | null = null;
  #lastCommitted: LastCommitted = { ...NO_POSITION, term: 0 };

  /** The highest index that any replica has handed out as committed. */
  get committedUpTo(): LogIndex {
    return this.#lastCommitted.index;
  }

  /** A replica crashed: what it knows starts anew, but what is on its disk must not have fallen. */
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
    const hold: Hold = (violation) => {
      if (violation !== null) found.push(violation);
    };
    this.#own ??= observerOf(state);
    this.#own.look(state, before, this.#lastCommitted, hold);
    if (state.commitIndex > replica.seen) this.#lookAtCommitted(state, replica, this.#own, hold);
    return found;
  }

  #lookAtCommitted(
    state: LogState,
    replica: Watched,
    own: ProtocolObserver<LogState>,
    hold: Hold,
  ): void {
    const from = Math.max(replica.seen, state.log.base.index) as LogIndex;
    if (state.commitIndex <= from) return;
    // What is acknowledged by too few may be lost, and another written in its place: that is the promise (card 1).
    const kept = !isPrimary(state) || state.settings.acks === "all";
    for (const entry of state.log.slice(from, state.commitIndex)) {
      const { index, epoch, kind, command } = entry;
      const digest = { epoch, kind, checksum: crc32c(command) };
      if (kept) hold(stateMachineSafety(this.#committed, index, digest, state.self));
      own.handedOut?.(entry, state.self, hold);
    }
    replica.seen = state.commitIndex;
    const epoch = state.log.epochAt(state.commitIndex);
    if (state.commitIndex > this.#lastCommitted.index && epoch !== null)
      this.#lastCommitted = { index: state.commitIndex, epoch, term: state.term };
  }

  #replica(member: NodeId): Watched {
    for (const replica of this.#replicas) if (replica.member === member) return replica;
    const fresh = { member, state: null, seen: 0 as LogIndex };
    this.#replicas.push(fresh);
    return fresh;
  }
}

/** A group keeps its protocol for life. */
function observerOf(state: LogState): ProtocolObserver<LogState> {
  if (isRaft(state)) return new RaftObserver() as ProtocolObserver<LogState>;
  if (isPaxos(state)) return new PaxosObserver() as ProtocolObserver<LogState>;
  if (isZab(state)) return new ZabObserver() as ProtocolObserver<LogState>;
  if (isChain(state)) return new ChainObserver() as ProtocolObserver<LogState>;
  return { look: () => {} };
}
