import { type ChainState, updatePropagation } from "@quorate/kernel/chain";
import type { NodeId } from "@quorate/kernel/core";
import type { Hold, LastCommitted, ProtocolObserver } from "./protocol-observer.ts";

/** The invariant of van Renesse and Schneider 2004. */
export class ChainObserver implements ProtocolObserver<ChainState> {
  /** The newest state of each member: of one that is down as it last was. */
  readonly #states = new Map<NodeId, ChainState>();

  look(state: ChainState, before: ChainState | null, _: LastCommitted, hold: Hold): void {
    this.#states.set(state.self, state);
    const { chain, verified, log } = state;
    const same = before?.chain === chain && before.verified === verified;
    if (same && before.log === log) return;
    for (const other of this.#states.values())
      if (other.self !== state.self) hold(updatePropagation(state, other));
  }
}
