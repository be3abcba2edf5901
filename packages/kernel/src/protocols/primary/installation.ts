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
    (at.index > state.commitIndex && state.log.epochAt(at.index) !== at.epoch));

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

/** A snapshot is being made durable; until it is the log must not move. */
export function onInstalling(state: PrimaryState, now: Now, at: Position): PrimaryStep {
  const next = { ...state, installing: at };
  return at.epoch > state.term ? follow(next, at.epoch, null, now.ticks) : [next, NO_EFFECTS];
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
  const { fork, log } = state;
  const lost: PrimaryStep = [next, fork === null || fork.found ? [] : [lostFrom(log, fork.from)]];
  const kept = andThen(lost, (s) =>
    persist(s, now.ticks, encodeInstalled(hardStateOf(s), at, config)),
  );
  return andThen(kept, (s) => {
    const primary = s.role.type === "Secondary" ? s.role.primary : null;
    if (primary === null) return [s, NO_EFFECTS];
    const ack = { type: "Ack", epoch: s.term, state: "Holds", match: at.index } as const;
    return [s, [send(primary, ack)]];
  });
}
