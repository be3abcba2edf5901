import { type GroupConfig, NO_EFFECTS, type NodeId, type Now } from "../../core/index.ts";
import type { RaftMessage } from "./message.ts";
import { term } from "./message.ts";
import { decodeRecord } from "./record.ts";
import type { RaftSettings } from "./settings.ts";
import { start } from "./start.ts";
import { becomeFollower, persistHardState, type RaftState, type RaftStep } from "./state.ts";

/**
 * A replica that lost durable records (RF-13, JN-2) has forgotten votes and entries that it promised to keep. It begins
 * again, empty, and is rebuilt by its leader, in two steps:
 *
 * 1. `blind`: it does not know in which terms it has voted. Whoever leads may have been elected, or have committed, by
 *    its voice, while the leader of a later term has that voice too. So it follows the first leader that it hears not
 *    at all, but leaps far beyond its term: that one steps down, and the next is elected by a majority without it.
 * 2. `repairing`: it follows, but stands and votes in no election until its log is whole: what it lost may be the very
 *    copy that made an entry committed.
 */
export function startRepairing(
  settings: RaftSettings,
  self: NodeId,
  config: GroupConfig,
  readable: Iterable<Uint8Array>,
  seed: bigint,
  now: Now,
): RaftStep {
  let highest = 0;
  for (const bytes of readable) highest = Math.max(highest, decodeRecord(bytes).hardState.term);
  const begun = start(settings, self, config, { checkpoint: null, records: [] }, seed, now);
  if (begun === null) throw new RangeError("an empty replica always starts");
  const state: RaftState = {
    ...begun[0],
    term: term(highest + 1),
    votedFor: self,
    repairing: true,
    blind: settings.rules.repairPastLostVotes,
  };
  return persistHardState(state, now.ticks);
}

/** Terms that may lie between a leader's and the highest in which a lost vote was given: each takes an election. */
const TERMS_LOST_MAX = 2 ** 20;

/** The first word of a leader: from here on no term can come in which this replica has voted and forgotten it. */
export function leapPastLostVotes(state: RaftState, now: Now, message: RaftMessage): RaftStep {
  const leads = message.type === "AppendEntries" || message.type === "Heartbeat";
  if (!state.blind || !leads) return [state, NO_EFFECTS];
  const beyond = term(Math.max(state.term, message.term) + TERMS_LOST_MAX);
  return becomeFollower({ ...state, blind: false }, now.ticks, beyond, null);
}

/**
 * A replica that was rebuilt is whole once an entry of its leader's own term is committed here: only then does its log
 * reach all that was ever committed with its voice. The leader's commit index alone proves nothing, for a new leader
 * does not know yet what its predecessor committed (§5.4.2), and a vote given too early could elect one who lacks it.
 */
export function repaired([state, effects]: RaftStep): RaftStep {
  if (!state.repairing) return [state, effects];
  const { log, commitIndex, term, settings } = state;
  const whole = settings.rules.repairedByOwnTerm
    ? log.epochAt(commitIndex) === term
    : commitIndex > 0;
  return [{ ...state, repairing: !whole }, effects];
}
