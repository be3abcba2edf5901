import type { Bytes, LogIndex, NodeId, Ticks } from "../ids.ts";
import { epochBefore, type LogProtocol, type Standing } from "../log-protocol.ts";
import type { Appointed } from "./appointed.ts";
import { hardStateOf } from "./log-writes.ts";
import { decodeRecord, encodeHardState } from "./record.ts";
import { type AppointedState, mayAct } from "./state.ts";
import { step, wakeAt } from "./step.ts";

type Own<S extends AppointedState, M> = Pick<
  LogProtocol<S, M>,
  "start" | "repair" | "wants" | "encode" | "decode" | "holdsEntries"
>;

/** A protocol whose leader is appointed, as a protocol of a log like any other: interchangeable under every machine. */
export const appointed = <S extends AppointedState, M>(
  protocol: Appointed<S, M>,
  own: Own<S, M>,
): LogProtocol<S, M> => ({
  ...own,
  step: (state, now, inputs) => step(protocol, state, now, inputs),
  meta: (state) => encodeHardState(hardStateOf(state)),
  wakeAt: (state) => wakeAt(protocol, state),
  standing,
  isInStep: ({ office }: AppointedState, member: NodeId) =>
    office?.inSync.includes(member) === true,
  holders: (state, now, at) => holders(protocol, state, now.ticks, at),
  lastIndexIn,
});

/** A leader that may not act now has no duties: what it proposed would be refused. */
function standing(state: AppointedState): Standing {
  const { role, self, office, hung, able, log, fork, installing, durableIndex } = state;
  const epoch = log.epochAt(durableIndex) ?? log.base.epoch;
  const durable = { index: durableIndex, epoch };
  const said = {
    durable,
    ...(office === null ? {} : { inStep: office.inSync }),
    ...(hung || fork !== null || installing !== null ? ({ unfit: true } as const) : {}),
  };
  if (role.type === "Follower")
    return { role: "follower", leader: role.leader, termStart: null, termBefore: 0, ...said };
  return {
    role: "leader",
    leader: self,
    termStart: able ? role.base : null,
    termBefore: epochBefore(log, role.base),
    ...said,
  };
}

/** What a member said before this epoch is forgotten with it; and a leader whose time is over knows nothing any more. */
function holders<S extends AppointedState, M>(
  protocol: Appointed<S, M>,
  state: S,
  now: Ticks,
  at: LogIndex,
): readonly NodeId[] {
  if (state.role.type !== "Leader" || !mayAct(state, now)) return [];
  // Who holds an entry of an earlier epoch, and none of this one, may be outvoted by an epoch between.
  const upTo = Math.max(at, state.role.base) as LogIndex;
  const others = protocol.heldBy(state, upTo);
  return protocol.ownHeld(state) >= upTo ? [state.self, ...others] : others;
}

function lastIndexIn(bytes: Bytes): LogIndex {
  const record = decodeRecord(bytes);
  if (record.type !== "Append") return 0 as LogIndex;
  return (record.prev.index + record.entries.length) as LogIndex;
}
