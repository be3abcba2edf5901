import {
  epochBefore,
  type LogIndex,
  type LogProtocol,
  type NodeId,
  type Now,
  type Standing,
} from "../../core/index.ts";
import { decodeMessage, encodeMessage, holdsEntries } from "./codec.ts";
import { wants } from "./installation.ts";
import type { ZabMessage } from "./message.ts";
import { termStartOf } from "./propose.ts";
import { decodeRecord, encodeHardState } from "./record.ts";
import { startRepairing } from "./repair.ts";
import type { ZabSettings } from "./settings.ts";
import { start } from "./start.ts";
import { hardStateOf, leaderOf, type ZabState } from "./state.ts";
import { step } from "./step.ts";
import { durableEnd } from "./synchronization.ts";
import { wakeAt } from "./timers.ts";

/** ZAB (Junqueira, Reed, Serafini 2011) with the synchronisation of ZooKeeper; README.md lists where it departs. */
export function zab(settings: ZabSettings): LogProtocol<ZabState, ZabMessage> {
  return {
    start: (self, config, recovered, seed, now) =>
      start(settings, self, config, recovered, seed, now),
    repair: (self, config, readable, seed, now) =>
      startRepairing(settings, self, config, readable, seed, now),
    step,
    wakeAt,
    meta: (state) => encodeHardState(hardStateOf(state)),
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

/** A leader only once its epoch is established: its history then holds all that any leader before it can have committed. */
function standing(state: ZabState): Standing {
  const { role, log } = state;
  const leader = leaderOf(state);
  if (role.type === "Following")
    return { role: "follower", leader, termStart: null, termBefore: 0 };
  if (role.type === "Looking" || role.phase !== "broadcast")
    return { role: "candidate", leader, termStart: null, termBefore: 0 };
  const termStart = termStartOf(role);
  return { role: "leader", leader, termStart, termBefore: epochBefore(log, termStart) };
}

function isInStep({ role, log, settings }: ZabState, member: NodeId): boolean {
  const progress = role.type === "Leading" ? role.followers.get(member) : undefined;
  if (progress?.stage !== "counted") return false;
  return progress.matchIndex + settings.inStepLagMax >= log.lastIndex;
}

/** Who is not counted in this epoch, because it is being repaired or not synchronised yet, holds nothing for certain. */
function holders(state: ZabState, _now: Now, at: LogIndex): readonly NodeId[] {
  const { role, self } = state;
  if (role.type !== "Leading" || role.phase !== "broadcast") return [];
  const { members, values } = role.followers;
  const others = members.filter((_, i) => {
    const progress = values[i];
    return progress?.stage === "counted" && progress.matchIndex >= at;
  });
  return durableEnd(state) >= at ? [self, ...others] : others;
}

function lastIndexIn(bytes: Uint8Array): LogIndex {
  const record = decodeRecord(bytes);
  if (record.type !== "Append") return 0 as LogIndex;
  return (record.prev.index + record.entries.length) as LogIndex;
}
