import {
  type LogIndex,
  NO_EFFECTS,
  type NodeId,
  type Now,
  overloaded,
  type ReadLevel,
  type RequestId,
  readable,
  type Ticks,
  withoutLeader,
} from "../../core/index.ts";
import type { ChainMessage } from "./message.ts";
import { isInChain, isTail, remembers, tailOf } from "./order.ts";
import {
  type ChainEffect,
  type ChainState,
  type ChainStep,
  mayAct,
  send,
  type Waiting,
} from "./state.ts";

/** `local`: what this replica has. Else nothing that was acknowledged may be missed; `serveReads` says who may look, and when. */
export function onRead(
  state: ChainState,
  now: Now,
  ids: readonly RequestId[],
  level: ReadLevel,
): ChainStep {
  if (level === "local" && state.fork === null && !state.repairing)
    return [state, [readable(ids, state.lastApplied)]];
  const { reads, settings } = state;
  const waiting = reads.waiting.reduce((sum, one) => sum + one.ids.length, 0);
  if (waiting + ids.length > settings.readsMax)
    return [state, overloaded(ids, settings.heartbeatTicks)];
  const reader: Waiting = { ids, since: now.ticks, at: null, question: 0, askedAt: null };
  return [{ ...state, reads: { ...reads, waiting: [...reads.waiting, reader] } }, NO_EFFECTS];
}

/** At the end of a turn: lets look whoever may, and asks the tail for the others. */
export function serveReads(state: ChainState, now: Now): ChainStep {
  const { reads, settings, commitIndex } = state;
  if (reads.waiting.length === 0) return [state, NO_EFFECTS];
  const effects: ChainEffect[] = [];
  let { questions } = reads;
  const own = ownIndex(state, now.ticks);
  const may = isJoined(state);
  const kept: Waiting[] = [];
  for (const one of reads.waiting) {
    const at = one.at ?? own;
    if (at !== null && at <= commitIndex && may) {
      effects.push(readable(one.ids, at));
    } else if (now.ticks - one.since > settings.readTicksMax) {
      effects.push(...withoutLeader(one.ids));
    } else {
      const asked = at === null ? askTail(state, one, questions + 1, now.ticks, effects) : one;
      if (asked !== one) questions++;
      kept.push(asked);
    }
  }
  return [{ ...state, reads: { waiting: kept, questions } }, effects];
}

/** What is committed here was found to be the head's, and so nobody's fork. */
const isJoined = ({ fork, repairing, log, verified, term }: ChainState): boolean =>
  fork === null && !repairing && log.epochAt(verified) === term;

/**
 * Up to where this replica's readers look without a question; null: the tail is to be asked.
 *
 * The tail: what is acknowledged is committed there. CRAQ, any other: what is acknowledged was held by the whole chain before, this
 * replica among it, so that with nothing uncommitted in its log nothing can be missing (Terrace and Freedman §3). Either only as long as
 * the chain does not go on without it.
 */
function ownIndex(state: ChainState, now: Ticks): LogIndex | null {
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
  if (role.type === "Head") return mayAct(state, now);
  if (settings.rules.wholeBeforeReads && !remembers(state)) return false;
  return !settings.rules.readWithinLease || (role.leaseUntil !== null && now < role.leaseUntil);
}

function askTail(
  state: ChainState,
  one: Waiting,
  question: number,
  now: Ticks,
  effects: ChainEffect[],
): Waiting {
  const { chain, settings, term: epoch } = state;
  const tail = chain === null ? null : tailOf(chain);
  if (tail === null || tail === state.self) return one;
  if (one.askedAt !== null && now - one.askedAt < settings.retransmitTicks) return one;
  // Early: a question promises nothing.
  effects.push(send(tail, { type: "Ask", epoch, question }, true, "control"));
  return { ...one, question, askedAt: now };
}

type Ask = Extract<ChainMessage, { type: "Ask" }>;
type Answer = Extract<ChainMessage, { type: "Answer" }>;

/** Another member's readers. No answer is given by one who may not: they ask again. */
export function onAsk(state: ChainState, now: Now, from: NodeId, m: Ask): ChainStep {
  const asked = m.epoch === state.term && isTail(state);
  const index = asked ? ownIndex(state, now.ticks) : null;
  if (index === null) return [state, NO_EFFECTS];
  // Early: what is committed is on the disks that count.
  const answer = { type: "Answer", epoch: state.term, question: m.question, index } as const;
  return [state, [send(from, answer, true, "control")]];
}

export function onAnswer(state: ChainState, m: Answer): ChainStep {
  if (m.epoch !== state.term) return [state, NO_EFFECTS];
  const waiting = state.reads.waiting.map((one) =>
    one.at === null && one.askedAt !== null && one.question === m.question
      ? { ...one, at: m.index }
      : one,
  );
  return [{ ...state, reads: { ...state.reads, waiting } }, NO_EFFECTS];
}
