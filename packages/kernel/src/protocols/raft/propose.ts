import {
  andThen,
  type Bytes,
  type NodeId,
  type Now,
  type RequestId,
  refuse,
  type Ticks,
} from "../../core/index.ts";
import { appendOwn, type Draft } from "./log-writes.ts";
import type { RaftEffect, RaftState, RaftStep } from "./state.ts";

/**
 * Appends commands to the leader's log, all of a turn at once. What is refused here is refused for certain: it was
 * not appended and never will be, so its origin may send it elsewhere.
 */
export function onPropose(
  state: RaftState,
  now: Now,
  commands: readonly { readonly id: RequestId; readonly command: Bytes }[],
): RaftStep {
  const role = state.role;
  if (role.type !== "Leader" || role.transfer !== null) {
    const leaderHint =
      role.type === "Follower"
        ? role.leader
        : role.type === "Leader"
          ? (role.transfer?.to ?? null)
          : null;
    return [state, refuseAll(commands, leaderHint)];
  }
  const accepted: Draft[] = [];
  const effects: RaftEffect[] = [];
  let entries = state.log.lastIndex - state.commitIndex;
  let bytes = uncommittedBytes(state);
  for (const { id, command } of commands) {
    entries += 1;
    bytes += command.length;
    if (
      entries > state.settings.uncommittedEntriesMax ||
      bytes > state.settings.uncommittedBytesMax
    ) {
      effects.push(
        refuse(id, {
          code: "Overloaded",
          definite: true,
          retryAfterTicks: state.settings.heartbeatTicks as Ticks,
        }),
      );
    } else {
      accepted.push({ kind: "command", command });
    }
  }
  if (accepted.length === 0) return [state, effects];
  const busy = { ...state, role: { ...role, lastBusyAt: now.ticks } };
  return andThen([busy, effects], (s: RaftState) => appendOwn(s, now, accepted));
}

function refuseAll(
  commands: readonly { readonly id: RequestId }[],
  leaderHint: NodeId | null,
): readonly RaftEffect[] {
  return commands.map(({ id }) => refuse(id, { code: "NotLeader", definite: true, leaderHint }));
}

/** An upper bound that costs nothing: the bytes of the tail, exact once what is committed has been dropped. */
function uncommittedBytes(state: RaftState): number {
  const uncommitted = state.log.lastIndex - state.commitIndex;
  return uncommitted === 0
    ? 0
    : Math.ceil((state.log.bytes * uncommitted) / Math.max(1, state.log.length));
}
