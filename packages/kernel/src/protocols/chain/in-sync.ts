import {
  inSyncWith,
  isEnoughWithout,
  mayAct,
  petition,
  petitionAgain,
  possibleInSync,
} from "../../core/appointed/index.ts";
import { NO_EFFECTS, type NodeId, type Now, type Ticks } from "../../core/index.ts";
import { beat, missingOf } from "./beats.ts";
import type { Chain } from "./message.ts";
import { adopt } from "./order.ts";
import type { ChainState, ChainStep, Head } from "./state.ts";

/**
 * At the end of a head's turn: who is in the chain. Whoever leaves it is declared out of step by group 0 first; whoever joins it stands at
 * its end, and is whole, before group 0 hears of it. So whoever is in step by the word of group 0 is in the chain, and holds what its tail
 * holds. One wish at a time; it is repeated until the office has changed, for better or worse.
 */
export function keepInSync(state: ChainState, now: Now): ChainStep {
  const { role, office, chain, settings } = state;
  if (role.type !== "Leader" || office === null || chain === null || !mayAct(state, now.ticks))
    return [state, NO_EFFECTS];
  const { rules } = settings;
  if (role.joining !== null && office.inSync.includes(role.joining))
    return keepInSync({ ...state, role: { ...role, joining: null } }, now);
  const outside = outOfStep(state, role, chain);
  if (outside.length > 0) return announce(state, role, without(chain, outside), role.joining, now);
  // Its floor is to cover what they may have forgotten.
  const isNew = (member: NodeId): boolean => {
    const one = role.known.get(member);
    return one?.memory === "new" && one.number === chain.number;
  };
  const isBlank = (member: NodeId): boolean => {
    const one = role.known.get(member);
    return one?.memory === "blank" && one.number === chain.number;
  };
  if (chain.order.some(isNew)) return announce(state, role, chain.order, role.joining, now);
  const pending = petitionAgain(state, role, now.ticks);
  if (pending !== null) return pending;
  const missing = missingOf(state, role);
  if (role.joining !== null && missing.includes(role.joining))
    return announce(state, role, without(chain, [role.joining]), null, now);
  if (missing.length > 0) {
    if (!isEnoughWithout(state, missing, heardLately(state, role, now.ticks)))
      // Who has lost what it held, and cannot be spared, is made whole where it stands: in a chain that was announced since.
      return missing.some(isBlank)
        ? announce(state, role, chain.order, role.joining, now)
        : [state, NO_EFFECTS];
    if (
      rules.waitOutLease &&
      !missing.every((member) => isReleased(state, role, member, now.ticks))
    )
      return [state, NO_EFFECTS];
    const inSync = office.inSync.filter((member) => !missing.includes(member));
    const asked: ChainStep = petition(state, role, now.ticks, { type: "inSync", inSync });
    if (rules.shrinkFirst) return asked;
    const [next, effects] = announce(state, role, without(chain, missing), role.joining, now);
    return [next, [...effects, ...asked[1]]];
  }
  return role.joining === null ? invite(state, role, chain, now) : admit(state, role, chain, now);
}

/** In the chain, and neither in step by the word of group 0 nor about to be. */
function outOfStep(state: ChainState, role: Head, { order }: Chain): readonly NodeId[] {
  const sets = possibleInSync(state, role);
  return order.filter(
    (member) =>
      member !== state.self &&
      member !== role.joining &&
      !sets.some((inSync) => inSync.includes(member)),
  );
}

/** Heard lately, whether or not in step. */
function heardLately({ settings }: ChainState, { known }: Head, now: Ticks): readonly NodeId[] {
  return known.members.filter((member) => {
    const { at, heardAt } = known.get(member) ?? { at: null, heardAt: 0 };
    return at !== null && now - heardAt < settings.silenceTicks;
  });
}

/** Who has caught up stands at the end of the chain from now on. */
function invite(state: ChainState, role: Head, chain: Chain, now: Now): ChainStep {
  const { office, commitIndex, settings } = state;
  const isBack = (member: NodeId): boolean => {
    const one = role.known.get(member);
    const fresh = one !== undefined && now.ticks - one.heardAt < settings.silenceTicks;
    return fresh && one.at !== null && one.held >= Math.max(commitIndex, role.base);
  };
  const lacking = (member: NodeId): boolean => !chain.order.includes(member);
  const back = role.known.members.find((member) => lacking(member) && isBack(member));
  if (back === undefined) return [state, NO_EFFECTS];
  if (settings.rules.announceFirst || office?.inSync.includes(back) === true)
    return announce(state, role, [...chain.order, back], back, now);
  return petition(state, role, now.ticks, { type: "inSync", inSync: inSyncWith(state, [back]) });
}

/** Who stands at the end of the chain is in step once its disk has all that the head had when it came. */
function admit(state: ChainState, role: Head, chain: Chain, now: Now): ChainStep {
  const { joining } = role;
  const one = joining === null ? undefined : role.known.get(joining);
  if (joining === null || one === undefined || one.number < chain.number || one.held < chain.floor)
    return [state, NO_EFFECTS];
  // It lost what it had in this very chain: it joins another.
  if (one.memory !== "whole") return announce(state, role, without(chain, [joining]), null, now);
  return petition(state, role, now.ticks, { type: "inSync", inSync: inSyncWith(state, [joining]) });
}

const without = ({ order }: Chain, gone: readonly NodeId[]): readonly NodeId[] =>
  order.filter((member) => !gone.includes(member));

/** It answers no reader any more, whatever it has heard. */
const isReleased = (
  { settings }: ChainState,
  { known }: Head,
  member: NodeId,
  now: Ticks,
): boolean => now - (known.get(member)?.leasedAt ?? 0) >= settings.leaseTicks;

/** From now on the chain is this: the head is bound by it at once, and everybody else when it is heard. */
function announce(
  state: ChainState,
  role: Head,
  order: readonly NodeId[],
  joining: NodeId | null,
  now: Now,
): ChainStep {
  const number = (state.chain?.number ?? 0) + 1;
  const next: ChainState = { ...state, role: { ...role, joining, waited: 0 } };
  return beat(adopt(next, { number, order, floor: state.log.lastIndex }, now.ticks), now.ticks);
}
