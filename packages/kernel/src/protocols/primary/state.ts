import {
  andThen,
  type Bytes,
  cutOnDisk,
  type Effect,
  type Entry,
  handToDisk,
  inParts,
  type Lane,
  type Log,
  type LogIndex,
  type LogState,
  NO_EFFECTS,
  type NodeId,
  type Office,
  type OnDisk,
  type PerMember,
  type Petition,
  type Position,
  type RequestId,
  type Step,
  type Ticks,
} from "../../core/index.ts";
import type { PrimaryMessage } from "./message.ts";
import { encodeAppend, encodeHardState, type HardState } from "./record.ts";
import type { PrimarySettings } from "./settings.ts";

export type PrimaryEffect = Effect<PrimaryMessage>;
export type PrimaryStep = Step<PrimaryState, PrimaryMessage>;

/** What a replica knows. `term` is the highest epoch it has seen; with the log and `repairing` it survives a crash. */
export interface PrimaryState extends LogState, OnDisk {
  readonly protocol: "primary";
  readonly settings: PrimarySettings;
  readonly role: Role;
  /** The office as group 0 last said it is; null before it said anything. */
  readonly office: Office | null;
  /** As the primary this replica may act so long; null: not yet. */
  readonly until: Ticks | null;
  /** It was the primary and might act when it was last asked. */
  readonly able: boolean;
  /** The epoch on the disk when this life began. */
  readonly bornIn: number;
  /** What is committed here is not what its primary has: it serves nobody before a snapshot has replaced it. */
  readonly fork: Fork | null;
  /** This entry, if it is still here, is another in the primary's log; null: nothing is known of any. */
  readonly parted: Position | null;
  /** Entries up to here were handed out for applying. */
  readonly handedOut: LogIndex;
  /** Its disk has not written for so long that it is fit for no office. */
  readonly hung: boolean;
  readonly reads: Reads;
  /** The checkpoint of a received snapshot is being written: the log stands still until it is installed. */
  readonly installing: Position | null;
}

/** From `from` on a log differs from its primary's, and not before that once it is `found`. */
export interface Fork {
  readonly from: LogIndex;
  readonly found: boolean;
}

export type Role = Secondary | Primary;

export interface Secondary {
  readonly type: "Secondary";
  /** Who was heard as the primary of this epoch lately. */
  readonly primary: NodeId | null;
  readonly heardAt: Ticks;
  /** In this life and epoch its log was found to hold what its primary takes it to hold: a disk may have lied, or lost a tail. */
  readonly joined: boolean;
}

export interface Primary {
  readonly type: "Primary";
  /** The first entry of this epoch. */
  readonly base: LogIndex;
  readonly progress: PerMember<Progress>;
  readonly heartbeatAt: Ticks;
  /** Since when the oldest uncommitted entry has waited; null while none does. */
  readonly waitingSince: Ticks | null;
  /**
   * What group 0 was last asked for, of the office of which version, and when. Until another version is heard of it may be granted
   * already; nothing else is asked of the same version but to be released.
   */
  readonly petitioned: {
    readonly version: number;
    readonly at: Ticks;
    readonly petition: Petition;
  } | null;
  readonly handOver: HandOver | null;
}

/** Takes no more writes, waits until `to` has all, and gives the office away. */
export interface HandOver {
  /** Null: to whoever comes to be in step. */
  readonly to: NodeId | null;
  readonly id: RequestId | null;
  readonly giveUpAt: Ticks;
  /** It has been given away: from then on nothing is done in it, whether or not group 0 has heard. */
  readonly resigned: boolean;
}

/** What the primary knows of a secondary. Invariant: match < next. */
export interface Progress {
  readonly match: LogIndex;
  readonly next: LogIndex;
  /** `probe`: one update at a time, until it is known where its log joins. */
  readonly mode: "probe" | "stream" | "snapshot";
  readonly inflight: number;
  /** Since when nothing under way was answered. */
  readonly sentAt: Ticks;
  readonly heardAt: Ticks;
  /** The commit index it was last told. */
  readonly told: LogIndex;
}

export interface Waiting {
  readonly ids: readonly RequestId[];
  readonly since: Ticks;
  /** They may look once this is committed and applied; null: that is still to be asked. */
  readonly at: LogIndex | null;
  /** Under which number the primary was asked, and when. */
  readonly question: number;
  readonly askedAt: Ticks | null;
}

export interface Reads {
  readonly waiting: readonly Waiting[];
  readonly questions: number;
}

export const hardStateOf = ({ term, commitIndex, repairing }: PrimaryState): HardState => ({
  epoch: term,
  commitIndex,
  repairing,
});

/** May this replica, the primary of its epoch, make anything visible now? */
export function mayAct({ role, until, settings }: PrimaryState, now: Ticks): boolean {
  if (role.type !== "Primary" || role.handOver?.resigned === true) return false;
  return !settings.rules.actWithinTenure || (until !== null && now < until);
}

export function persist(
  state: PrimaryState,
  at: Ticks,
  record: Bytes,
  lastIndex: LogIndex = 0 as LogIndex,
): PrimaryStep {
  return handToDisk(state, at, record, lastIndex, state.log.lastIndex);
}

export const persistHardState = (state: PrimaryState, at: Ticks): PrimaryStep =>
  persist(state, at, encodeHardState(hardStateOf(state)));

/** Makes the log be what it was up to `prev`, then these entries; one record for each `batchBytesMax`. */
export function replaceAfter(
  state: PrimaryState,
  now: Ticks,
  prev: Position,
  entries: readonly Entry[],
): PrimaryStep {
  const kept = cutOnDisk(state, prev.index);
  let step: PrimaryStep = [{ ...kept, log: state.log.truncate(prev.index) }, NO_EFFECTS];
  let at = prev;
  for (const part of inParts(entries, state.settings.batchBytesMax)) {
    const last = part[part.length - 1] ?? at;
    const from = at;
    step = andThen(step, (s) => {
      const next = { ...s, log: s.log.append(part) };
      return persist(next, now, encodeAppend(hardStateOf(next), from, part), next.log.lastIndex);
    });
    at = { index: last.index, epoch: last.epoch };
  }
  return step;
}

/** A message that promises what was persisted: it waits until that is durable. */
export function send(
  to: NodeId,
  message: PrimaryMessage,
  early = false,
  lane: Lane = "log",
): PrimaryEffect {
  return { type: "Send", to, message, early, lane };
}

/** Hands out what is committed now. */
export function commit(state: PrimaryState, upTo: LogIndex): PrimaryStep {
  if (upTo <= state.commitIndex) return [state, NO_EFFECTS];
  const entries = state.log.slice(state.handedOut, upTo);
  return [{ ...state, commitIndex: upTo, handedOut: upTo }, [{ type: "Commit", entries }]];
}

/** From here on this log is no part of the group's. */
export const lostFrom = (log: Log, from: LogIndex): PrimaryEffect => ({
  type: "Lost",
  from,
  to: log.lastIndex,
  entries: log.slice(Math.max(from - 1, log.base.index) as LogIndex, log.lastIndex),
});

/** Nobody's primary: it follows whoever it hears in this epoch or a later one. */
export function follow(
  state: PrimaryState,
  epoch: number,
  primary: NodeId | null,
  now: Ticks,
): PrimaryStep {
  const raised = epoch > state.term;
  const joined = !raised && state.role.type === "Secondary" && state.role.joined;
  const next: PrimaryState = {
    ...state,
    term: epoch,
    role: { type: "Secondary", primary, heardAt: now, joined },
    until: raised ? null : state.until,
    reads: raised ? askAgain(state.reads) : state.reads,
  };
  return raised ? persistHardState(next, now) : [next, NO_EFFECTS];
}

/** What readers were told by a primary holds no longer than its epoch. */
export const askAgain = ({ waiting, questions }: Reads): Reads => ({
  waiting: waiting.map((one) => ({ ...one, at: null, askedAt: null })),
  questions,
});
