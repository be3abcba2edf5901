import {
  andThen,
  configOf,
  isVoter,
  NO_EFFECTS,
  type NodeId,
  type Now,
  othersOf,
  type RequestId,
  refuse,
  sendEarly,
  type Ticks,
} from "../../core/index.ts";
import { follow, lead } from "./discovery.ts";
import { look, mayStand } from "./election.ts";
import type { Appoint } from "./message.ts";
import { leaderOf, type ZabState, type ZabStep } from "./state.ts";

/**
 * Hands leadership over: takes no more proposals, waits until the heir holds all, then names it to everybody, who report to
 * it without an election. Gives up after `initLimitTicks`. Success shows as a new leader; only failure is settled here.
 */
export function onTransferLeadership(
  state: ZabState,
  now: Now,
  id: RequestId | null,
  to: NodeId,
): ZabStep {
  const { role, settings } = state;
  const settle = (failure: Parameters<typeof refuse>[1]): ZabStep => [
    state,
    id === null ? NO_EFFECTS : [refuse(id, failure)],
  ];
  if (role.type !== "Leading" || role.phase !== "broadcast")
    return settle({ code: "NotLeader", definite: true, leaderHint: leaderOf(state) });
  if (to === state.self) return [state, NO_EFFECTS];
  if (!isVoter(configOf(state), to) || !role.followers.has(to))
    return settle({ code: "BadTransferee", definite: true });
  const giveUpAt = (now.ticks + settings.initLimitTicks) as Ticks;
  return [{ ...state, role: { ...role, transfer: { to, id, giveUpAt } } }, NO_EFFECTS];
}

/** At the end of a turn: the heir has all, so everybody is told; or the time is up, so proposals are taken again. */
export function continueTransfer(state: ZabState, now: Now): ZabStep {
  const { role, settings, log } = state;
  if (role.type !== "Leading" || role.transfer === null || role.epoch === null)
    return [state, NO_EFFECTS];
  const { to, id, giveUpAt } = role.transfer;
  if (now.ticks >= giveUpAt) {
    const waitedTicks = settings.initLimitTicks as Ticks;
    const failure =
      id === null ? NO_EFFECTS : [refuse(id, { code: "Timeout", definite: false, waitedTicks })];
    return [{ ...state, role: { ...role, transfer: null } }, failure];
  }
  const heir = role.followers.get(to);
  if (heir?.stage !== "counted" || !heir.upToDateSent || heir.matchIndex !== log.lastIndex)
    return [state, NO_EFFECTS];
  const message: Appoint = { type: "Appoint", epoch: role.epoch, leader: to };
  // Early: whom to report to is a hint.
  const calls = othersOf(state).map((peer) => sendEarly(peer, message, "log"));
  return andThen([state, calls], (s) => follow(s, now, to));
}

/** Our leader names the next one, itself included where it only begins another epoch. */
export function onAppoint(state: ZabState, now: Now, m: Appoint): ZabStep {
  const { role, self } = state;
  if (role.type !== "Following") return [state, NO_EFFECTS];
  if (m.leader !== self)
    return othersOf(state).includes(m.leader) ? follow(state, now, m.leader) : [state, NO_EFFECTS];
  return role.phase === "broadcast" && mayStand(state, now)
    ? lead(state, now)
    : [state, NO_EFFECTS];
}

/** Gives leadership to whoever is best placed, or steps down and does not stand for a while. */
export function onYield(state: ZabState, now: Now, toHeir: boolean): ZabStep {
  if (state.role.type !== "Leading") return [state, NO_EFFECTS];
  const heir = toHeir ? bestHeir(state, now) : null;
  return heir === null ? stepAside(state, now) : onTransferLeadership(state, now, null, heir);
}

export const stepAside = (state: ZabState, now: Now): ZabStep =>
  look({ ...state, standAgainAt: (now.ticks + state.settings.yieldTicks) as Ticks }, now);

/** The voter that holds most of those that were heard of late. */
function bestHeir(state: ZabState, now: Now): NodeId | null {
  const { role, settings } = state;
  if (role.type !== "Leading" || role.phase !== "broadcast") return null;
  let best: { readonly id: NodeId; readonly match: number } | null = null;
  for (const id of role.followers.members) {
    const progress = role.followers.get(id);
    if (progress?.stage !== "counted" || !isVoter(configOf(state), id)) continue;
    if (now.ticks - progress.heardAt > settings.syncLimitTicks / 2) continue;
    if (best === null || progress.matchIndex > best.match)
      best = { id, match: progress.matchIndex };
  }
  return best?.id ?? null;
}
