import {
  crc32c,
  type LogIndex,
  NO_POSITION,
  type NodeId,
  type Position,
} from "@quorate/kernel/core";
import { type Digest, stateMachineSafety } from "@quorate/kernel/raft";
import {
  type Established,
  leaderCompleteness,
  monotonicEpochs,
  oneLeaderPerEpoch,
  primaryIntegrity,
  type Violation,
  type ZabState,
} from "@quorate/kernel/zab";

/** What is remembered of one member's replica. */
interface Watched {
  /** Up to where its delivered entries have been looked at. */
  seen: LogIndex;
  /** It leads the established epoch of this number. */
  led: number;
  /** The epochs on its disk. */
  epochs: Pick<ZabState, "acceptedEpoch" | "currentEpoch"> | null;
}

/** Holds the properties of the paper against a ZAB group, replica by replica, as each takes a step. */
export class ZabObserver {
  readonly #committed = new Map<LogIndex, Digest>();
  readonly #established: Established = new Map();
  readonly #replicas = new Map<NodeId, Watched>();
  #lastCommitted: Position = NO_POSITION;

  /** What is broken in this replica's newest state, seen together with all others. */
  look(state: ZabState): readonly Violation[] {
    const replica = this.#replica(state.self);
    const found: (Violation | null)[] = [];
    if (replica.epochs !== null) found.push(monotonicEpochs(replica.epochs, state));
    // What was adopted and is not durable yet may be forgotten by a crash: nobody was told of it.
    if (state.undurable.length === 0) replica.epochs = state;
    const { role, acceptedEpoch } = state;
    if (role.type === "Leading" && role.phase === "broadcast" && replica.led !== acceptedEpoch) {
      replica.led = acceptedEpoch;
      found.push(oneLeaderPerEpoch(this.#established, state));
      found.push(leaderCompleteness(state, this.#lastCommitted));
    }
    this.#lookAtCommitted(state, replica, found);
    return found.filter((violation) => violation !== null);
  }

  /** It crashed: what it knows begins anew. One that lost records has forgotten its epochs with them. */
  forget(member: NodeId, repaired: boolean): void {
    const { epochs } = this.#replica(member);
    this.#replicas.set(member, { seen: 0 as LogIndex, led: 0, epochs: repaired ? null : epochs });
  }

  #lookAtCommitted(state: ZabState, replica: Watched, found: (Violation | null)[]): void {
    const { log, self, commitIndex } = state;
    const from = Math.max(Math.min(replica.seen, commitIndex), log.base.index) as LogIndex;
    replica.seen = commitIndex;
    if (commitIndex <= from) return;
    for (const { index, epoch, kind, command } of log.slice(from, commitIndex)) {
      const digest = { epoch, kind, checksum: crc32c(command) };
      found.push(stateMachineSafety(this.#committed, index, digest, self));
      found.push(primaryIntegrity(this.#established, { epoch, index }, self));
    }
    const epoch = log.epochAt(commitIndex);
    if (commitIndex > this.#lastCommitted.index && epoch !== null)
      this.#lastCommitted = { index: commitIndex, epoch };
  }

  #replica(member: NodeId): Watched {
    const known = this.#replicas.get(member);
    if (known !== undefined) return known;
    const fresh: Watched = { seen: 0 as LogIndex, led: 0, epochs: null };
    this.#replicas.set(member, fresh);
    return fresh;
  }
}
