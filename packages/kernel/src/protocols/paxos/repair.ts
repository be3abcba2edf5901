import {
  andThen,
  type Ballot,
  ballotOf,
  type GroupConfig,
  NO_BALLOT,
  NO_EFFECTS,
  type NodeId,
  type Now,
  roundOf,
} from "../../core/index.ts";
import type { PaxosMessage, Slot } from "./message.ts";
import { decodeRecord } from "./record.ts";
import type { PaxosSettings } from "./settings.ts";
import { start } from "./start.ts";
import {
  becomeFollower,
  type PaxosState,
  type PaxosStep,
  persistHardState,
  promiseBallot,
} from "./state.ts";

/**
 * A replica that lost durable records (MP-6) has forgotten promises that it gave and values that it accepted. Paxos Made Live (§5.1)
 * lets it come back as a non-voting member until it has seen chosen one instance that was begun after it began to rebuild. That is
 * enough where every instance is prepared by itself. Here one promise covers all slots to come, and it is not: of five, D asks R for a
 * promise of ballot 9, and gets it; R loses its disk; A, still leading under ballot 5, has a slot chosen by A, B, C, which R sees; R
 * accepts the next slot under 5, and with A and B it is chosen; then C promises 9 too, and D, with its own promise, C's and the one
 * that R forgot, proposes something else there. So the rule here has two parts:
 *
 * 1. `blind`: R does not know which ballots it has promised. It leaps 2^20 rounds above the first leader's ballot that it hears, and
 *    promises that. This leader is rejected, and whoever leads next has a ballot above all that R can have promised, and was promised
 *    it by a majority without R, which promises nothing (below).
 * 2. `repairing`: it takes what is chosen, but promises nothing and accepts nothing, until it knows as chosen the first slot of such a
 *    leader's own (`Heartbeat.ownFrom`), and with it all before.
 *
 * Why then nothing that it forgot matters. Forgotten promises were of ballots below the leap, and all it does from now on is above
 * it, so none is broken. A forgotten acceptance may have made a value chosen; then somebody else in that majority is in the one that
 * the leader prepared with, for R is not in it, and had accepted before it promised. So the leader found the value, and gave it a
 * slot before its own first; R knows it as chosen. Behind that slot nothing was chosen under an older ballot, nor can be.
 */
export function startRepairing(
  settings: PaxosSettings,
  self: NodeId,
  config: GroupConfig,
  readable: Iterable<Uint8Array>,
  seed: bigint,
  now: Now,
): PaxosStep {
  let promised = NO_BALLOT;
  for (const bytes of readable)
    promised = Math.max(promised, decodeRecord(bytes).hardState.promised) as Ballot;
  const begun = start(settings, self, config, { checkpoint: null, records: [] }, seed, now);
  if (begun === null) throw new RangeError("an empty replica always starts");
  const blind = settings.rules.repairPastLostPromises;
  const state = { ...begun[0], term: promised, highest: promised, repairing: true, blind };
  return persistHardState(state, now.ticks);
}

/** Rounds that may lie between a leader's and the highest in which a lost promise was given: each takes an election. */
const ROUNDS_LOST_MAX = 2 ** 20;

/** The first word of a leader: from here on no ballot can come that this replica has promised and forgotten. */
export function leapPastLostPromises(
  state: PaxosState,
  now: Now,
  message: PaxosMessage,
): PaxosStep {
  const leads =
    message.type === "Accept" || message.type === "Heartbeat" || message.type === "Decided";
  if (!state.blind || !leads) return [state, NO_EFFECTS];
  const known = Math.max(state.highest, message.ballot) as Ballot;
  const beyond = ballotOf(roundOf(known) + ROUNDS_LOST_MAX, 0);
  const seeing = becomeFollower({ ...state, blind: false }, now.ticks, null);
  return promiseBallot(seeing, now.ticks, beyond);
}

/** Whole again: part 2 of the rule. `ownFrom` is of a leader whose ballot lies above the leap, for lower ones are rejected. */
export function repaired(step: PaxosStep, now: Now, ownFrom: Slot): PaxosStep {
  const [state] = step;
  if (!state.repairing || state.blind) return step;
  const whole = state.settings.rules.repairedBySeeing
    ? state.commitIndex >= ownFrom
    : state.commitIndex > 0;
  if (!whole) return step;
  return andThen(step, (s) =>
    persistHardState({ ...s, repairing: false, acceptedUnder: s.term }, now.ticks),
  );
}
