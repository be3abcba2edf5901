import type { GroupConfig, NodeId, Now } from "../../core/index.ts";
import type { Epoch } from "./message.ts";
import { decodeRecord } from "./record.ts";
import type { ZabSettings } from "./settings.ts";
import { start } from "./start.ts";
import { accepting, persistHardState, type ZabState, type ZabStep } from "./state.ts";

/**
 * A replica that lost durable records has forgotten promises and acknowledgements. The paper knows no such failure. It
 * begins again, empty, counts nowhere (no candidate, no vote, no promise, no acknowledgement that counts), takes a
 * leader's history like an observer, and is whole once it is up to date in an epoch that was chosen after that leader
 * knew of the loss, and established by others. Why that is enough:
 *
 * - A majority without this replica promised that epoch, after the loss. Whatever was committed with its lost
 *   acknowledgement is held by one of them, so it is in the initial history of the epoch, which is taken over here.
 * - A later epoch in which its lost promise might count needs a member that also acknowledged this epoch's NEWLEADER, and
 *   did so before it promised the later one. That member's `currentEpoch` is ahead of the later leader's, which chose its
 *   epoch before the loss; so that leader gives up.
 *
 * A leader that is established already begins another epoch once such a follower is in step; see `restartForRepaired`.
 */
export function startRepairing(
  settings: ZabSettings,
  self: NodeId,
  config: GroupConfig,
  readable: Iterable<Uint8Array>,
  seed: bigint,
  now: Now,
): ZabStep {
  let highest = 0;
  for (const bytes of readable)
    highest = Math.max(highest, decodeRecord(bytes).hardState.acceptedEpoch);
  const begun = start(settings, self, config, { checkpoint: null, records: [] }, seed, now);
  if (begun === null) throw new RangeError("an empty replica always starts");
  const state: ZabState = { ...accepting(begun[0], highest as Epoch, null), repairing: true };
  return persistHardState(state, now.ticks);
}
