import {
  type GroupConfig,
  Log,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Position,
} from "../../core/index.ts";
import { withConfigs } from "./configuration.ts";
import { withProgress } from "./lead.ts";
import type { Slot } from "./message.ts";
import { encodeInstalled } from "./record.ts";
import { becomeFollower, hardStateOf, type PaxosState, type PaxosStep, persist } from "./state.ts";

/** The snapshot streamed to a member arrived, or did not: either way its own word is waited for, in its next answer to a heartbeat. */
export function onTransferred(state: PaxosState, to: NodeId): PaxosStep {
  const { role } = state;
  const progress = role.type === "Leader" ? role.progress.get(to) : undefined;
  if (role.type !== "Leader" || progress === undefined || progress.mode !== "snapshot")
    return [state, NO_EFFECTS];
  return [withProgress(state, role, to, { ...progress, mode: "unknown" }), NO_EFFECTS];
}

/** Only what is decided and not known here is worth installing. */
export const wants = (state: PaxosState, at: Position): boolean =>
  at.index > state.commitIndex && state.installing === null;

/**
 * A snapshot is being made durable; until it is the log stands still. Whoever prepares or leads and gets one has been overtaken: more
 * is decided than it knows.
 */
export function onInstalling(state: PaxosState, now: Now, at: Position): PaxosStep {
  const next = state.role.type === "Follower" ? state : becomeFollower(state, now.ticks, null);
  return [{ ...next, installing: at }, NO_EFFECTS];
}

/**
 * The machine now is the snapshot, and its checkpoint is durable: the log starts there. What is accepted beyond it stays accepted; the
 * records of that lie before the checkpoint's cover, so the checkpoint carries it (`metaOf`).
 */
export function onInstalled(
  state: PaxosState,
  now: Now,
  at: Position,
  config: GroupConfig,
): PaxosStep {
  state.accepted.dropUpTo(at.index as Slot);
  const next: PaxosState = {
    ...state,
    log: Log.startingAt({ epoch: 0, index: at.index }),
    commitIndex: at.index,
    lastApplied: at.index,
    configs: withConfigs([{ index: at.index, config }], [], at.index, at.index),
    installing: null,
  };
  return persist(next, now.ticks, encodeInstalled(hardStateOf(next), at, config), 0 as LogIndex);
}
