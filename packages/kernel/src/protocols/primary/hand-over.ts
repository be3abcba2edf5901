import {
  configOf,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Office,
  type RequestId,
  refuse,
  type Ticks,
} from "../../core/index.ts";
import type { Primary, PrimaryState, PrimaryStep } from "./state.ts";

/** Gives the office to a member that is as far as this one; success shows as a new primary, only failure is settled here. */
export function onTransferLeadership(
  state: PrimaryState,
  now: Now,
  id: RequestId,
  to: NodeId,
): PrimaryStep {
  const { role, self, office } = state;
  if (role.type !== "Primary") {
    const leaderHint = role.primary;
    return [state, [refuse(id, { code: "NotLeader", definite: true, leaderHint })]];
  }
  if (to === self) return [state, NO_EFFECTS];
  if (!configOf(state).voters.includes(to) || office?.inSync.includes(to) !== true)
    return [state, [refuse(id, { code: "BadTransferee", definite: true })]];
  if (role.handOver?.resigned === true)
    // Group 0 may have granted it: another may act by now, and this replica must not act again for having been asked twice.
    return [
      state,
      [refuse(id, { code: "NotLeader", definite: true, leaderHint: role.handOver.to })],
    ];
  if (role.handOver !== null) {
    const retryAfterTicks = state.settings.handOverTicksMax as Ticks;
    return [state, [refuse(id, { code: "Overloaded", definite: true, retryAfterTicks })]];
  }
  return begin(state, role, now.ticks, to, id);
}

/**
 * Steps aside: for one of those in step that are furthest, as soon as there is one; or for nobody in particular. Given back while nobody
 * else is in step, the office would come back at once, and nobody would ever catch up with it.
 */
export function onYield(state: PrimaryState, now: Now, heir: boolean): PrimaryStep {
  const { role, office } = state;
  if (role.type !== "Primary" || office === null) return [state, NO_EFFECTS];
  if (!heir) return resign(state, role, now.ticks, null, role.handOver?.id ?? null);
  if (role.handOver !== null) return [state, NO_EFFECTS];
  return begin(state, role, now.ticks, heirOf(state.term, role, office), null);
}

/** Another with every epoch: were it always the first, two that cannot serve would hand the office to each other for ever. */
function heirOf(epoch: number, { progress }: Primary, { inSync }: Office): NodeId | null {
  const members = progress.members.filter((member) => inSync.includes(member));
  const matchOf = (member: NodeId): number => progress.get(member)?.match ?? 0;
  const most = Math.max(...members.map(matchOf));
  const best = members.filter((member) => matchOf(member) === most);
  return best[epoch % best.length] ?? null;
}

/** At the end of a turn: the other has all, so the office is its; or the time is up, so writes are taken again. */
export function continueHandOver(state: PrimaryState, now: Now): PrimaryStep {
  const { role, settings, log, commitIndex, office } = state;
  if (role.type !== "Primary" || role.handOver === null || office === null)
    return [state, NO_EFFECTS];
  const { id, giveUpAt, resigned } = role.handOver;
  if (resigned) {
    const { petitioned } = role;
    const asked =
      petitioned?.version === office.version &&
      now.ticks - petitioned.at < settings.retransmitTicks;
    return asked ? [state, NO_EFFECTS] : resign(state, role, now.ticks, role.handOver.to, id);
  }
  const to = role.handOver.to ?? heirOf(state.term, role, office);
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
  const match = to === null ? undefined : role.progress.get(to)?.match;
  const ready = match === log.lastIndex && commitIndex === log.lastIndex;
  return ready ? resign(state, role, now.ticks, to, id) : [state, NO_EFFECTS];
}

function begin(
  state: PrimaryState,
  role: Primary,
  now: Ticks,
  to: NodeId | null,
  id: RequestId | null,
): PrimaryStep {
  const giveUpAt = (now + state.settings.handOverTicksMax) as Ticks;
  return [
    { ...state, role: { ...role, handOver: { to, id, giveUpAt, resigned: false } } },
    NO_EFFECTS,
  ];
}

/** From here on nothing is done in this office, whether or not group 0 has heard of it: its next holder may act already. */
function resign(
  state: PrimaryState,
  role: Primary,
  now: Ticks,
  to: NodeId | null,
  id: RequestId | null,
): PrimaryStep {
  const version = state.office?.version ?? 0;
  const handOver = { to, id, giveUpAt: now, resigned: true };
  const petition = { type: "resign", to } as const;
  return [
    { ...state, role: { ...role, handOver, petitioned: { version, at: now, petition } } },
    [{ type: "Petition", petition, version }],
  ];
}
