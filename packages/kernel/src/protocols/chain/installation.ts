import { persistInstalled, startingAt } from "../../core/appointed/index.ts";
import type { GroupConfig, LogIndex, NodeId, Now, Position } from "../../core/index.ts";
import type { ChainState, ChainStep } from "./state.ts";

/** A forked replica wants any snapshot; others one that is ahead of what they hold; a head none: it came late. */
export const wants = (state: ChainState, at: Position): boolean =>
  state.installing === null &&
  state.role.type === "Follower" &&
  (state.fork !== null ||
    (at.index > state.commitIndex && state.log.epochAt(at.index) !== at.epoch));

/** The snapshot streamed to a successor arrived, or did not: either way its log is probed again. */
export function transferred(
  state: ChainState,
  now: Now,
  to: NodeId,
  at: Position,
  ok: boolean,
): ChainState {
  const { links, log, verified } = state;
  const progress = links.get(to);
  if (progress?.mode !== "snapshot") return state;
  const from = ok ? Math.min(at.index, verified) : log.base.index;
  const next = (from + 1) as LogIndex;
  const probed = { ...progress, mode: "probe", next, sent: [], sentAt: now.ticks } as const;
  return { ...state, links: links.with(to, probed) };
}

/**
 * What was committed once is every head's log. Who has lost what it acknowledged is not whole by that: see `becomeWhole`.
 */
export const installed = (
  state: ChainState,
  now: Now,
  at: Position,
  config: GroupConfig,
): ChainStep =>
  persistInstalled({ ...startingAt(state, at, config), verified: at.index }, now.ticks, at, config);
