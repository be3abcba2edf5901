import {
  type Bytes,
  configOf,
  type Entry,
  type Failure,
  type LogIndex,
  type Now,
  type RequestId,
  type Ticks,
} from "../../core/index.ts";
import {
  andThen,
  mayAct,
  type Primary,
  type PrimaryEffect,
  type PrimaryState,
  type PrimaryStep,
  refuse,
  replaceAfter,
} from "./state.ts";

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
  return andThen([{ ...state, role: waiting }, effects], (s) =>
    replaceAfter(s, now.ticks, s.log.last, entries),
  );
}

function refusalOf(state: PrimaryState, now: Ticks): Failure | null {
  const { role, office, settings } = state;
  if (role.type === "Secondary") return nobody(role.primary);
  if (role.handOver !== null) return nobody(role.handOver.to);
  if (!mayAct(state, now)) return nobody(null);
  const inSync = office?.inSync.length ?? 0;
  const needed = Math.min(settings.inSyncMin, configOf(state).voters.length);
  if (inSync >= needed) return null;
  return {
    code: "Rejected",
    definite: true,
    status: FAILED_PRECONDITION,
    message: `quorate: read-only: ${inSync} replicas are in step and a write needs ${needed}; reads go on, writes when more are back`,
  };
}

const nobody = (leaderHint: Primary["progress"]["members"][number] | null): Failure => ({
  code: "NotLeader",
  definite: true,
  leaderHint,
});
