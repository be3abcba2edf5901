import { configOf, type NodeId, type Now, type RequestId, type Ticks } from "../../core/index.ts";
import { type ChainState, type ChainStep, type Head, NO_EFFECTS, refuse } from "./state.ts";

/** Gives the office to a member that is as far as this one; success shows as a new head, only failure is settled here. */
export function onTransferLeadership(
  state: ChainState,
  now: Now,
  id: RequestId,
  to: NodeId,
): ChainStep {
  const { role, self, office } = state;
  if (role.type !== "Head") {
    const leaderHint = role.head;
    return [state, [refuse(id, { code: "NotLeader", definite: true, leaderHint })]];
  }
  if (to === self) return [state, NO_EFFECTS];
  if (!configOf(state).voters.includes(to) || office?.inSync.includes(to) !== true)
    return [state, [refuse(id, { code: "BadTransferee", definite: true })]];
  return begin(state, role, now.ticks, to, id);
}

/** Steps aside: for its successor, or for nobody in particular. */
export function onYield(state: ChainState, now: Now, heir: boolean): ChainStep {
  const { role, office, chain, self } = state;
  if (role.type !== "Head" || office === null) return [state, NO_EFFECTS];
  // Its successor has all that anybody behind it has.
  const best = chain?.order.find(
    (member) => member !== self && office.inSync.includes(member) && member !== role.joining,
  );
  if (heir && best !== undefined) return begin(state, role, now.ticks, best, null);
  return resign(state, role, now.ticks, null, null);
}

/** At the end of a turn: all have all, so the office is the other's; or the time is up, so writes are taken again. */
export function continueHandOver(state: ChainState, now: Now): ChainStep {
  const { role, settings, log, commitIndex, office } = state;
  if (role.type !== "Head" || role.handOver === null || office === null) return [state, NO_EFFECTS];
  const { to, id, giveUpAt, resigned } = role.handOver;
  if (resigned) {
    const { petitioned } = role;
    const asked =
      petitioned?.version === office.version &&
      now.ticks - petitioned.at < settings.retransmitTicks;
    return asked ? [state, NO_EFFECTS] : resign(state, role, now.ticks, to, id);
  }
  // Meanwhile it may have been declared out of step: group 0 would refuse, and this replica have resigned for nothing.
  if (to !== null && !office.inSync.includes(to)) {
    const failed = id === null ? [] : [refuse(id, { code: "BadTransferee", definite: true })];
    return [{ ...state, role: { ...role, handOver: null } }, failed];
  }
  if (now.ticks >= giveUpAt) {
    const waitedTicks = settings.handOverTicksMax as Ticks;
    const failed =
      id === null ? [] : [refuse(id, { code: "Timeout", definite: false, waitedTicks })];
    return [{ ...state, role: { ...role, handOver: null } }, failed];
  }
  // What the tail has all have.
  return commitIndex === log.lastIndex
    ? resign(state, role, now.ticks, to, id)
    : [state, NO_EFFECTS];
}

function begin(
  state: ChainState,
  role: Head,
  now: Ticks,
  to: NodeId,
  id: RequestId | null,
): ChainStep {
  const giveUpAt = (now + state.settings.handOverTicksMax) as Ticks;
  return [
    { ...state, role: { ...role, handOver: { to, id, giveUpAt, resigned: false } } },
    NO_EFFECTS,
  ];
}

/** From here on nothing is done in this office, whether or not group 0 has heard of it: its next holder may act already. */
function resign(
  state: ChainState,
  role: Head,
  now: Ticks,
  to: NodeId | null,
  id: RequestId | null,
): ChainStep {
  const version = state.office?.version ?? 0;
  const handOver = { to, id, giveUpAt: now, resigned: true };
  const petition = { type: "resign", to } as const;
  return [
    { ...state, role: { ...role, handOver, petitioned: { version, at: now, petition } } },
    [{ type: "Petition", petition, version }],
  ];
}
