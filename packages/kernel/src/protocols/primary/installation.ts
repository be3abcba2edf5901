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
import { encodeInstalled } from "./record.ts";
import {
  follow,
  hardStateOf,
  lostFrom,
  type PrimaryState,
  type PrimaryStep,
  persist,
  send,
} from "./state.ts";

/** A forked replica wants any snapshot of its primary's; others one that is ahead of what they hold; a primary none: it came late. */
export const wants = (state: PrimaryState, at: Position): boolean =>
  state.installing === null &&
  state.role.type === "Secondary" &&
  (state.fork !== null ||
    state.repairing ||
    (at.index > state.commitIndex &&
      state.log.epochAt(at.index) !== at.epoch &&
      knowsLosses(state)));

/**
 * Where fewer than all are waited for, a snapshot may undo what was acknowledged, and where this log parts from its primary's the primary
 * says in its updates: one is waited for. It sends one every heartbeat, and the snapshot again.
 */
const knowsLosses = ({ settings, role }: PrimaryState): boolean =>
  settings.acks === "all" || (role.type === "Secondary" && role.primary !== null);

/** The snapshot streamed to a secondary arrived, or did not: either way its log is probed again. */
export function onTransferred(
  state: PrimaryState,
  now: Now,
  to: NodeId,
  at: Position,
  ok: boolean,
): PrimaryStep {
  const { role, log } = state;
  const progress = role.type === "Primary" ? role.progress.get(to) : undefined;
  if (role.type !== "Primary" || progress?.mode !== "snapshot") return [state, NO_EFFECTS];
  const next = (ok ? at.index + 1 : log.base.index + 1) as LogIndex;
  const probed = { ...progress, mode: "probe", next, inflight: 0, sentAt: now.ticks } as const;
  return [{ ...state, role: { ...role, progress: role.progress.with(to, probed) } }, NO_EFFECTS];
}

/** A snapshot is being made durable; until it is the log must not move. Where this log left its primary's was not found, and will not be. */
export function onInstalling(state: PrimaryState, now: Now, at: Position): PrimaryStep {
  const next: PrimaryState = { ...state, installing: at };
  const from = lostBy(state);
  return andThen([next, from === null ? NO_EFFECTS : [lostFrom(state.log, from)]], (s) =>
    at.epoch > s.term ? follow(s, at.epoch, null, now.ticks) : [s, NO_EFFECTS],
  );
}

/** From where on a snapshot undoes what may have been acknowledged, as far as that is known and was not said before. */
function lostBy({ fork, parted, log, settings }: PrimaryState): LogIndex | null {
  if (fork !== null) return fork.found ? null : fork.from;
  const there = parted !== null && log.epochAt(parted.index) === parted.epoch;
  return there && settings.acks !== "all" ? parted.index : null;
}

/** The machine now is the snapshot, and its checkpoint is durable: the log starts there, and what had forked is gone. */
export function onInstalled(
  state: PrimaryState,
  now: Now,
  at: Position,
  config: GroupConfig,
): PrimaryStep {
  const next: PrimaryState = {
    ...replacedOnDisk(state, at.index),
    log: Log.startingAt(at),
    commitIndex: at.index,
    handedOut: at.index,
    lastApplied: at.index,
    configs: [{ index: at.index, config }],
    installing: null,
    fork: null,
    repairing: false,
  };
  const kept = persist(next, now.ticks, encodeInstalled(hardStateOf(next), at, config));
  return andThen(kept, (s) => {
    const primary = s.role.type === "Secondary" ? s.role.primary : null;
    if (primary === null) return [s, NO_EFFECTS];
    const ack = { type: "Ack", epoch: s.term, state: "Holds", match: at.index } as const;
    return [s, [send(primary, ack)]];
  });
}
