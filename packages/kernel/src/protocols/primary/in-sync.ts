import {
  inSyncWith,
  isEnoughWithout,
  petition,
  petitionAgain,
  possibleInSync,
} from "../../core/appointed/index.ts";
import { type LogIndex, NO_EFFECTS, type NodeId, type Now, type Ticks } from "../../core/index.ts";
import type { Primary, PrimaryState, PrimaryStep, Progress } from "./state.ts";

const NOBODY: readonly NodeId[] = [];

/**
 * At the end of a primary's turn: asks group 0 to declare out of step whom a write has waited for too long, and in step whoever has
 * caught up (card 2, in-sync set).
 */
export function keepInSync(before: PrimaryState, now: Now): PrimaryStep {
  const state = waitForNear(before, now.ticks);
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
  outside(state, role, now).filter((member) => {
    const progress = role.progress.get(member);
    return (progress?.match ?? 0) >= Math.max(role.base, neededOf(state, role, progress));
  });

/**
 * Where no write waits for secondaries being in step promises nothing of single writes: it is enough to have what was there when it asked,
 * or a heartbeat ago. Else whoever is in step may be appointed, and must have all.
 */
function neededOf(
  { settings, commitIndex }: PrimaryState,
  { beats }: Primary,
  progress: Progress | undefined,
): LogIndex {
  if (settings.acks !== 0) return commitIndex;
  const before = settings.pullTicks === null ? beats[0] : (progress?.asked ?? commitIndex);
  return Math.min(before, commitIndex) as LogIndex;
}

function outside(state: PrimaryState, role: Primary, now: Ticks): readonly NodeId[] {
  const inSync = state.office?.inSync ?? [];
  // Mostly all are in step, and this is asked every turn.
  if (inSync.length > role.progress.members.length) return NOBODY;
  return heardLately(state, role, now).filter((member) => !inSync.includes(member));
}

/**
 * Whoever has what was committed two heartbeats ago is waited for: one that is a single write behind all the time would else never have all
 * at the end of any turn. Not for longer than silence is borne: by then it is no longer so near.
 */
function waitForNear(state: PrimaryState, now: Ticks): PrimaryState {
  const { role, settings } = state;
  if (role.type !== "Leader" || settings.acks === 0) return state;
  const { waitingSince, beats, progress } = role;
  const tooLong = waitingSince !== null && now - waitingSince >= settings.silenceTicks;
  // Who was asked for is waited for by that (`possibleInSync`).
  const asked = possibleInSync(state, role).flat();
  const near = outside(state, role, now).filter(
    (member) =>
      !asked.includes(member) &&
      (progress.get(member)?.match ?? 0) >= Math.max(role.base, beats[0]),
  );
  const joining = tooLong ? [] : near;
  if (joining.length + role.joining.length === 0) return state;
  return { ...state, role: { ...role, joining } };
}

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
