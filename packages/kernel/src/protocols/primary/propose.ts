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
  mayAct,
  type Primary,
  type PrimaryEffect,
  type PrimaryState,
  type PrimaryStep,
  replaceAfter,
} from "./state.ts";
import { inSyncLacking } from "./tenure.ts";

const FAILED_PRECONDITION = 9;

/** Appends commands to the primary's log, all of a turn at once. What is refused here was not appended and never will be. */
export function onPropose(
  state: PrimaryState,
  now: Now,
  commands: readonly { readonly id: RequestId; readonly command: Bytes }[],
): PrimaryStep {
  const { role, settings, log, term: epoch } = state;
  const refusal = refusalOf(state, now.ticks);
  if (refusal !== null || role.type !== "Primary")
    return [state, commands.map(({ id }) => refuse(id, refusal ?? nobody(null)))];
  const effects: PrimaryEffect[] = [];
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
  const waiting: Primary = { ...role, waitingSince: role.waitingSince ?? now.ticks };
  return andThen([{ ...state, role: waiting }, effects], (s: PrimaryState) =>
    replaceAfter(s, now.ticks, s.log.last, entries),
  );
}

function refusalOf(state: PrimaryState, now: Ticks): Failure | null {
  const { role, office } = state;
  if (role.type === "Secondary") return nobody(role.primary);
  if (role.handOver !== null) return nobody(role.handOver.to);
  if (!mayAct(state, now)) return nobody(null);
  const missing = missed(state, now);
  if (missing !== null)
    return readOnly(
      `a write needs every replica, and ${missing} is missing; reads go on, writes when it is back`,
    );
  const lacking = inSyncLacking(state);
  if (lacking === 0) return null;
  const inSync = office?.inSync.length ?? 0;
  return readOnly(
    `${inSync} replicas are in step and a write needs ${inSync + lacking}; reads go on, writes when more are back`,
  );
}

/** Where a write needs all and nobody is ever declared out of step: who has not been heard for so long that it would wait in vain. */
function missed({ role, settings }: PrimaryState, now: Ticks): NodeId | null {
  const { acks, shrinkTicks, silenceTicks, retransmitTicks } = settings;
  if (role.type !== "Primary" || acks !== "all" || shrinkTicks !== null) return null;
  const { members, values } = role.progress;
  const at = values.findIndex(({ heardAt }) => now - heardAt > silenceTicks + retransmitTicks);
  return members[at] ?? null;
}

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
