import {
  configOf,
  NO_EFFECTS,
  type NodeId,
  type Now,
  type Petition,
  type Ticks,
} from "../../core/index.ts";
import type { Primary, PrimaryState, PrimaryStep } from "./state.ts";

/**
 * At the end of a primary's turn: asks group 0 to declare out of step whom a write has waited for too long, and in step whoever has
 * caught up (card 2, in-sync set). One wish at a time; it is repeated until the office has changed, for better or worse: a wish that was
 * lost would be waited for for ever, and a second one beside it might be in force instead.
 */
export function keepInSync(state: PrimaryState, now: Now): PrimaryStep {
  const { role, office, settings, self } = state;
  if (role.type !== "Primary" || office === null || role.handOver?.resigned === true)
    return [state, NO_EFFECTS];
  const { petitioned } = role;
  if (petitioned?.version === office.version)
    return now.ticks - petitioned.at < settings.retransmitTicks
      ? [state, NO_EFFECTS]
      : petition(state, role, now.ticks, petitioned.petition);
  const missing = missingOf(state, role, settings.shrinkTicks, now.ticks);
  if (missing.length > 0) {
    const inSync = office.inSync.filter((member) => !missing.includes(member));
    return petition(state, role, now.ticks, { type: "inSync", inSync });
  }
  const back = role.progress.members.filter(
    (member) =>
      !office.inSync.includes(member) &&
      (role.progress.get(member)?.match ?? 0) >= Math.max(state.commitIndex, role.base) &&
      now.ticks - (role.progress.get(member)?.heardAt ?? 0) < settings.silenceTicks,
  );
  if (back.length === 0) return [state, NO_EFFECTS];
  const inSync = configOf(state).voters.filter(
    (member) => member === self || office.inSync.includes(member) || back.includes(member),
  );
  return petition(state, role, now.ticks, { type: "inSync", inSync });
}

/** Those without whom a write that has waited too long could be acknowledged. */
function missingOf(
  state: PrimaryState,
  role: Primary,
  shrinkTicks: number | null,
  now: Ticks,
): readonly NodeId[] {
  const { waitingSince, progress } = role;
  if (shrinkTicks === null || waitingSince === null || now - waitingSince < shrinkTicks) return [];
  const oldest = state.commitIndex + 1;
  return progress.members.filter(
    (member) =>
      state.office?.inSync.includes(member) === true && (progress.get(member)?.match ?? 0) < oldest,
  );
}

function petition(state: PrimaryState, role: Primary, at: Ticks, asked: Petition): PrimaryStep {
  const version = state.office?.version ?? 0;
  return [
    { ...state, role: { ...role, petitioned: { version, at, petition: asked } } },
    [{ type: "Petition", petition: asked, version }],
  ];
}
