import { type GroupId, type JournalSeq, journalSeq, SYSTEM_GROUP } from "../ids.ts";
import { groupsOfLost, type LostRecords } from "./damage.ts";

/** What is left of a journal, segment by segment judged already. */
export interface FoundJournal<D extends LostRecords> {
  /** Where the first segment that has a header begins; null where there is none. */
  readonly firstSeq: JournalSeq | null;
  /** The last record that is readable; 0 where none is. */
  readonly lastSeq: JournalSeq;
  /** The last segment has a header, so that its end is the journal's end. */
  readonly ends: boolean;
  /** This node has had a journal: it is never empty again. */
  readonly begun: boolean;
  readonly damage: readonly D[];
  /** Groups with at least one valid record. */
  readonly groups: readonly GroupId[];
}

export interface FoundCheckpoints {
  /** Of each group that has a sound one, what the newest covers. */
  readonly covers: ReadonlyMap<GroupId, JournalSeq>;
  /** Groups that had one, and have no sound one. */
  readonly lost: readonly GroupId[];
}

/** Records that are missing before the first segment, or behind the last. */
export interface LostEnd extends LostRecords {
  readonly group: null;
  readonly firstSeq: JournalSeq;
  readonly nextSeq: JournalSeq;
}

/** What a node has lost, and where its journal goes on. */
export interface Losses<D extends LostRecords> {
  /** The next record gets the number behind this one. */
  readonly lastSeq: JournalSeq;
  /** Records went on behind what is readable: the next one goes into another segment. */
  readonly endLost: boolean;
  /** What is lost and is held by no later checkpoint. */
  readonly damage: readonly (D | LostEnd)[];
  /** The groups that are to be rebuilt, ascending. */
  readonly damaged: readonly GroupId[];
  /** Among what is lost may be the birth of a group that nothing else names (JN-2). */
  readonly birthsLost: boolean;
}

/** Records that may have been behind the last that is readable; the next is written far beyond. */
const RECORDS_LOST_MAX = 2 ** 32;

/** What follows from all that a start found on the disk: the one rule for real disks and simulated ones. */
export function lossesOf<D extends LostRecords>(
  journal: FoundJournal<D>,
  { covers, lost }: FoundCheckpoints,
): Losses<D> {
  // Group 0 is as old as the journal: without a checkpoint it needs all of it.
  const held = new Map([[SYSTEM_GROUP, journalSeq(0)], ...covers]);
  const ends = missingEnds(journal, [...held.values()]);
  const known = [SYSTEM_GROUP, ...covers.keys(), ...lost, ...journal.groups];
  const all = [...journal.damage, ...ends.lost];
  const damage = all.filter((one) => groupsOfLost([one], known, covers).length > 0);
  const damaged = new Set([...lost, ...groupsOfLost(damage, known, covers)]);
  return {
    lastSeq: ends.lastSeq,
    endLost: ends.lastSeq !== journal.lastSeq,
    damage,
    damaged: [...damaged].sort((a, b) => a - b),
    birthsLost: all.some(({ group }) => group === null),
  };
}

/**
 * Records missing before the first segment or behind the last. A checkpoint is published only when the journal is
 * durable up to what it covers, and segments are deleted only up to what all groups' checkpoints cover; a journal that
 * has begun is never empty.
 * Where the end is lost the numbers go on far behind it: the gap tells the next start the same, until every group has
 * a checkpoint from beyond.
 */
function missingEnds(
  { firstSeq, lastSeq, ends, begun }: Omit<FoundJournal<LostRecords>, "damage" | "groups">,
  covers: readonly number[],
): { readonly lost: readonly LostEnd[]; readonly lastSeq: JournalSeq } {
  const first = firstSeq ?? 1;
  const before = first > Math.min(...covers) + 1 ? [lostEnd(1, first)] : [];
  const covered = Math.max(0, ...covers);
  if (covered <= lastSeq && (ends || !begun)) return { lost: before, lastSeq };
  const next = Math.max(covered, lastSeq) + RECORDS_LOST_MAX;
  return { lost: [...before, lostEnd(lastSeq + 1, next)], lastSeq: journalSeq(next - 1) };
}

const lostEnd = (from: number, to: number): LostEnd => ({
  group: null,
  firstSeq: journalSeq(from),
  nextSeq: journalSeq(to),
});
