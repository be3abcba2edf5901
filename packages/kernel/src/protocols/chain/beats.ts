import { isOverdue, leasedUntil, mayAct } from "../../core/appointed/index.ts";
import {
  andThen,
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  sendEarly,
  type Ticks,
} from "../../core/index.ts";
import type { ChainMessage } from "./message.ts";
import { adopt, follow, heldBy, remembers } from "./order.ts";
import type { ChainEffect, ChainState, ChainStep, Head, Known } from "./state.ts";

const NONE = 0 as LogIndex;

type Beat = Extract<ChainMessage, { type: "Beat" }>;
type Here = Extract<ChainMessage, { type: "Here" }>;

/** Tells everybody that their head lives, and which its chain is; those in step it lets answer readers for a while. */
export function beat(state: ChainState, now: Ticks): ChainStep {
  const { role, settings, term: epoch, chain } = state;
  if (role.type !== "Leader" || chain === null) return [state, NO_EFFECTS];
  const effects: ChainEffect[] = [];
  const able = mayAct(state, now);
  const silent = isOverdue(state, now);
  // Early, once this replica's disk knows of the epoch: in another life it announces nothing in it.
  const early = state.durableIndex >= role.base || !settings.rules.persistEpochFirst;
  const known = role.known.map((one, member) => {
    if (silent) return one;
    const echo = able && isTrusted(state, role, member, one, now) ? one.at : null;
    const message = { type: "Beat", epoch, chain, echo } as const;
    effects.push({ type: "Send", to: member, message, early, lane: "control" });
    // It counts from when it said so, which was before that was heard.
    const leasedAt = echo === null ? one.leasedAt : Math.max(one.leasedAt, one.heardAt);
    return { ...one, unanswered: one.unanswered + 1, leasedAt: leasedAt as Ticks };
  });
  const heartbeatAt = (now + settings.heartbeatTicks) as Ticks;
  const waits = able && state.commitIndex < state.durableIndex;
  const waited = waits ? role.waited + 1 : 0;
  return [{ ...state, role: { ...role, known, waited, heartbeatAt } }, effects];
}

/**
 * May this member answer readers? Only one whom the chain cannot go on without: in step by the word of group 0, and not about to be
 * declared out of step. So whoever is out of step answers nobody, whoever may be head by then.
 */
function isTrusted(
  state: ChainState,
  role: Head,
  member: NodeId,
  known: Known,
  now: Ticks,
): boolean {
  const { office, chain, settings } = state;
  const { petitioned } = role;
  const asked = petitioned?.version === office?.version ? petitioned?.petition : undefined;
  return (
    office?.inSync.includes(member) === true &&
    chain?.order.includes(member) === true &&
    (asked?.type !== "inSync" || asked.inSync.includes(member)) &&
    known.at !== null &&
    !hasLost(known) &&
    !missingOf(state, role).includes(member) &&
    now - known.heardAt < settings.silenceTicks
  );
}

const hasLost = ({ memory }: Known): boolean => memory === "lost" || memory === "blank";

/**
 * Whom the chain has to do without: who is silent, or has lost what it acknowledged; and where a write has waited too long though all are
 * heard, the first whose link to its predecessor must be broken, in one direction or the other.
 */
export function missingOf(state: ChainState, role: Head): readonly NodeId[] {
  const { chain, self, settings, office, commitIndex, durableIndex, links } = state;
  const { known, waited } = role;
  const isTooLong = (beats: number): boolean =>
    beats * settings.heartbeatTicks >= settings.shrinkTicks;
  const others = chain?.order.filter((member) => member !== self) ?? [];
  const silent = others.filter((member) => {
    const one = known.get(member);
    const lost = one !== undefined && hasLost(one) && office?.inSync.includes(member) === true;
    return one === undefined || lost || isTooLong(one.unanswered);
  });
  if (silent.length > 0) return silent;
  const successor = others[0];
  if (successor === undefined || !isTooLong(waited)) return [];
  const oldest = commitIndex + 1;
  // Else it is this replica that the write waits for: its disk, or others that are to be in step first.
  const stuck = durableIndex >= oldest && (links.get(successor)?.commit ?? 0) < oldest;
  if (!stuck) return [];
  const broken = others.find((member) => {
    const one = known.get(member);
    return one === undefined || one.held < oldest || one.commit >= oldest;
  });
  return [broken ?? others[others.length - 1] ?? successor];
}

export function onBeat(state: ChainState, now: Now, from: NodeId, m: Beat): ChainStep {
  const { settings } = state;
  if (m.epoch < state.term && settings.rules.refuseOldEpochs)
    return [state, [tellEpoch(state, from)]];
  if (state.role.type === "Leader" && m.epoch === state.term) return [state, NO_EFFECTS];
  const step = follow(state, Math.max(m.epoch, state.term), from, now.ticks);
  return andThen(step, (s) => {
    const adopted = adopt(s, m.chain, now.ticks);
    const heard = leased(adopted, m.echo, now.ticks);
    return [heard, [here(heard, now.ticks, from)]];
  });
}

function leased(state: ChainState, echo: Ticks | null, now: Ticks): ChainState {
  const { role, settings } = state;
  if (role.type !== "Follower") return state;
  const leaseUntil = leasedUntil(state, settings, role.leaseUntil, echo, now);
  return leaseUntil === role.leaseUntil ? state : { ...state, role: { ...role, leaseUntil } };
}

/** Early: it vouches for what its disk is known to hold. */
function here(state: ChainState, at: Ticks, to: NodeId): ChainEffect {
  const { term: epoch, chain, commitIndex, repairing, fork } = state;
  const lost = repairing || fork !== null;
  const message: Here = {
    type: "Here",
    epoch,
    at,
    number: chain?.number ?? 0,
    held: heldBy(state),
    commit: commitIndex,
    memory: remembers(state) ? (lost ? "lost" : "whole") : lost ? "blank" : "new",
  };
  return sendEarly(to, message);
}

export function onHere(state: ChainState, now: Now, from: NodeId, m: Here): ChainStep {
  if (m.epoch > state.term) return follow(state, m.epoch, null, now.ticks);
  const { role } = state;
  const before = role.type === "Leader" ? role.known.get(from) : undefined;
  if (role.type !== "Leader" || before === undefined || m.epoch < state.term)
    return [state, NO_EFFECTS];
  const { at, number, held, commit, memory } = m;
  const heard = { heardAt: now.ticks, unanswered: 0 };
  const one: Known = { ...before, ...heard, at, number, held, commit, memory };
  return [{ ...state, role: { ...role, known: role.known.with(from, one) } }, NO_EFFECTS];
}

/** To who speaks in an epoch that is over. Early: it promises nothing, and says of the epoch what group 0 has said. */
export const tellEpoch = ({ term: epoch }: ChainState, to: NodeId): ChainEffect =>
  sendEarly(to, { type: "Ack", epoch, state: "Lacks", match: NONE, commit: NONE }, "log");
