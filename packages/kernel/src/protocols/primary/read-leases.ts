import { leasedUntil, mayAct } from "../../core/appointed/index.ts";
import type { NodeId, Ticks } from "../../core/index.ts";
import { missingOf } from "./in-sync.ts";
import type { Primary, PrimaryState, Progress } from "./state.ts";

/**
 * What a secondary said of its own time, if it may answer readers for that: only one without whom nothing is acknowledged, in step by the
 * word of group 0, and not about to be declared out of step. So whoever is out of step answers nobody, whoever may be primary by then.
 */
export function echoTo(
  state: PrimaryState,
  role: Primary,
  member: NodeId,
  { at, mode, heardAt }: Progress,
  now: Ticks,
): Ticks | null {
  const { office, settings } = state;
  const { petitioned } = role;
  const asked = petitioned?.version === office?.version ? petitioned?.petition : undefined;
  const trusted =
    settings.reads === "leased" &&
    mayAct(state, now) &&
    office?.inSync.includes(member) === true &&
    (asked?.type !== "inSync" || asked.inSync.includes(member)) &&
    mode === "stream" &&
    now - heardAt < settings.silenceTicks &&
    !missingOf(state, role, now).includes(member);
  return trusted ? at : null;
}

/** A secondary that heard it may answer readers. */
export function leased(state: PrimaryState, echo: Ticks | null, now: Ticks): PrimaryState {
  const { role, settings } = state;
  if (role.type !== "Follower") return state;
  const leaseUntil = leasedUntil(state, settings, role.leaseUntil, echo, now);
  return leaseUntil === role.leaseUntil ? state : { ...state, role: { ...role, leaseUntil } };
}
