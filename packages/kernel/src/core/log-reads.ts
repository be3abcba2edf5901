import { earliest, type LogIndex, type NodeId, type RequestId, type Ticks } from "./ids.ts";
import type { Effect } from "./seam.ts";
import { refuse } from "./step.ts";

/** Readers of one turn at a leader; `asker` is another member with its own readers, or null. */
export interface LeaderRead {
  readonly ids: readonly RequestId[];
  readonly asker: { readonly member: NodeId; readonly question: number } | null;
  /** Up to where they must see. */
  readonly readIndex: LogIndex;
  /** The round that confirms that this leader still is one: the first that began after they came. */
  readonly round: number;
  readonly since: Ticks;
}

interface Waiting {
  readonly ids: readonly RequestId[];
  readonly since: Ticks;
}

interface Asked extends Waiting {
  readonly question: number;
  readonly sentAt: Ticks;
}

/** Readers at who does not lead: those not yet asked for, and the questions under way to the leader. */
export interface FollowerReads {
  readonly waiting: readonly Waiting[];
  readonly asked: readonly Asked[];
  readonly questions: number;
}

export const NO_READS: FollowerReads = { waiting: [], asked: [], questions: 0 };

export const awaiting = (reads: FollowerReads, ids: readonly RequestId[], since: Ticks) => ({
  ...reads,
  waiting: [...reads.waiting, { ids, since }],
});

/** How many readers are held, a question of another member counting as one at least: what `readsMax` bounds. */
export function countReaders(
  { waiting, asked }: FollowerReads,
  led: readonly { readonly ids: readonly RequestId[] }[],
): number {
  const count = (reads: typeof led): number =>
    reads.reduce((sum, { ids }) => sum + Math.max(1, ids.length), 0);
  return count(led) + count(waiting) + count(asked);
}

export const overloaded = (
  ids: readonly RequestId[],
  retryAfterTicks: number,
): readonly Effect<never>[] =>
  ids.map((id) =>
    refuse(id, { code: "Overloaded", definite: true, retryAfterTicks: retryAfterTicks as Ticks }),
  );

/** The role they waited in ends: the next leader serves them, or is asked. A question of another member lapses. */
export function askedNobody(reads: FollowerReads, led: readonly LeaderRead[]): FollowerReads {
  const own = led.filter(({ asker }) => asker === null);
  if (own.length + reads.asked.length === 0) return reads;
  const again = [...reads.asked, ...own].map(({ ids, since }) => ({ ids, since }));
  return { waiting: [...again, ...reads.waiting], asked: [], questions: reads.questions };
}

/**
 * Asks for all who wait, and again for those whose question was not answered for `retransmitTicks`: the last of `asked` is the question to
 * send. Null: there is nobody to ask for. A question asked again is a new one: an old answer must not confirm a newer reader.
 */
export function ask(
  reads: FollowerReads,
  now: Ticks,
  retransmitTicks: number,
): FollowerReads | null {
  const lostBefore = now - retransmitTicks;
  const lost = reads.asked.filter(({ sentAt }) => sentAt <= lostBefore);
  const readers = [...lost, ...reads.waiting];
  if (readers.length === 0) return null;
  const question = reads.questions + 1;
  const since = Math.min(now, ...readers.map((reader) => reader.since)) as Ticks;
  const ids = readers.flatMap((reader) => reader.ids);
  const fresh = reads.asked.filter(({ sentAt }) => sentAt > lostBefore);
  const asked = [...fresh, { question, ids, since, sentAt: now }];
  return { waiting: [], asked, questions: question };
}

/** Who is answered by the answer to that question; null: nobody, it came before. */
export function answered(
  reads: FollowerReads,
  question: number,
): readonly [FollowerReads, readonly RequestId[]] | null {
  const found = reads.asked.find((one) => one.question === question);
  if (found === undefined) return null;
  return [{ ...reads, asked: reads.asked.filter((one) => one !== found) }, found.ids];
}

/** Readers that waited longer than any deadline allows are told that there is no leader. */
export function dropOld(
  reads: FollowerReads,
  now: Ticks,
  readTicksMax: number,
): readonly [FollowerReads, readonly Effect<never>[]] {
  const isOld = ({ since }: Waiting): boolean => since < now - readTicksMax;
  const old = [...reads.waiting, ...reads.asked].filter(isOld);
  if (old.length === 0) return [reads, []];
  const waiting = reads.waiting.filter((one) => !isOld(one));
  const asked = reads.asked.filter((one) => !isOld(one));
  return [{ ...reads, waiting, asked }, old.flatMap(({ ids }) => withoutLeader(ids))];
}

export const withoutLeader = (ids: readonly RequestId[]): readonly Effect<never>[] =>
  ids.map((id) => refuse(id, { code: "NoLeader", definite: true }));

/** When the leader is to be asked again; with nobody to ask, when the first has waited too long. */
export function readersWakeAt(
  { waiting, asked }: FollowerReads,
  hasLeader: boolean,
  settings: { readonly retransmitTicks: number; readonly readTicksMax: number },
): Ticks | null {
  const [first] = asked;
  if (hasLeader)
    return first === undefined ? null : ((first.sentAt + settings.retransmitTicks) as Ticks);
  const oldest = earliest(first?.since ?? null, waiting[0]?.since ?? null);
  return oldest === null ? null : ((oldest + settings.readTicksMax + 1) as Ticks);
}
