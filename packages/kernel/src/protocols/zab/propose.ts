import {
  andThen,
  type Bytes,
  type LogIndex,
  type NodeId,
  type Now,
  type RequestId,
  refuse,
  type Ticks,
} from "../../core/index.ts";
import { appendOwn, type Draft } from "./history.ts";
import { type Leading, leaderOf, type ZabEffect, type ZabState, type ZabStep } from "./state.ts";

/**
 * Appends commands to the leader's history, all of a turn at once. What is refused here is refused for certain: it was
 * not appended and never will be, so its origin may send it elsewhere.
 */
export function onPropose(
  state: ZabState,
  now: Now,
  commands: readonly { readonly id: RequestId; readonly command: Bytes }[],
): ZabStep {
  const { role, settings } = state;
  if (role.type !== "Leading" || role.phase !== "broadcast" || role.transfer !== null)
    return [state, refuseAll(commands, hintOf(state))];
  const accepted: Draft[] = [];
  const effects: ZabEffect[] = [];
  let entries = state.log.lastIndex - state.commitIndex;
  let bytes = uncommittedBytes(state);
  const room = counterRoom(state, role);
  for (const { id, command } of commands) {
    entries += 1;
    bytes += command.length;
    if (
      entries > settings.uncommittedEntriesMax ||
      bytes > settings.uncommittedBytesMax ||
      accepted.length >= room
    ) {
      const retryAfterTicks = settings.pingTicks as Ticks;
      effects.push(refuse(id, { code: "Overloaded", definite: true, retryAfterTicks }));
    } else {
      accepted.push({ kind: "command", command });
    }
  }
  return accepted.length === 0
    ? [state, effects]
    : andThen([state, effects], (s) => appendOwn(s, now, accepted));
}

/** Proposals that the epoch has counters for (ZB-8). The no-op behind the initial history has the counter 0. */
export const counterRoom = ({ log, settings }: ZabState, role: Leading): number =>
  settings.counterMax - (log.lastIndex - termStartOf(role));

/** The index of the epoch's first own proposal. */
export const termStartOf = ({ initialLast }: Leading): LogIndex => (initialLast + 1) as LogIndex;

function hintOf(state: ZabState): NodeId | null {
  const { role } = state;
  return role.type === "Leading" ? (role.transfer?.to ?? null) : leaderOf(state);
}

function refuseAll(
  commands: readonly { readonly id: RequestId }[],
  leaderHint: NodeId | null,
): readonly ZabEffect[] {
  return commands.map(({ id }) => refuse(id, { code: "NotLeader", definite: true, leaderHint }));
}

/** An upper bound that costs nothing: the bytes of the tail, exact once what is committed has been dropped. */
function uncommittedBytes({ log, commitIndex }: ZabState): number {
  const uncommitted = log.lastIndex - commitIndex;
  return uncommitted === 0 ? 0 : Math.ceil((log.bytes * uncommitted) / Math.max(1, log.length));
}
