import { askAgain, persistHardState } from "../../core/appointed/index.ts";
import {
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  othersOf,
  PerMember,
  type Ticks,
} from "../../core/index.ts";
import type { Chain } from "./message.ts";
import type { ChainState, ChainStep, Progress } from "./state.ts";

export const tailOf = ({ order }: Chain): NodeId | null => order[order.length - 1] ?? null;

export const isTail = ({ chain, self }: ChainState): boolean =>
  chain !== null && tailOf(chain) === self;

export const isInChain = ({ chain, self }: ChainState): boolean =>
  chain?.order.includes(self) === true;

/** Null for a tail, and for who is not in the chain. */
export function successorOf({ chain, self }: ChainState): NodeId | null {
  const at = chain?.order.indexOf(self) ?? -1;
  return at < 0 ? null : (chain?.order[at + 1] ?? null);
}

/** Null for a head, and for who is not in the chain. */
export const predecessorOf = ({ chain, self }: ChainState): NodeId | null =>
  chain?.order[chain.order.indexOf(self) - 1] ?? null;

/** Was its chain announced after its life began, and after what it has lost? Else it may have acknowledged what it has not. */
export const remembers = ({ since, chain, term }: ChainState): boolean =>
  since !== null && chain !== null && (term > since.epoch || chain.number > since.number);

/** Up to here this replica's disk holds the head's log: what it can vouch for. */
export const heldBy = ({ durableIndex, verified }: ChainState): LogIndex =>
  Math.min(durableIndex, verified) as LogIndex;

/** Nobody's head: it follows whoever it hears in this epoch or a later one. Of the chain of a later one it knows nothing yet. */
export function follow(
  state: ChainState,
  epoch: number,
  leader: NodeId | null,
  heardAt: Ticks,
): ChainStep {
  if (epoch <= state.term) {
    const leaseUntil = state.role.type === "Follower" ? state.role.leaseUntil : null;
    return [{ ...state, role: { type: "Follower", leader, heardAt, leaseUntil } }, NO_EFFECTS];
  }
  const next: ChainState = {
    ...state,
    term: epoch,
    role: { type: "Follower", leader, heardAt, leaseUntil: null },
    chain: null,
    // Behind what is committed the next head may have another log.
    verified: state.commitIndex,
    links: NO_LINKS,
    upstream: { owed: null, told: 0 as LogIndex },
    until: null,
    reads: askAgain(state.reads),
  };
  return persistHardState(next, heardAt);
}

/** The newest chain of this epoch is the one that counts: from here on this replica has the place in it that it names. */
export function adopt(state: ChainState, chain: Chain, now: Ticks): ChainState {
  if (chain.number <= (state.chain?.number ?? 0)) return state;
  const { number } = chain;
  const since = state.since ?? { epoch: state.term, number };
  // Whoever was not in the chain before, or cannot know, may have what those before it now have not.
  const stays = state.chain?.number === number - 1 && isInChain(state);
  const verified = stays || state.role.type === "Leader" ? state.verified : state.commitIndex;
  const next: ChainState = { ...state, chain, since, verified, reads: askAgain(state.reads) };
  // Its predecessor may be another, who was told nothing.
  const upstream = { owed: null, told: 0 as LogIndex };
  return { ...next, upstream, links: linksOf(next, now), linksAt: now };
}

/** To its successor; from the tail to all who are not in the chain, so that they may join behind it. What is known of a link is kept. */
function linksOf(state: ChainState, now: Ticks): PerMember<Progress> {
  const { chain, links } = state;
  const successor = successorOf(state);
  const outside = isTail(state)
    ? othersOf(state).filter((member) => chain?.order.includes(member) !== true)
    : [];
  const to = successor === null ? outside : [successor];
  return PerMember.of(to, (member) => links.get(member) ?? probing(state.verified, now));
}

/** Nothing is known of it: it is asked whether its log joins at the end of what is known to be the head's. */
const probing = (verified: LogIndex, sentAt: Ticks): Progress => ({
  match: 0 as LogIndex,
  next: (verified + 1) as LogIndex,
  commit: 0 as LogIndex,
  mode: "probe",
  sent: [],
  sentAt,
});

export const NO_LINKS: PerMember<Progress> = new PerMember<Progress>([], []);
