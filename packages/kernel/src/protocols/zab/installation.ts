import {
  andThen,
  type GroupConfig,
  Log,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Position,
  replacedOnDisk,
} from "../../core/index.ts";
import { tellEpoch } from "./discovery.ts";
import { look } from "./election.ts";
import type { Epoch } from "./message.ts";
import { encodeInstalled } from "./record.ts";
import {
  accepting,
  hardStateOf,
  persist,
  persistHardState,
  send,
  withProgress,
  type ZabState,
  type ZabStep,
} from "./state.ts";
import { historyEnd } from "./synchronization.ts";

/** Whether a snapshot at this position brings anything: what the history holds already is delivered in place instead. */
export const wants = (state: ZabState, at: Position): boolean =>
  at.index > state.commitIndex &&
  state.log.epochAt(at.index) !== at.epoch &&
  state.installing === null;

/** SNAP arrived, or did not: either way the follower is asked anew where its history ends. */
export function onTransferred(state: ZabState, to: NodeId): ZabStep {
  const progress = state.role.type === "Leading" ? state.role.followers.get(to) : undefined;
  if (progress?.mode !== "snapshot") return [state, NO_EFFECTS];
  return tellEpoch(withProgress(state, to, { ...progress, mode: "stream" }), to);
}

/**
 * A snapshot is being made durable; until it is the history must not move. What it holds is committed. Was that in a later
 * epoch than this replica has promised, whoever it follows or leads is deposed.
 */
export function onInstalling(state: ZabState, now: Now, at: Position): ZabStep {
  const next = { ...state, installing: at };
  if (at.epoch <= state.acceptedEpoch) return [next, NO_EFFECTS];
  const later = accepting(next, at.epoch as Epoch, null);
  return andThen(persistHardState(later, now.ticks), (s) => look(s, now));
}

/**
 * The machine now is the snapshot, and its checkpoint is durable: the history starts there. Nothing that this replica held
 * beyond can be committed, since it differs from the snapshot at the snapshot's own position (`wants`).
 */
export function onInstalled(state: ZabState, now: Now, at: Position, config: GroupConfig): ZabStep {
  const next: ZabState = {
    ...replacedOnDisk(state, at.index),
    log: Log.startingAt(at),
    commitIndex: at.index,
    lastApplied: at.index,
    configs: [{ index: at.index, config }],
    installing: null,
  };
  const record = encodeInstalled(hardStateOf(next), at, config);
  return andThen(persist(next, now.ticks, record, 0 as LogIndex), (s) => {
    const { role } = s;
    if (role.type !== "Following" || role.phase === "discovery") return [s, NO_EFFECTS];
    // Not early: the leader goes on from here.
    return [s, [send(s, role.leader, historyEnd(s), "log")]];
  });
}
