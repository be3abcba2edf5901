import {
  andThen,
  type Bytes,
  type Entry,
  type Failure,
  type LogIndex,
  type NodeId,
  type Now,
  type RequestId,
  refuse,
  type Ticks,
} from "../../core/index.ts";
import {
  type ChainEffect,
  type ChainState,
  type ChainStep,
  mayAct,
  replaceAfter,
} from "./state.ts";
import { inSyncLacking } from "./tenure.ts";

const FAILED_PRECONDITION = 9;

/** Appends commands to the head's log, all of a turn at once. What is refused here was not appended and never will be. */
export function onPropose(
  state: ChainState,
  now: Now,
  commands: readonly { readonly id: RequestId; readonly command: Bytes }[],
): ChainStep {
  const { role, settings, log, term: epoch } = state;
  const refusal = refusalOf(state, now.ticks);
  if (refusal !== null || role.type !== "Head")
    return [state, commands.map(({ id }) => refuse(id, refusal ?? nobody(null)))];
  const effects: ChainEffect[] = [];
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
  return andThen([state, effects], (s) =>
    recorded(replaceAfter(s, now.ticks, s.log.last, entries)),
  );
}

function refusalOf(state: ChainState, now: Ticks): Failure | null {
  const { role, office } = state;
  if (role.type === "Member") return nobody(role.head);
  if (role.handOver !== null) return nobody(role.handOver.to);
  if (!mayAct(state, now)) return nobody(null);
  const lacking = inSyncLacking(state);
  if (lacking === 0) return null;
  const inSync = office?.inSync.length ?? 0;
  return readOnly(
    `${inSync} replicas are in step and a write needs ${inSync + lacking}; writes go on when more are`,
  );
}

/** The head's log is what it says it is. */
const recorded = ([state, effects]: ChainStep): ChainStep => [
  { ...state, verified: state.log.lastIndex },
  effects,
];

const readOnly = (why: string): Failure => ({
  code: "Rejected",
  definite: true,
  status: FAILED_PRECONDITION,
  message: `quorate: read-only: ${why}`,
});

const nobody = (leaderHint: NodeId | null): Failure => ({
  code: "NotLeader",
  definite: true,
  leaderHint,
});
