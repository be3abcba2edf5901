import {
  andThen,
  configOf,
  earliest,
  hungAt,
  NO_EFFECTS,
  type Now,
  quorumValue,
  type Ticks,
} from "../../core/index.ts";
import { report, tellEpoch } from "./discovery.ts";
import { look, onLookingWake } from "./election.ts";
import { beginRound, readsWakeAt } from "./reads.ts";
import type { Following, Leading, ZabState, ZabStep } from "./state.ts";
import { stepAside } from "./transfer.ts";

/** When this replica wants to be woken. */
export function wakeAt(state: ZabState): Ticks | null {
  const { role, settings } = state;
  switch (role.type) {
    case "Looking":
      return earliest(role.notifyAt, role.settleAt, readsWakeAt(state));
    case "Following": {
      const silentAt = (role.heardAt + settings.syncLimitTicks) as Ticks;
      return role.phase === "discovery"
        ? earliest(role.reportAt, role.giveUpAt, readsWakeAt(state))
        : earliest(silentAt, readsWakeAt(state));
    }
    case "Leading": {
      const giveUpAt = role.phase === "discovery" ? role.giveUpAt : null;
      return earliest(role.pingAt, giveUpAt, role.transfer?.giveUpAt ?? null);
    }
  }
}

export function onWake(state: ZabState, now: Now): ZabStep {
  switch (state.role.type) {
    case "Looking":
      return onLookingWake(state, now);
    case "Following":
      return onFollowingWake(state, state.role, now);
    case "Leading":
      return onLeadingWake(state, state.role, now);
  }
}

function onFollowingWake(state: ZabState, role: Following, now: Now): ZabStep {
  const { notifyTicks, syncLimitTicks } = state.settings;
  if (role.phase !== "discovery")
    return now.ticks - role.heardAt >= syncLimitTicks ? look(state, now) : [state, NO_EFFECTS];
  if (now.ticks >= role.giveUpAt) return look(state, now);
  if (now.ticks < role.reportAt) return [state, NO_EFFECTS];
  const reportAt = (now.ticks + notifyTicks) as Ticks;
  return [{ ...state, role: { ...role, reportAt } }, [report(state, role.leader)]];
}

function onLeadingWake(state: ZabState, role: Leading, now: Now): ZabStep {
  if (role.phase === "discovery" && now.ticks >= role.giveUpAt) return look(state, now);
  if (isDiskHung(state, now)) return stepAside(state, now);
  if (now.ticks < role.pingAt) return [state, NO_EFFECTS];
  if (hasLostQuorum(state, role, now)) return look(state, now);
  // All leaders of a node ping at the same multiples of the interval, so that their pings share frames.
  const { pingTicks } = state.settings;
  const pingAt = ((Math.floor(now.ticks / pingTicks) + 1) * pingTicks) as Ticks;
  const next: Leading = { ...role, pingAt };
  let step = beginRound({ ...state, role: next }, next);
  for (const peer of role.followers.members) {
    if (role.followers.get(peer)?.stage === "told") step = andThen(step, (s) => tellEpoch(s, peer));
  }
  return step;
}

/** No majority was heard for `syncLimitTicks`: somebody else may lead by now. Discovery has a limit of its own. */
function hasLostQuorum(state: ZabState, role: Leading, now: Now): boolean {
  if (role.phase === "discovery") return false;
  const heard = quorumValue(configOf(state), (member) =>
    member === state.self ? now.ticks : (role.followers.get(member)?.heardAt ?? 0),
  );
  return now.ticks - heard > state.settings.syncLimitTicks;
}

/**
 * Its disk has not written what it was given for `syncLimitTicks`: it commits nothing, and must not keep others from
 * leading. Not where nobody else could: a lone voter with a slow disk would only end its own clients' calls.
 */
export function isDiskHung(state: ZabState, now: Now): boolean {
  if (configOf(state).voters.length === 1) return false;
  const at = hungAt(state, state.settings.syncLimitTicks);
  return at !== null && now.ticks >= at;
}
