import {
  type GroupConfig,
  Log,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Position,
  replacedOnDisk,
} from "../../core/index.ts";
import { follow } from "./order.ts";
import { encodeInstalled } from "./record.ts";
import { type ChainState, type ChainStep, hardStateOf, persist } from "./state.ts";

/** A forked replica wants any snapshot; others one that is ahead of what they hold; a head none: it came late. */
export const wants = (state: ChainState, at: Position): boolean =>
  state.installing === null &&
  state.role.type === "Member" &&
  (state.fork !== null ||
    (at.index > state.commitIndex && state.log.epochAt(at.index) !== at.epoch));

/** The snapshot streamed to a successor arrived, or did not: either way its log is probed again. */
export function onTransferred(
  state: ChainState,
  now: Now,
  to: NodeId,
  at: Position,
  ok: boolean,
): ChainStep {
  const { links, log, verified } = state;
  const progress = links.get(to);
  if (progress?.mode !== "snapshot") return [state, NO_EFFECTS];
  const from = ok ? Math.min(at.index, verified) : log.base.index;
  const next = (from + 1) as LogIndex;
  const probed = { ...progress, mode: "probe", next, sent: [], sentAt: now.ticks } as const;
  return [{ ...state, links: links.with(to, probed) }, NO_EFFECTS];
}

/** A snapshot is being made durable; until it is the log must not move. */
export function onInstalling(state: ChainState, now: Now, at: Position): ChainStep {
  const next = { ...state, installing: at };
  return at.epoch > state.term ? follow(next, at.epoch, null, now.ticks) : [next, NO_EFFECTS];
}

/**
 * The machine now is the snapshot, and its checkpoint is durable: the log starts there, and what had forked is gone. What was committed once
 * is every head's log. Who has lost what it acknowledged is not whole by that: see `becomeWhole`.
 */
export function onInstalled(
  state: ChainState,
  now: Now,
  at: Position,
  config: GroupConfig,
): ChainStep {
  const next: ChainState = {
    ...replacedOnDisk(state, at.index),
    log: Log.startingAt(at),
    commitIndex: at.index,
    handedOut: at.index,
    lastApplied: at.index,
    verified: at.index,
    configs: [{ index: at.index, config }],
    installing: null,
    fork: null,
  };
  return persist(next, now.ticks, encodeInstalled(hardStateOf(next), at, config));
}
