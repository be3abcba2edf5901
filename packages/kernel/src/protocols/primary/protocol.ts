import {
  type Bytes,
  epochBefore,
  type LogIndex,
  type LogProtocol,
  type LogState,
  type NodeId,
  type Now,
  type Standing,
} from "../../core/index.ts";
import { decodeMessage, encodeMessage, holdsEntries } from "./codec.ts";
import { wants } from "./installation.ts";
import type { PrimaryMessage } from "./message.ts";
import { decodeRecord, encodeHardState } from "./record.ts";
import type { PrimarySettings } from "./settings.ts";
import { start, startRepairing } from "./start.ts";
import { hardStateOf, mayAct, type PrimaryState } from "./state.ts";
import { step, wakeAt } from "./step.ts";

/** Primary–secondary replication with an appointed primary (cards 1, 2, 3, 8, 9): synchronous, semi-synchronous or asynchronous. */
export function primary(settings: PrimarySettings): LogProtocol<PrimaryState, PrimaryMessage> {
  return {
    start: (self, config, recovered, _seed, now) => start(settings, self, config, recovered, now),
    repair: (self, config, readable, _seed, now) =>
      startRepairing(settings, self, config, readable, now),
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

export const isPrimary = (state: LogState): state is PrimaryState => state.protocol === "primary";

/** A primary that may not act now has no duties: what it proposed would be refused. */
function standing(state: PrimaryState): Standing {
  const { role, self, hung, able, log, fork, installing, durableIndex } = state;
  const epoch = log.epochAt(durableIndex) ?? log.base.epoch;
  const durable = { index: durableIndex, epoch };
  const unfit = hung || fork !== null || installing !== null ? ({ unfit: true } as const) : {};
  return role.type === "Primary"
    ? {
        role: "leader",
        leader: self,
        termStart: able ? role.base : null,
        termBefore: epochBefore(log, role.base),
        durable,
        ...unfit,
      }
    : { role: "follower", leader: role.primary, termStart: null, termBefore: 0, durable, ...unfit };
}

const isInStep = ({ office }: PrimaryState, member: NodeId): boolean =>
  office?.inSync.includes(member) === true;

/** What a secondary said before this epoch is forgotten with it; and a primary whose time is over knows nothing any more. */
function holders(state: PrimaryState, now: Now, at: LogIndex): readonly NodeId[] {
  const { role, self, settings, durableIndex, log } = state;
  if (role.type !== "Primary" || !mayAct(state, now.ticks)) return [];
  const own = settings.rules.countSelfWhenDurable ? durableIndex : log.lastIndex;
  const { members, values } = role.progress;
  const others = members.filter((_, i) => (values[i]?.match ?? 0) >= at);
  return own >= at ? [self, ...others] : others;
}

function lastIndexIn(bytes: Bytes): LogIndex {
  const record = decodeRecord(bytes);
  if (record.type !== "Append") return 0 as LogIndex;
  return (record.prev.index + record.entries.length) as LogIndex;
}
