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
import type { ChainMessage } from "./message.ts";
import { decodeRecord, encodeHardState } from "./record.ts";
import type { ChainSettings } from "./settings.ts";
import { start, startRepairing } from "./start.ts";
import { type ChainState, hardStateOf, mayAct } from "./state.ts";
import { step, wakeAt } from "./step.ts";

/** Chain replication with an appointed head (card 10), and CRAQ's reads as an option. */
export function chain(settings: ChainSettings): LogProtocol<ChainState, ChainMessage> {
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

export const isChain = (state: LogState): state is ChainState => state.protocol === "chain";

/** A head that may not act now has no duties: what it proposed would be refused. */
function standing(state: ChainState): Standing {
  const { role, self, hung, able, log, fork, installing, durableIndex } = state;
  const epoch = log.epochAt(durableIndex) ?? log.base.epoch;
  const durable = { index: durableIndex, epoch };
  const unfit = hung || fork !== null || installing !== null ? ({ unfit: true } as const) : {};
  return role.type === "Head"
    ? {
        role: "leader",
        leader: self,
        termStart: able ? role.base : null,
        termBefore: epochBefore(log, role.base),
        durable,
        ...unfit,
      }
    : { role: "follower", leader: role.head, termStart: null, termBefore: 0, durable, ...unfit };
}

const isInStep = ({ office }: ChainState, member: NodeId): boolean =>
  office?.inSync.includes(member) === true;

/**
 * What is committed every member of the chain has on its disk that is in step and has lost nothing; others say in their answers to beats
 * how far they are.
 */
function holders(state: ChainState, now: Now, at: LogIndex): readonly NodeId[] {
  const { role, self, office, chain, commitIndex, durableIndex } = state;
  if (role.type !== "Head" || !mayAct(state, now.ticks)) return [];
  const others = role.known.members.filter((member) => {
    const known = role.known.get(member);
    if (known === undefined || known.memory === "lost" || known.memory === "blank") return false;
    const placed = office?.inSync.includes(member) === true && chain?.order.includes(member);
    return (placed === true && commitIndex >= at) || known.held >= at;
  });
  return durableIndex >= at ? [self, ...others] : others;
}

function lastIndexIn(bytes: Bytes): LogIndex {
  const record = decodeRecord(bytes);
  if (record.type !== "Append") return 0 as LogIndex;
  return (record.prev.index + record.entries.length) as LogIndex;
}
