import { configOf, type NodeId, type Now, type Petition, type Ticks } from "../../core/index.ts";
import { NO_EFFECTS, type Primary, type PrimaryState, type PrimaryStep } from "./state.ts";
import { awaited } from "./tenure.ts";

/**
 * At the end of a primary's turn: asks group 0 to declare out of step whom a write has waited for too long, and in step whoever has
 * caught up (card 2, in-sync set). One wish at a time; it is repeated until the office has changed.
 */
export function keepInSync(state: PrimaryState, now: Now): PrimaryStep {
  const { role, office, settings, self } = state;
  if (role.type !== "Primary" || office === null || settings.shrinkTicks === null)
    return [state, NO_EFFECTS];
  if (
    role.handOver?.resigned === true ||
    isPending(role, office.version, settings.retransmitTicks, now.ticks)
  )
    return [state, NO_EFFECTS];
  const missing = missingOf(state, role, settings.shrinkTicks, now.ticks);
  if (missing.length > 0) {
    const inSync = office.inSync.filter((member) => !missing.includes(member));
    return petition(state, role, now.ticks, { type: "inSync", inSync }, []);
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
  return petition(state, role, now.ticks, { type: "inSync", inSync }, back);
}

function isPending(
  { petitioned }: Primary,
  version: number,
  patience: number,
  now: Ticks,
): boolean {
  return petitioned?.version === version && now - petitioned.at < patience;
}

/** Those without whom a write that has waited too long could be acknowledged. */
function missingOf(
  state: PrimaryState,
  role: Primary,
  shrinkTicks: number,
  now: Ticks,
): readonly NodeId[] {
  const { waitingSince, progress } = role;
  if (waitingSince === null || now - waitingSince < shrinkTicks) return [];
  const oldest = state.commitIndex + 1;
  const lagging = awaited(state, role).filter(
    (member) => (progress.get(member)?.match ?? 0) < oldest,
  );
  const inSync = state.office?.inSync ?? [];
  return lagging.filter((member) => inSync.includes(member));
}

function petition(
  state: PrimaryState,
  role: Primary,
  at: Ticks,
  asked: Petition,
  growing: readonly NodeId[],
): PrimaryStep {
  const version = state.office?.version ?? 0;
  // Who was asked for once may be granted late: such a one is waited for until the office says otherwise.
  const all = [...new Set([...role.growing, ...growing])];
  return [
    { ...state, role: { ...role, petitioned: { version, at }, growing: all } },
    [{ type: "Petition", petition: asked, version }],
  ];
}
