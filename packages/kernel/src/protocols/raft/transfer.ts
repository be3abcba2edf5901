import {
  configOf,
  isSelfVoter,
  isVoter,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type RequestId,
  refuse,
  sendEarly,
  type Ticks,
} from "../../core/index.ts";
import { standForElection } from "./election.ts";
import { bestHeir } from "./membership.ts";
import type { TimeoutNow } from "./message.ts";
import { becomeFollower, type RaftState, type RaftStep } from "./state.ts";

/**
 * Hands leadership over (dissertation §3.10): takes no more proposals, brings the target up to date, tells it to stand
 * at once, and gives up after one election time-out. Success shows as a new leader; only failure is settled here.
 */
export function onTransferLeadership(
  state: RaftState,
  now: Now,
  id: RequestId | null,
  to: NodeId,
): RaftStep {
  const role = state.role;
  const settle = (failure: Parameters<typeof refuse>[1]): RaftStep => [
    state,
    id === null ? [] : [refuse(id, failure)],
  ];
  if (role.type !== "Leader") {
    return settle({
      code: "NotLeader",
      definite: true,
      leaderHint: role.type === "Follower" ? role.leader : null,
    });
  }
  if (to === state.self) return [state, NO_EFFECTS];
  if (!isVoter(configOf(state), to) || !role.progress.has(to))
    return settle({ code: "BadTransferee", definite: true });
  const giveUpAt = (now.ticks + state.settings.electionTicksMax) as Ticks;
  return [{ ...state, role: { ...role, transfer: { to, id, giveUpAt, told: false } } }, NO_EFFECTS];
}

/** At the end of a turn: the target has all, so it is told; or the time is up, so proposals are taken again. */
export function continueTransfer(state: RaftState, now: Now): RaftStep {
  const role = state.role;
  if (role.type !== "Leader" || role.transfer === null) return [state, NO_EFFECTS];
  const { to, id, giveUpAt, told } = role.transfer;
  if (now.ticks >= giveUpAt) {
    const waitedTicks = state.settings.electionTicksMax as Ticks;
    const failure =
      id === null ? [] : [refuse(id, { code: "Timeout", definite: false, waitedTicks })];
    return [{ ...state, role: { ...role, transfer: null } }, failure];
  }
  if (told || role.progress.get(to)?.matchIndex !== state.log.lastIndex) return [state, NO_EFFECTS];
  const message: TimeoutNow = { type: "TimeoutNow", term: state.term };
  // Early: an invitation promises nothing. Lease reads ended when the transfer began, and stay off in this term.
  return [
    { ...state, role: { ...role, invited: true, transfer: { ...role.transfer, told: true } } },
    [sendEarly(to, message)],
  ];
}

export function onTimeoutNow(state: RaftState, now: Now, m: TimeoutNow): RaftStep {
  if (m.term !== state.term || state.role.type === "Leader" || !isSelfVoter(state))
    return [state, NO_EFFECTS];
  return state.installing === null && !state.repairing
    ? standForElection(state, now, true)
    : [state, NO_EFFECTS];
}

/** Gives leadership away to whoever is best placed, or simply steps down and lets others go first. */
export function onYield(state: RaftState, now: Now, toHeir: boolean): RaftStep {
  if (state.role.type !== "Leader") return [state, NO_EFFECTS];
  const heir = toHeir ? bestHeir(state, state.role) : null;
  const heard = heir === null ? 0 : (state.role.progress.get(heir)?.heardAt ?? 0);
  if (heir !== null && now.ticks - heard < state.settings.electionTicksMin)
    return onTransferLeadership(state, now, null, heir);
  return stepAside(state, now);
}

/** Follows nobody and waits two election time-outs before standing again, so that another can win. */
export function stepAside(state: RaftState, now: Now): RaftStep {
  const [next, effects] = becomeFollower(state, now.ticks, state.term, null);
  return [
    { ...next, electionAt: (now.ticks + 2 * state.settings.electionTicksMax) as Ticks },
    effects,
  ];
}
