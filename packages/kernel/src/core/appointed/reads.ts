import { earliest, type LogIndex, type RequestId, type Ticks } from "../ids.ts";
import {
  answered,
  ask,
  askedNobody,
  awaiting,
  countReaders,
  dropOld,
  type FollowerReads,
  NO_READS,
  overloaded,
  readersWakeAt,
  withoutLeader,
} from "../log-reads.ts";
import type { Effect, Now, ReadLevel, Step } from "../seam.ts";
import { NO_EFFECTS, readable, sendEarly } from "../step.ts";
import type { Appointed } from "./appointed.ts";
import type { AppointedState } from "./state.ts";

/** Readers that may look once what they were told is committed here, and whoever told them is known to have this log. */
interface Told {
  readonly ids: readonly RequestId[];
  readonly since: Ticks;
  readonly at: LogIndex;
}

/** Readers that may miss nothing. */
export interface Reads {
  readonly asking: FollowerReads;
  readonly told: readonly Told[];
}

export const NO_READERS: Reads = { asking: NO_READS, told: [] };

/**
 * `local`: what this replica has, any age. Else nothing that was acknowledged may be missed; `serveReads` says who may look, and when.
 * `at`: up to where they are known to have to see, without a question.
 */
export function onRead<S extends AppointedState, M>(
  state: S,
  now: Now,
  ids: readonly RequestId[],
  level: ReadLevel,
  at: LogIndex | null = null,
): Step<S, M> {
  const { reads, settings } = state;
  if (level === "local" && state.fork === null && !state.repairing)
    return [state, [readable(ids, state.lastApplied)]];
  if (countReaders(reads.asking, reads.told) + ids.length > settings.readsMax)
    return [state, overloaded(ids, settings.heartbeatTicks)];
  const since = now.ticks;
  const next: Reads =
    at === null
      ? { ...reads, asking: awaiting(reads.asking, ids, since) }
      : { ...reads, told: [...reads.told, { ids, since, at }] };
  return [{ ...state, reads: next }, NO_EFFECTS];
}

/** At the end of a turn: lets look whoever may, and asks once for all the others. */
export function serveReads<S extends AppointedState, M>(
  protocol: Appointed<S, M>,
  state: S,
  now: Now,
): Step<S, M> {
  const { reads, settings, commitIndex } = state;
  const { asking, told } = reads;
  if (told.length + asking.asked.length + asking.waiting.length === 0) return [state, NO_EFFECTS];
  const effects: Effect<M>[] = [];
  const sound = protocol.isSound(state);
  const own = sound ? protocol.ownIndex(state, now.ticks) : null;
  const kept: Told[] = [];
  for (const one of told)
    if (sound && one.at <= commitIndex) effects.push(readable(one.ids, one.at));
    else if (now.ticks - one.since > settings.readTicksMax) effects.push(...withoutLeader(one.ids));
    else kept.push(one);
  if (own !== null) {
    for (const { ids } of [...asking.asked, ...asking.waiting]) effects.push(readable(ids, own));
    const none = { ...NO_READS, questions: asking.questions };
    return [{ ...state, reads: { asking: none, told: kept } }, effects];
  }
  const [fresh, dropped] = dropOld(asking, now.ticks, settings.readTicksMax);
  effects.push(...dropped);
  const to = protocol.whomToAsk(state);
  const asked = to === null ? null : ask(fresh, now.ticks, settings.retransmitTicks);
  // Early: a question promises nothing.
  if (asked !== null && to !== null)
    effects.push(sendEarly(to, protocol.question(state.term, asked.questions)));
  return [{ ...state, reads: { asking: asked ?? fresh, told: kept } }, effects];
}

/** The answer to a question of this epoch: they may look once that much is committed here. */
export function onAnswer<S extends AppointedState, M>(
  state: S,
  m: { readonly epoch: number; readonly question: number; readonly index: LogIndex },
): Step<S, M> {
  if (m.epoch !== state.term) return [state, NO_EFFECTS];
  const { reads } = state;
  const asked = reads.asking.asked.find(({ question }) => question === m.question);
  const found = answered(reads.asking, m.question);
  if (asked === undefined || found === null) return [state, NO_EFFECTS];
  const told: Told = { ids: found[1], since: asked.since, at: m.index };
  return [{ ...state, reads: { asking: found[0], told: [...reads.told, told] } }, NO_EFFECTS];
}

/** What readers were told holds no longer than the epoch, or the chain, in which they asked. */
export function askAgain(reads: Reads): Reads {
  if (reads.told.length + reads.asking.asked.length === 0) return reads;
  const told = reads.told.map(({ ids, since }) => ({ ids, since }));
  const asking = askedNobody(reads.asking, []);
  return { asking: { ...asking, waiting: [...told, ...asking.waiting] }, told: [] };
}

/** When a reader is to be asked for again, or has waited too long. */
export function readsWakeAt({ reads, settings }: AppointedState, asks: boolean): Ticks | null {
  const oldest = reads.told.reduce<Ticks | null>((at, { since }) => earliest(at, since), null);
  const dropAt = oldest === null ? null : ((oldest + settings.readTicksMax + 1) as Ticks);
  return earliest(dropAt, readersWakeAt(reads.asking, asks, settings));
}
