import {
  inSyncWith,
  isEnoughWithout,
  petition,
  petitionAgain,
} from "../../core/appointed/index.ts";
import { NO_EFFECTS, type NodeId, type Now, type Ticks } from "../../core/index.ts";
import type { Primary, PrimaryState, PrimaryStep } from "./state.ts";

/**
 * At the end of a primary's turn: asks group 0 to declare out of step whom a write has waited for too long, and in step whoever has
 * caught up (card 2, in-sync set).
 */
export function keepInSync(state: PrimaryState, now: Now): PrimaryStep {
  const { role, office } = state;
  if (role.type !== "Leader" || office === null || role.handOver?.resigned === true)
    return [state, NO_EFFECTS];
  const asked = petitionAgain(state, role, now.ticks);
  if (asked !== null) return asked;
  const missing = missingOf(state, role, now.ticks);
  const released =
    isSpared(state, role, missing, now.ticks) &&
    missing.every((member) => isReleased(state, role, member, now.ticks));
  const gone = released ? missing : [];
  const back = backOf(state, role, now.ticks);
  if (gone.length + back.length === 0) return [state, NO_EFFECTS];
  const inSync = inSyncWith(state, back).filter((member) => !gone.includes(member));
  return petition(state, role, now.ticks, { type: "inSync", inSync });
}

/** Out of step, and has all that may have been acknowledged without it. */
const backOf = (state: PrimaryState, role: Primary, now: Ticks): readonly NodeId[] =>
  heardLately(state, role, now).filter(
    (member) =>
      state.office?.inSync.includes(member) !== true &&
      (role.progress.get(member)?.match ?? 0) >= Math.max(state.commitIndex, role.base),
  );

/** Too few would be in step without those that a write has waited for too long: who waits for them, and cannot be spared. */
export function indispensable(state: PrimaryState, now: Ticks): readonly NodeId[] {
  const { role } = state;
  if (role.type !== "Leader") return [];
  const missing = missingOf(state, role, now);
  return isSpared(state, role, missing, now) ? [] : missing;
}

const isSpared = (
  state: PrimaryState,
  role: Primary,
  missing: readonly NodeId[],
  now: Ticks,
): boolean => missing.length === 0 || isEnoughWithout(state, missing, backOf(state, role, now));

function heardLately(
  { settings }: PrimaryState,
  { progress }: Primary,
  now: Ticks,
): readonly NodeId[] {
  return progress.members.filter(
    (member) => now - (progress.get(member)?.heardAt ?? 0) < settings.silenceTicks,
  );
}

/** It answers no reader by itself any more, whatever it has heard. */
const isReleased = (
  { settings }: PrimaryState,
  { progress }: Primary,
  member: NodeId,
  now: Ticks,
): boolean =>
  settings.reads !== "leased" ||
  !settings.rules.waitOutLease ||
  now - (progress.get(member)?.leasedAt ?? 0) >= settings.leaseTicks;

/** Those without whom a write that has waited too long could be acknowledged. */
export function missingOf(state: PrimaryState, role: Primary, now: Ticks): readonly NodeId[] {
  const { waitingSince, progress } = role;
  const { shrinkTicks } = state.settings;
  if (shrinkTicks === null || waitingSince === null || now - waitingSince < shrinkTicks) return [];
  const oldest = state.commitIndex + 1;
  return progress.members.filter(
    (member) =>
      state.office?.inSync.includes(member) === true && (progress.get(member)?.match ?? 0) < oldest,
  );
}
