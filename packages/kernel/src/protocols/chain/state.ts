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
import type { Chain, ChainMessage, Memory } from "./message.ts";
import { encodeAppend, encodeHardState, type HardState } from "./record.ts";
import type { ChainSettings } from "./settings.ts";

export type ChainEffect = Effect<ChainMessage>;
export type ChainStep = Step<ChainState, ChainMessage>;

/** What a replica knows. `term` is the highest epoch it has seen; with the log and `repairing` it survives a crash. */
export interface ChainState extends LogState, OnDisk {
  readonly protocol: "chain";
  readonly settings: ChainSettings;
  readonly role: Role;
  /** The chain of this epoch, as far as it is known here; null before anything was heard of one. */
  readonly chain: Chain | null;
  /**
   * Up to here this log is the head's of this epoch, and everybody before this replica in its chain has it on disk: what the tail may
   * commit. Begins anew, at what is committed, with an epoch, a life, and a place in a chain. Invariant: commitIndex ≤ verified ≤ log.lastIndex.
   */
  readonly verified: LogIndex;
  /** To whom this replica sends: its successor; of the tail those who are not in the chain. */
  readonly links: PerMember<Progress>;
  /** When it sends to them though it has nothing to say. */
  readonly linksAt: Ticks;
  readonly upstream: Upstream;
  /** The office as group 0 last said it is; null before it said anything. */
  readonly office: Office | null;
  /** As the head this replica may act so long; null: not yet. */
  readonly until: Ticks | null;
  /** It was the head and might act when it was last asked. */
  readonly able: boolean;
  /** The epoch on the disk when this life began, and when that was. */
  readonly bornIn: number;
  readonly bornAt: Ticks;
  /** From here on what is committed here is not what the head has: it serves nobody before a snapshot has replaced it. */
  readonly fork: LogIndex | null;
  /**
   * The chain first heard of in this life, or since it was found that something was lost; null before that. The floor of a later one covers
   * what this replica may have acknowledged and forgotten.
   */
  readonly since: { readonly epoch: number; readonly number: number } | null;
  /** Entries up to here were handed out for applying. */
  readonly handedOut: LogIndex;
  /** Its disk has not written for so long that it is fit for no office. */
  readonly hung: boolean;
  readonly reads: Reads;
  /** The checkpoint of a received snapshot is being written: the log stands still until it is installed. */
  readonly installing: Position | null;
}

/** What is said to one's predecessor. */
export interface Upstream {
  /** It asked, or what it sent was not joined; null: nothing is owed. */
  readonly owed: { readonly to: NodeId; readonly state: "Holds" | "Lacks" | "Forked" } | null;
  /** The commit index that it was last told. */
  readonly told: LogIndex;
}

export type Role = Member | Head;

export interface Member {
  readonly type: "Member";
  /** Who was heard as the head of this epoch lately. */
  readonly head: NodeId | null;
  readonly heardAt: Ticks;
  /** So long it may answer readers; null: not yet in this epoch. */
  readonly leaseUntil: Ticks | null;
}

export interface Head {
  readonly type: "Head";
  /** The first entry of this epoch. */
  readonly base: LogIndex;
  /** What is known of the others. */
  readonly known: PerMember<Known>;
  /** In the chain, and not yet in step by the word of group 0. */
  readonly joining: NodeId | null;
  readonly heartbeatAt: Ticks;
  /** Heartbeats since something was committed, while this replica's disk has more: a pause of its own is nobody's fault. */
  readonly waited: number;
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

/** Takes no more writes, waits until all have all, and gives the office away. */
export interface HandOver {
  /** Null: to whoever comes to be in step. */
  readonly to: NodeId | null;
  readonly id: RequestId | null;
  readonly giveUpAt: Ticks;
  /** It has been given away: from then on nothing is done in it, whether or not group 0 has heard. */
  readonly resigned: boolean;
}

/** What the head knows of a member, by its own word. */
export interface Known {
  readonly heardAt: Ticks;
  /** Heartbeats that it has not answered since. */
  readonly unanswered: number;
  /** Its clock when it said so: to be echoed. Null: not heard in this epoch. */
  readonly at: Ticks | null;
  /** When that was heard for which it may answer readers: for `leaseTicks` after that the chain does not go on without it. */
  readonly leasedAt: Ticks;
  readonly number: number;
  readonly held: LogIndex;
  readonly commit: LogIndex;
  readonly memory: Memory;
}

/** What is known of one's successor. Invariant: match < next. */
export interface Progress {
  readonly match: LogIndex;
  readonly next: LogIndex;
  /** Up to here the tail has acknowledged, by its word. */
  readonly commit: LogIndex;
  /** `probe`: one update at a time, until it is known where its log joins. */
  readonly mode: "probe" | "stream" | "snapshot";
  /** The ends of the updates under way, oldest first. */
  readonly sent: readonly LogIndex[];
  /** Since when nothing under way was answered. */
  readonly sentAt: Ticks;
}

export interface Waiting {
  readonly ids: readonly RequestId[];
  readonly since: Ticks;
  /** They may look once this is committed and applied; null: that is still to be asked. */
  readonly at: LogIndex | null;
  /** Under which number the tail was asked, and when. */
  readonly question: number;
  readonly askedAt: Ticks | null;
}

export interface Reads {
  readonly waiting: readonly Waiting[];
  readonly questions: number;
}

export const hardStateOf = ({ term, commitIndex, repairing }: ChainState): HardState => ({
  epoch: term,
  commitIndex,
  repairing,
});

/** May this replica, the head of its epoch, take, grant or show anything now? */
export function mayAct({ role, until, settings }: ChainState, now: Ticks): boolean {
  if (role.type !== "Head" || role.handOver?.resigned === true) return false;
  return !settings.rules.actWithinTenure || (until !== null && now < until);
}

export function persist(
  state: ChainState,
  at: Ticks,
  record: Bytes,
  lastIndex: LogIndex = 0 as LogIndex,
): ChainStep {
  return handToDisk(state, at, record, lastIndex, state.log.lastIndex);
}

export const persistHardState = (state: ChainState, at: Ticks): ChainStep =>
  persist(state, at, encodeHardState(hardStateOf(state)));

/** Makes the log be what it was up to `prev`, then these entries; one record for each `batchBytesMax`. */
export function replaceAfter(
  state: ChainState,
  now: Ticks,
  prev: Position,
  entries: readonly Entry[],
): ChainStep {
  const kept = cutOnDisk(state, prev.index);
  let step: ChainStep = [{ ...kept, log: state.log.truncate(prev.index) }, NO_EFFECTS];
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
  message: ChainMessage,
  early = false,
  lane: Lane = "log",
): ChainEffect {
  return { type: "Send", to, message, early, lane };
}

/** Hands out what is committed now. */
export function commit(state: ChainState, upTo: LogIndex): ChainStep {
  if (upTo <= state.commitIndex) return [state, NO_EFFECTS];
  const entries = state.log.slice(state.handedOut, upTo);
  return [{ ...state, commitIndex: upTo, handedOut: upTo }, [{ type: "Commit", entries }]];
}

/** From here on this log is no part of the group's. */
export const lostFrom = (log: Log, from: LogIndex): ChainEffect => ({
  type: "Lost",
  from,
  to: log.lastIndex,
  entries: log.slice(Math.max(from - 1, log.base.index) as LogIndex, log.lastIndex),
});
