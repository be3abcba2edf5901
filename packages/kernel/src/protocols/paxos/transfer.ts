import {
  configOf,
  isSelfVoter,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type RequestId,
  refuse,
  sendEarly,
  type Ticks,
} from "../../core/index.ts";
import { isToStay } from "./configuration.ts";
import type { TakeOver } from "./message.ts";
import { prepare } from "./prepare.ts";
import {
  becomeFollower,
  isEstablished,
  type Leader,
  leaderOf,
  type PaxosState,
  type PaxosStep,
} from "./state.ts";

/**
 * Hands leadership over. Paxos needs nothing for it: anybody may prepare a higher ballot at any time. So the leader takes no more
 * proposals, waits until the heir has accepted all there is, tells it to prepare, and gives up after one election time-out. Success
 * shows as a new leader; only failure is settled here.
 */
export function onTransferLeadership(
  state: PaxosState,
  now: Now,
  id: RequestId | null,
  to: NodeId,
): PaxosStep {
  const { role } = state;
  const settle = (failure: Parameters<typeof refuse>[1]): PaxosStep => [
    state,
    id === null ? [] : [refuse(id, failure)],
  ];
  if (role.type !== "Leader" || !isEstablished(state, role))
    return settle({ code: "NotLeader", definite: true, leaderHint: leaderOf(state) });
  if (to === state.self) return [state, NO_EFFECTS];
  if (!isToStay(configOf(state), to) || !role.progress.has(to))
    return settle({ code: "BadTransferee", definite: true });
  const giveUpAt = (now.ticks + state.settings.electionTicksMax) as Ticks;
  return [{ ...state, role: { ...role, transfer: { to, id, giveUpAt, told: false } } }, NO_EFFECTS];
}

/** At the end of a turn: the heir has all, so it is told; or the time is up, so proposals are taken again. */
export function continueTransfer(state: PaxosState, now: Now): PaxosStep {
  const { role } = state;
  if (role.type !== "Leader" || role.transfer === null) return [state, NO_EFFECTS];
  const { to, id, giveUpAt, told } = role.transfer;
  if (now.ticks >= giveUpAt) {
    const waitedTicks = state.settings.electionTicksMax as Ticks;
    const failure =
      id === null ? [] : [refuse(id, { code: "Timeout", definite: false, waitedTicks })];
    return [{ ...state, role: { ...role, transfer: null } }, failure];
  }
  if (told || !holdsAll(state, role, to)) return [state, NO_EFFECTS];
  const message: TakeOver = { type: "TakeOver", ballot: state.term };
  const transfer = { ...role.transfer, told: true };
  // Early: an invitation promises nothing. Lease reads ended when the transfer began, and stay off under this ballot.
  return [{ ...state, role: { ...role, invited: true, transfer } }, [sendEarly(to, message)]];
}

/** Everything is decided, and this member has been sent it and answered. */
function holdsAll(state: PaxosState, role: Leader, member: NodeId): boolean {
  const known = role.progress.get(member);
  const all = role.nextSlot === state.commitIndex + 1;
  return all && known?.mode === "feed" && !known.silent && isFed(role, known);
}

const isFed = (
  role: Leader,
  { nextSlot, inflight }: Leader["progress"]["values"][number],
): boolean => nextSlot === role.nextSlot && inflight.length === 0;

export function onTakeOver(state: PaxosState, now: Now, m: TakeOver): PaxosStep {
  const able = isSelfVoter(state) && state.installing === null && !state.repairing;
  if (m.ballot !== state.term || state.role.type === "Leader" || !able) return [state, NO_EFFECTS];
  return prepare(state, now, true);
}

/** Gives leadership away to whoever is best placed, or simply steps down and lets others go first. */
export function onYield(state: PaxosState, now: Now, toHeir: boolean): PaxosStep {
  const { role, settings } = state;
  if (role.type !== "Leader") return [state, NO_EFFECTS];
  const heir = toHeir && isEstablished(state, role) ? bestHeir(state, role) : null;
  const heardAt = heir === null ? 0 : (role.progress.get(heir)?.heardAt ?? 0);
  return heir !== null && now.ticks - heardAt < settings.electionTicksMin
    ? onTransferLeadership(state, now, null, heir)
    : [stepAside(state, now), NO_EFFECTS];
}

/** The voter that knows most of what is chosen; among equals the one heard last. */
export function bestHeir(state: PaxosState, { progress }: Leader): NodeId | null {
  let best: { readonly member: NodeId; readonly decided: number; readonly heardAt: number } | null =
    null;
  for (const member of progress.members) {
    const known = progress.get(member);
    if (known === undefined || known.silent || !isToStay(configOf(state), member)) continue;
    const { decided, heardAt } = known;
    const better =
      best === null ||
      decided > best.decided ||
      (decided === best.decided && heardAt > best.heardAt);
    if (better) best = { member, decided, heardAt };
  }
  return best?.member ?? null;
}

/** Follows nobody and waits two election time-outs before standing again, so that another can win. */
export function stepAside(state: PaxosState, now: Now): PaxosState {
  const next = becomeFollower(state, now.ticks, null);
  return { ...next, electionAt: (now.ticks + 2 * state.settings.electionTicksMax) as Ticks };
}
