import type { Failure } from "../failure.ts";
import type { Bytes, LogIndex, NodeId, RequestId, Ticks } from "../ids.ts";
import type { Effect, Entry, Now, Step } from "../seam.ts";
import { andThen, NO_EFFECTS, refuse } from "../step.ts";
import type { Appointed } from "./appointed.ts";
import { replaceAfter } from "./log-writes.ts";
import { type AppointedState, mayAct } from "./state.ts";
import { inSyncLacking } from "./tenure.ts";

const FAILED_PRECONDITION = 9;

/** Appends commands to the leader's log, all of a turn at once. What is refused here was not appended and never will be. */
export function onPropose<S extends AppointedState, M>(
  protocol: Appointed<S, M>,
  state: S,
  now: Now,
  commands: readonly { readonly id: RequestId; readonly command: Bytes }[],
): Step<S, M> {
  const { settings, log, term: epoch } = state;
  const refusal = refusalOf(protocol, state, now.ticks);
  if (refusal !== null) return [state, commands.map(({ id }) => refuse(id, refusal))];
  const effects: Effect<M>[] = [];
  const entries: Entry[] = [];
  const uncommitted = log.lastIndex - state.commitIndex;
  let bytes =
    uncommitted === 0 ? 0 : Math.ceil((log.bytes * uncommitted) / Math.max(1, log.length));
  for (const { id, command } of commands) {
    bytes += command.length;
    const full =
      uncommitted + entries.length >= settings.uncommittedEntriesMax ||
      bytes > settings.uncommittedBytesMax;
    const retryAfterTicks = settings.heartbeatTicks as Ticks;
    if (full) effects.push(refuse(id, { code: "Overloaded", definite: true, retryAfterTicks }));
    else
      entries.push({
        index: (log.lastIndex + 1 + entries.length) as LogIndex,
        epoch,
        kind: "command",
        command,
      });
  }
  if (entries.length === 0) return [state, effects];
  return andThen<S, M>([state, effects], (s) =>
    andThen<S, M>(replaceAfter(s, now.ticks, s.log.last, entries), (next) => [
      protocol.appended(next, now.ticks),
      NO_EFFECTS,
    ]),
  );
}

function refusalOf<S extends AppointedState, M>(
  protocol: Appointed<S, M>,
  state: S,
  now: Ticks,
): Failure | null {
  const { role, office } = state;
  if (role.type === "Follower") return notLeader(role.leader);
  if (role.handOver !== null) return notLeader(role.handOver.to);
  if (!mayAct(state, now)) return notLeader(null);
  const own = protocol.refusal(state, now);
  if (own !== null) return own;
  const lacking = inSyncLacking(state);
  if (lacking === 0) return null;
  const inSync = office?.inSync.length ?? 0;
  return readOnly(
    `${inSync} replicas are in step and a write needs ${inSync + lacking}; reads go on, writes when more are back`,
  );
}

const notLeader = (leaderHint: NodeId | null): Failure => ({
  code: "NotLeader",
  definite: true,
  leaderHint,
});

/** Read-only instead of an outage (catalogue C8). */
export const readOnly = (why: string): Failure => ({
  code: "Rejected",
  definite: true,
  status: FAILED_PRECONDITION,
  message: `quorate: read-only: ${why}`,
});
