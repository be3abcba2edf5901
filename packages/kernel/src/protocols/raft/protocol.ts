import {
  epochBefore,
  type LogIndex,
  type LogProtocol,
  type NodeId,
  type Now,
  type Standing,
} from "../../core/index.ts";
import { decodeMessage, encodeMessage, holdsEntries } from "./codec.ts";
import type { RaftMessage } from "./message.ts";
import { decodeRecord, encodeHardState } from "./record.ts";
import { startRepairing } from "./repair.ts";
import type { RaftSettings } from "./settings.ts";
import { start } from "./start.ts";
import { hardStateOf, leaderOf, type RaftState, type Role } from "./state.ts";
import { step, wants } from "./step.ts";
import { wakeAt } from "./timers.ts";

/** Raft (Ongaro and Ousterhout 2014), with the extensions of Ongaro's dissertation that README.md lists. */
export function raft(settings: RaftSettings): LogProtocol<RaftState, RaftMessage> {
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

const ROLES = {
  Leader: "leader",
  Follower: "follower",
  PreCandidate: "candidate",
  Candidate: "candidate",
} as const satisfies Record<Role["type"], Standing["role"]>;

function standing(state: RaftState): Standing {
  const { role, log } = state;
  const termStart = role.type === "Leader" ? role.termStart : null;
  const termBefore = termStart === null ? 0 : epochBefore(log, termStart);
  return { role: ROLES[role.type], leader: leaderOf(state), termStart, termBefore };
}

/** Counting such a member's vote takes nothing from the majority (dissertation §4.2.1). */
function isInStep({ role, log, settings }: RaftState, member: NodeId): boolean {
  const progress = role.type === "Leader" ? role.progress.get(member) : undefined;
  if (progress === undefined || progress.mode !== "replicate") return false;
  return progress.matchIndex + settings.promoteLagMax >= log.lastIndex;
}

/** A follower says how far its log goes once that is on its disk; a leader counts itself by the same rule. */
function holders(
  { role, self, settings, durableIndex, log }: RaftState,
  _now: Now,
  at: LogIndex,
): readonly NodeId[] {
  if (role.type !== "Leader") return [];
  const own = settings.rules.countSelfWhenDurable ? durableIndex : log.lastIndex;
  const { members, values } = role.progress;
  const others = members.filter((_, i) => (values[i]?.matchIndex ?? 0) >= at);
  return own >= at ? [self, ...others] : others;
}

function lastIndexIn(bytes: Uint8Array): LogIndex {
  const record = decodeRecord(bytes);
  if (record.type !== "Append") return 0 as LogIndex;
  return (record.prev.index + record.entries.length) as LogIndex;
}
