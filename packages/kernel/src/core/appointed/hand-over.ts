import type { NodeId, RequestId, Ticks } from "../ids.ts";
import { configOf } from "../log-protocol.ts";
import type { Now, Step } from "../seam.ts";
import { NO_EFFECTS, refuse } from "../step.ts";
import type { Appointed } from "./appointed.ts";
import type { AppointedState, Leading } from "./state.ts";
import { petition, petitionAgain } from "./tenure.ts";

/** Gives the office to a member that is as far as this one; success shows as a new leader, only failure is settled here. */
export function onTransferLeadership<S extends AppointedState, M>(
  state: S,
  now: Now,
  id: RequestId,
  to: NodeId,
): Step<S, M> {
  const { role, self, office } = state;
  if (role.type !== "Leader")
    return [state, [refuse(id, { code: "NotLeader", definite: true, leaderHint: role.leader })]];
  if (to === self) return [state, NO_EFFECTS];
  if (!configOf(state).voters.includes(to) || office?.inSync.includes(to) !== true)
    return [state, [refuse(id, { code: "BadTransferee", definite: true })]];
  if (role.handOver?.resigned === true) {
    // Group 0 may have granted it: another may act by now, and this replica must not act again for having been asked twice.
    const leaderHint = role.handOver.to;
    return [state, [refuse(id, { code: "NotLeader", definite: true, leaderHint })]];
  }
  if (role.handOver !== null) {
    const retryAfterTicks = state.settings.handOverTicksMax as Ticks;
    return [state, [refuse(id, { code: "Overloaded", definite: true, retryAfterTicks })]];
  }
  return [beginning(state, role, now.ticks, to, id), NO_EFFECTS];
}

/**
 * Steps aside: for one of those in step, as soon as one has all; or for nobody in particular. Given back while nobody else is in step, the
 * office would come back at once, and nobody would ever catch up with it.
 */
export function onYield<S extends AppointedState, M>(
  protocol: Appointed<S, M>,
  state: S,
  now: Now,
  heir: boolean,
): Step<S, M> {
  const { role, office } = state;
  if (role.type !== "Leader" || office === null) return [state, NO_EFFECTS];
  if (!heir) return resign(state, role, now.ticks, null, role.handOver?.id ?? null);
  if (role.handOver !== null) return [state, NO_EFFECTS];
  return [beginning(state, role, now.ticks, protocol.heirOf(state), null), NO_EFFECTS];
}

/** At the end of a turn: the other has all, so the office is its; or the time is up, so writes are taken again. */
export function continueHandOver<S extends AppointedState, M>(
  protocol: Appointed<S, M>,
  state: S,
  now: Now,
): Step<S, M> {
  const { role, settings, log, commitIndex, office } = state;
  if (role.type !== "Leader" || role.handOver === null || office === null)
    return [state, NO_EFFECTS];
  const { id, giveUpAt, resigned } = role.handOver;
  if (resigned)
    return (
      petitionAgain(state, role, now.ticks) ?? resign(state, role, now.ticks, role.handOver.to, id)
    );
  const to = role.handOver.to ?? protocol.heirOf(state);
  const goesOn = { ...state, role: { ...role, handOver: null } };
  // Meanwhile it may have been declared out of step: group 0 would refuse, and this replica have resigned for nothing.
  if (to !== null && !office.inSync.includes(to))
    return [goesOn, id === null ? [] : [refuse(id, { code: "BadTransferee", definite: true })]];
  if (now.ticks >= giveUpAt) {
    const waitedTicks = settings.handOverTicksMax as Ticks;
    const timeout = { code: "Timeout", definite: false, waitedTicks } as const;
    return [goesOn, id === null ? [] : [refuse(id, timeout)]];
  }
  const ready = to !== null && commitIndex === log.lastIndex && protocol.hasAll(state, to);
  return ready ? resign(state, role, now.ticks, to, id) : [state, NO_EFFECTS];
}

function beginning<S extends AppointedState>(
  state: S,
  role: Leading,
  now: Ticks,
  to: NodeId | null,
  id: RequestId | null,
): S {
  const giveUpAt = (now + state.settings.handOverTicksMax) as Ticks;
  return { ...state, role: { ...role, handOver: { to, id, giveUpAt, resigned: false } } };
}

/** From here on nothing is done in this office, whether or not group 0 has heard of it: its next holder may act already. */
function resign<S extends AppointedState, M>(
  state: S,
  role: Leading,
  now: Ticks,
  to: NodeId | null,
  id: RequestId | null,
): Step<S, M> {
  const handOver = { to, id, giveUpAt: now, resigned: true };
  return petition(state, { ...role, handOver }, now, { type: "resign", to });
}
