import { lostFrom, persistInstalled, startingAt } from "../../core/appointed/index.ts";
import {
  andThen,
  type GroupConfig,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Position,
} from "../../core/index.ts";
import { mayLose } from "./settings.ts";
import type { PrimaryEffect, PrimaryState, PrimaryStep } from "./state.ts";

/** A forked replica wants any snapshot of its primary's; others one that is ahead of what they hold; a primary none: it came late. */
export const wants = (state: PrimaryState, at: Position): boolean =>
  state.installing === null &&
  state.role.type === "Follower" &&
  (state.fork !== null ||
    state.repairing ||
    (at.index > state.commitIndex &&
      state.log.epochAt(at.index) !== at.epoch &&
      knowsLosses(state)));

/**
 * Where a snapshot may undo what was acknowledged, where this log parts from its primary's the primary says in its updates: one is waited
 * for. It sends one every heartbeat, and the snapshot again.
 */
const knowsLosses = ({ settings, role }: PrimaryState): boolean =>
  !mayLose(settings) || (role.type === "Follower" && role.leader !== null);

/** From where on this log differs, as far as that is known and was not said before: it was not found, and will not be. */
export function undone({ fork, parted, log, settings }: PrimaryState): readonly PrimaryEffect[] {
  if (fork !== null) return fork.found ? NO_EFFECTS : [lostFrom(log, fork.from)];
  const there = parted !== null && log.epochAt(parted.index) === parted.epoch;
  return there && mayLose(settings) ? [lostFrom(log, parted.index)] : NO_EFFECTS;
}

/** The snapshot streamed to a secondary arrived, or did not: either way its log is probed again. */
export function transferred(
  state: PrimaryState,
  now: Now,
  to: NodeId,
  at: Position,
  ok: boolean,
): PrimaryState {
  const { role, log } = state;
  const progress = role.type === "Leader" ? role.progress.get(to) : undefined;
  if (role.type !== "Leader" || progress?.mode !== "snapshot") return state;
  const next = (ok ? at.index + 1 : log.base.index + 1) as LogIndex;
  const probed = { ...progress, mode: "probe", next, inflight: 0, sentAt: now.ticks } as const;
  return { ...state, role: { ...role, progress: role.progress.with(to, probed) } };
}

/**
 * What its primary's machine had. Who has lost what it acknowledged is not whole by that, for the end of it may be in its primary's log
 * alone: see `joined`.
 */
export function installed(
  state: PrimaryState,
  now: Now,
  at: Position,
  config: GroupConfig,
): PrimaryStep {
  const rebuilt = state.repairing && state.settings.rules.wholeBeforeOffice;
  const next: PrimaryState = { ...startingAt(state, at, config), repairing: rebuilt, rebuilt };
  const kept: PrimaryStep = persistInstalled(next, now.ticks, at, config);
  return andThen(kept, (s) => {
    const primary = s.role.type === "Follower" ? s.role.leader : null;
    if (primary === null) return [s, NO_EFFECTS];
    const ack = {
      type: "Ack",
      epoch: s.term,
      state: "Holds",
      match: at.index,
      at: now.ticks,
    } as const;
    return [s, [{ type: "Send", to: primary, message: ack, early: false, lane: "log" }]];
  });
}
