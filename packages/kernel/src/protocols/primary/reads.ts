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
import type { PrimaryMessage } from "./message.ts";
import {
  mayAct,
  type PrimaryEffect,
  type PrimaryState,
  type PrimaryStep,
  send,
  type Waiting,
} from "./state.ts";

/** `local`: what this replica has. Else nothing that was acknowledged may be missed; `serveReads` says who may look, and when. */
export function onRead(
  state: PrimaryState,
  now: Now,
  ids: readonly RequestId[],
  level: ReadLevel,
): PrimaryStep {
  if (level === "local" && state.fork === null && !state.repairing)
    return [state, [readable(ids, state.lastApplied)]];
  const { reads, settings } = state;
  const waiting = reads.waiting.reduce((sum, one) => sum + one.ids.length, 0);
  if (waiting + ids.length > settings.readsMax)
    return [state, overloaded(ids, settings.heartbeatTicks)];
  const reader: Waiting = {
    ids,
    since: now.ticks,
    // What anybody may have seen is in every log before anybody sees it: it is enough that no change here is uncommitted.
    at: settings.reads === "any" && isWhole(state) ? lastChange(state) : null,
    question: 0,
    askedAt: null,
  };
  return [{ ...state, reads: { ...reads, waiting: [...reads.waiting, reader] } }, NO_EFFECTS];
}

/** A new primary's first entry waits for whoever is away, and changes nothing: it must keep no reader. */
function lastChange({ log, commitIndex }: PrimaryState): LogIndex {
  for (let index = log.lastIndex; index > commitIndex; index--)
    if (log.at(index as LogIndex)?.kind !== "noop") return index as LogIndex;
  return commitIndex;
}

const isWhole = ({ role, fork, repairing }: PrimaryState): boolean =>
  fork === null && !repairing && role.type === "Secondary" && role.joined;

/** What is committed here may be what too few had acknowledged: only its primary's log tells. */
const mayAnswer = (state: PrimaryState): boolean =>
  state.role.type === "Primary" || !state.settings.rules.joinBeforeReads || isWhole(state);

/** At the end of a turn: lets look whoever may, and asks the primary for the others. */
export function serveReads(state: PrimaryState, now: Now): PrimaryStep {
  const { reads, settings, commitIndex } = state;
  if (reads.waiting.length === 0) return [state, NO_EFFECTS];
  const effects: PrimaryEffect[] = [];
  let { questions } = reads;
  const may = mayAnswer(state);
  const kept: Waiting[] = [];
  for (const one of reads.waiting) {
    const at = one.at ?? ownIndex(state, now.ticks);
    if (at !== null && at <= commitIndex && may) {
      effects.push(readable(one.ids, at));
    } else if (now.ticks - one.since > settings.readTicksMax) {
      effects.push(...withoutLeader(one.ids));
    } else {
      const asked = at === null ? askPrimary(state, one, questions + 1, now.ticks, effects) : one;
      if (asked !== one) questions++;
      kept.push(asked);
    }
  }
  return [{ ...state, reads: { waiting: kept, questions } }, effects];
}

/**
 * Up to where a primary's own readers look, within its tenure and once it knows what was committed before its epoch. Where nothing is
 * acknowledged without it, it needs neither while no change waits here.
 */
function ownIndex(state: PrimaryState, now: Ticks): LogIndex | null {
  const { role, commitIndex, settings, repairing, fork } = state;
  if (role.type !== "Primary" || repairing || fork !== null) return null;
  if (settings.reads === "any" && lastChange(state) === commitIndex) return commitIndex;
  if (!mayAct(state, now)) return null;
  return settings.rules.readsAfterOwnEpoch && commitIndex < role.base ? null : commitIndex;
}

function askPrimary(
  state: PrimaryState,
  one: Waiting,
  question: number,
  now: Ticks,
  effects: PrimaryEffect[],
): Waiting {
  const { role, settings, term: epoch } = state;
  if (role.type !== "Secondary" || role.primary === null) return one;
  if (one.askedAt !== null && now - one.askedAt < settings.retransmitTicks) return one;
  // Early: a question promises nothing.
  effects.push(send(role.primary, { type: "Ask", epoch, question }, true, "control"));
  return { ...one, question, askedAt: now };
}

type Ask = Extract<PrimaryMessage, { type: "Ask" }>;
type Answer = Extract<PrimaryMessage, { type: "Answer" }>;

/** A secondary's readers. No answer is given by one who may not act: they ask again. */
export function onAsk(state: PrimaryState, now: Now, from: NodeId, m: Ask): PrimaryStep {
  const index = m.epoch === state.term ? ownIndex(state, now.ticks) : null;
  if (index === null) return [state, NO_EFFECTS];
  // Early: what is committed was acknowledged by the disks that count.
  const answer = { type: "Answer", epoch: state.term, question: m.question, index } as const;
  return [state, [send(from, answer, true, "control")]];
}

export function onAnswer(state: PrimaryState, m: Answer): PrimaryStep {
  if (m.epoch !== state.term || state.role.type !== "Secondary") return [state, NO_EFFECTS];
  const waiting = state.reads.waiting.map((one) =>
    one.at === null && one.askedAt !== null && one.question === m.question
      ? { ...one, at: m.index }
      : one,
  );
  return [{ ...state, reads: { ...state.reads, waiting } }, NO_EFFECTS];
}
