import type { Entry, NodeId } from "@quorate/kernel/core";
import {
  type Established,
  leaderCompleteness,
  monotonicEpochs,
  oneLeaderPerEpoch,
  primaryIntegrity,
  type ZabState,
} from "@quorate/kernel/zab";
import type { Hold, LastCommitted, ProtocolObserver } from "./protocol-observer.ts";

type Epochs = Pick<ZabState, "acceptedEpoch" | "currentEpoch">;

/** The properties of Junqueira 2011. */
export class ZabObserver implements ProtocolObserver<ZabState> {
  readonly #established: Established = new Map();
  /** The epochs on each member's disk. */
  readonly #epochs = new Map<NodeId, Epochs>();

  look(state: ZabState, before: ZabState | null, committed: LastCommitted, hold: Hold): void {
    this.#lookAtEpochs(state, before, hold);
    const { role } = state;
    if (role.type !== "Leading" || role.phase !== "broadcast" || role.epoch === null) return;
    const { role: was } = before ?? { role: null };
    if (was?.type === "Leading" && was.phase === "broadcast" && was.epoch === role.epoch) return;
    hold(oneLeaderPerEpoch(this.#established, state));
    // That its epoch is established it may hear late, when a later one has delivered more.
    if (role.epoch > committed.term) hold(leaderCompleteness(state, committed));
  }

  handedOut(entry: Entry, self: NodeId, hold: Hold): void {
    hold(primaryIntegrity(this.#established, entry, self));
  }

  #lookAtEpochs(state: ZabState, before: ZabState | null, hold: Hold): void {
    const { self, acceptedEpoch, currentEpoch, undurable } = state;
    const same = before?.acceptedEpoch === acceptedEpoch && before.currentEpoch === currentEpoch;
    if (same && before.undurable === undurable) return;
    // One that begins to be rebuilt has forgotten its epochs with its records.
    const forgotten = before === null && state.repairing;
    const known = forgotten ? undefined : this.#epochs.get(self);
    if (known !== undefined) hold(monotonicEpochs(known, state));
    // What was adopted and is not durable yet may be forgotten by a crash: nobody was told of it.
    if (undurable.length === 0 || forgotten)
      this.#epochs.set(self, { acceptedEpoch, currentEpoch });
  }
}
