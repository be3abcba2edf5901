import {
  assert,
  type Bytes,
  type LogIndex,
  type LogProtocol,
  type NodeId,
  type Now,
  type Standing,
} from "../../core/index.ts";
import { decodeMessage, encodeMessage, holdsEntries } from "./codec.ts";
import { wants } from "./installation.ts";
import { isInStep } from "./membership.ts";
import type { PaxosMessage } from "./message.ts";
import { decodeRecord, encodeMeta } from "./record.ts";
import { startRepairing } from "./repair.ts";
import type { PaxosSettings } from "./settings.ts";
import { start } from "./start.ts";
import { hardStateOf, isEstablished, leaderOf, type PaxosState } from "./state.ts";
import { step } from "./step.ts";
import { wakeAt } from "./timers.ts";

/** Multi-Paxos (Lamport 1998 and 2001; Chandra, Griesemer and Redstone 2007) as a replicated log. */
export function paxos(settings: PaxosSettings): LogProtocol<PaxosState, PaxosMessage> {
  assert(settings.alpha >= 2, "who is to decide a slot is told before the last slot of others");
  return {
    start: (self, config, recovered, seed, now) =>
      start(settings, self, config, recovered, seed, now),
    repair: (self, config, readable, seed, now) =>
      startRepairing(settings, self, config, readable, seed, now),
    step,
    wakeAt,
    meta: metaOf,
    wants,
    standing,
    isInStep,
    holders,
    encode: encodeMessage,
    decode: decodeMessage,
    holdsEntries,
    lastIndexIn,
  };
}

/** Beside the promise, what is accepted and undecided: an installed snapshot's checkpoint covers the records that told of it. */
const metaOf = (state: PaxosState): Bytes =>
  encodeMeta(hardStateOf(state), state.accepted.values());

/** One that has finished phase 1 still stands until what it found is chosen again, and with it its own first entry. */
function standing(state: PaxosState): Standing {
  const { role } = state;
  if (role.type === "Follower")
    return { role: "follower", leader: role.leader, termStart: null, termBefore: 0 };
  const leads = role.type === "Leader" && isEstablished(state, role);
  return {
    role: leads ? "leader" : "candidate",
    leader: leaderOf(state),
    termStart: leads ? role.termStart : null,
    termBefore: leads ? role.before : 0,
  };
}

/** Of what is chosen. Who is being rebuilt keeps what it is told, and counts for nothing. */
function holders(state: PaxosState, _now: Now, at: LogIndex): readonly NodeId[] {
  const { role, self, settings, durableIndex, commitIndex } = state;
  if (role.type !== "Leader" || !isEstablished(state, role)) return [];
  const own = settings.rules.countSelfWhenDurable ? durableIndex : commitIndex;
  const { members, values } = role.progress;
  const others = members.filter((_, i) => {
    const progress = values[i];
    return progress !== undefined && !progress.silent && progress.held >= at;
  });
  return own >= at ? [self, ...others] : others;
}

function lastIndexIn(bytes: Bytes): LogIndex {
  const record = decodeRecord(bytes);
  if (record.type !== "Entries") return 0 as LogIndex;
  return (record.slot + record.entries.length - 1) as LogIndex;
}
