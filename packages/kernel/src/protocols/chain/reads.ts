import { mayAct } from "../../core/appointed/index.ts";
import {
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  sendEarly,
  type Ticks,
} from "../../core/index.ts";
import type { ChainMessage } from "./message.ts";
import { isInChain, isTail, remembers, tailOf } from "./order.ts";
import type { ChainState, ChainStep } from "./state.ts";

/** What is committed here was found to be the head's, and so nobody's fork. */
export const isJoined = ({ fork, repairing, log, verified, term }: ChainState): boolean =>
  fork === null && !repairing && log.epochAt(verified) === term;

/**
 * Up to where this replica's readers look without a question; null: the tail is to be asked.
 *
 * The tail: what is acknowledged is committed there. CRAQ, any other: what is acknowledged was held by the whole chain before, this
 * replica among it, so that with nothing uncommitted in its log nothing can be missing (Terrace and Freedman §3). Either only as long as
 * the chain does not go on without it.
 */
export function ownIndex(state: ChainState, now: Ticks): LogIndex | null {
  const { settings, log, commitIndex } = state;
  if (!isTail(state)) {
    const clean = log.lastIndex === commitIndex || !settings.rules.askWhenDirty;
    if (settings.reads === "tail" || !clean) return null;
  }
  return mayAnswer(state, now) ? commitIndex : null;
}

function mayAnswer(state: ChainState, now: Ticks): boolean {
  const { chain, role, settings, commitIndex } = state;
  if (chain === null || !isInChain(state) || !isJoined(state)) return false;
  // Whatever any chain before this one may have committed is committed here.
  if (settings.rules.wholeBeforeReads && commitIndex < chain.floor) return false;
  if (role.type === "Leader") return mayAct(state, now);
  if (settings.rules.wholeBeforeReads && !remembers(state)) return false;
  return !settings.rules.readWithinLease || (role.leaseUntil !== null && now < role.leaseUntil);
}

/** The tail knows up to where a reader has to see. */
export function whomToAsk({ chain, self }: ChainState): NodeId | null {
  const tail = chain === null ? null : tailOf(chain);
  return tail === self ? null : tail;
}

export const question = (epoch: number, number: number): ChainMessage => ({
  type: "Ask",
  epoch,
  question: number,
});

type Ask = Extract<ChainMessage, { type: "Ask" }>;

/** Another member's readers. No answer is given by one who may not: they ask again. */
export function onAsk(state: ChainState, now: Now, from: NodeId, m: Ask): ChainStep {
  const asked = m.epoch === state.term && isTail(state);
  const index = asked ? ownIndex(state, now.ticks) : null;
  if (index === null) return [state, NO_EFFECTS];
  const answer = { type: "Answer", epoch: state.term, question: m.question, index } as const;
  // Early: what is committed is on the disks that count.
  return [state, [sendEarly(from, answer)]];
}
