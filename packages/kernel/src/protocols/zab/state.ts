import {
  type Bytes,
  type ConfigAt,
  type Effect,
  type FollowerReads,
  handToDisk,
  type Lane,
  type LeaderRead,
  type Log,
  type LogIndex,
  type LogState,
  NO_EFFECTS,
  NO_POSITION,
  type NodeId,
  type OnDisk,
  type PerMember,
  type PersistSeq,
  type Position,
  type RequestId,
  type Step,
  type Ticks,
} from "../../core/index.ts";
import type { Candidate, Credentials, Epoch, Truncate, ZabMessage } from "./message.ts";
import { encodeHardState, type HardState } from "./record.ts";
import type { ZabSettings } from "./settings.ts";

export type ZabEffect = Effect<ZabMessage>;
export type ZabStep = Step<ZabState, ZabMessage>;

/** What a replica knows. The first block must survive a crash; the rest is rebuilt. */
export interface ZabState extends LogState, OnDisk {
  readonly protocol: "zab";
  /** The seam's name for `acceptedEpoch`: always the same value. */
  readonly term: Epoch;
  readonly acceptedEpoch: Epoch;
  readonly acceptedFrom: NodeId | null;
  readonly currentEpoch: Epoch;
  /** The history: proposals, committed or not. */
  readonly log: Log;
  /** Delivered up to here. Written lazily with later records: a restart replays up to it before anything is served. */
  readonly commitIndex: LogIndex;
  readonly repairing: boolean;

  readonly self: NodeId;
  readonly settings: ZabSettings;
  readonly role: Role;
  /** One: members are fixed at the founding. */
  readonly configs: readonly ConfigAt[];
  readonly lastApplied: LogIndex;

  /** It yielded: before this it is reluctant, and leads only if nobody else's history is as new. */
  readonly standAgainAt: Ticks;
  readonly reads: FollowerReads;
  /** The checkpoint of a received snapshot is being written: the log stands still until it is installed. */
  readonly installing: Position | null;
  /** Tells this life of a repair from earlier ones. Never 0. */
  readonly repairMark: number;
}

export type Role = Looking | Following | Leading;
export type Phase = "discovery" | "synchronization" | "broadcast";

/** Phase 0. */
export interface Looking {
  readonly type: "Looking";
  readonly vote: NodeId | null;
  /** What the others told last; null for those who are not looking, or were not heard. */
  readonly heard: PerMember<Heard | null>;
  readonly notifyAt: Ticks;
  /** Before that nothing is settled: it has just given up, and must not come back at once with the same votes. */
  readonly notBefore: Ticks;
  /** A majority agrees: the vote is settled then. */
  readonly settleAt: Ticks | null;
}

export interface Heard {
  readonly at: Ticks;
  readonly candidate: Candidate | null;
  readonly vote: NodeId | null;
}

export interface Following {
  readonly type: "Following";
  readonly leader: NodeId;
  readonly phase: Phase;
  /** Discovery: when to report again, and when to give up. */
  readonly reportAt: Ticks;
  readonly giveUpAt: Ticks;
  readonly heardAt: Ticks;
  /** The highest commit it was told of in this epoch: may be ahead of what has arrived. */
  readonly toldCommit: LogIndex;
  /** The epoch was chosen after its leader knew of this repair: being up to date in it makes whole. */
  readonly restores: boolean;
}

export interface Leading {
  readonly type: "Leading";
  readonly phase: Phase;
  /** Null until enough followers have reported to choose it. From then on it is `acceptedEpoch`. */
  readonly epoch: Epoch | null;
  /** The record that holds our own promise of the epoch, and the one that holds it as `currentEpoch`. */
  readonly epochSeq: PersistSeq;
  readonly newLeaderSeq: PersistSeq;
  /** The history that a majority must take over ends here: the initial history of the epoch. */
  readonly initialLast: LogIndex;
  readonly followers: PerMember<Progress>;
  /** Discovery is given up then. */
  readonly giveUpAt: Ticks;
  readonly pingAt: Ticks;
  readonly round: number;
  /** A turn brought readers that want a confirmation: a round of pings leaves at its end. */
  readonly confirm: boolean;
  readonly reads: readonly LeaderRead[];
  readonly transfer: Transferring | null;
}

/**
 * How far a follower has come in this epoch: nothing heard; reported; told the epoch; promised it; being synchronised;
 * synchronised without counting (it is being repaired); one of those that count.
 */
export type Stage =
  | "absent"
  | "reported"
  | "told"
  | "promised"
  | "synchronising"
  | "listening"
  | "counted";

/** What the leader knows of another member. Invariant: matchIndex < nextIndex. */
export interface Progress {
  readonly stage: Stage;
  readonly acceptedEpoch: Epoch;
  /** Of its FollowerInfo, and as it was when the epoch was chosen. */
  readonly repairMark: number;
  readonly markWhenChosen: number;
  /** Its promise of the epoch counts. */
  readonly promiseCounts: boolean;
  /** Where its history ended when it promised. */
  readonly last: Position;
  readonly mode: "stream" | "probe" | "truncate" | "snapshot";
  readonly truncate: Truncate | null;
  readonly matchIndex: LogIndex;
  readonly nextIndex: LogIndex;
  /** NEWLEADER is told of once all up to here was sent. */
  readonly joinAt: Position;
  /** Proposal messages under way, oldest first. */
  readonly inflight: readonly { readonly lastIndex: LogIndex; readonly bytes: number }[];
  readonly inflightBytes: number;
  /** Since when something under way, of whatever kind, was not answered. */
  readonly waitingSince: Ticks;
  readonly newLeaderSent: boolean;
  readonly upToDateSent: boolean;
  readonly toldCommit: LogIndex;
  /** Highest round it has answered. */
  readonly round: number;
  readonly heardAt: Ticks;
}

export interface Transferring {
  readonly to: NodeId;
  readonly id: RequestId | null;
  readonly giveUpAt: Ticks;
}

export const isZab = (state: LogState): state is ZabState => state.protocol === "zab";

/** Known only from UPTODATE on: before it a leader may never come to lead. */
export function leaderOf({ role, self }: ZabState): NodeId | null {
  if (role.type === "Looking" || role.phase !== "broadcast") return null;
  return role.type === "Leading" ? self : role.leader;
}

export const credentialsOf = ({ currentEpoch, log }: ZabState): Credentials => ({
  currentEpoch,
  last: { epoch: log.last.epoch, index: log.last.index },
});

/** What it tells of its repair; 0 while it is whole. */
export const markOf = ({ repairing, repairMark }: ZabState): number => (repairing ? repairMark : 0);

/** The order of zxids. Within an epoch indexes run as counters do. */
export const isLater = (a: Position, b: Position): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.index > b.index);

export const isAhead = (a: Credentials, b: Credentials): boolean =>
  a.currentEpoch > b.currentEpoch || (a.currentEpoch === b.currentEpoch && isLater(a.last, b.last));

/** True where a switched-off rule makes this replica break its promises on purpose: the checker is to find it. */
export const isUnsafe = ({ settings }: ZabState): boolean =>
  Object.values(settings.rules).includes(false);

export function hardStateOf(state: ZabState): HardState {
  const { acceptedEpoch, acceptedFrom, currentEpoch, commitIndex, repairing } = state;
  const { persistAcceptedEpoch, persistCurrentEpoch } = state.settings.rules;
  return {
    acceptedEpoch: persistAcceptedEpoch ? acceptedEpoch : (0 as Epoch),
    acceptedFrom: persistAcceptedEpoch ? acceptedFrom : null,
    currentEpoch: persistCurrentEpoch ? currentEpoch : (0 as Epoch),
    commitIndex,
    repairing,
  };
}

/** A promise to follow no leader of an earlier epoch, and none but this of this one. */
export const accepting = (state: ZabState, epoch: Epoch, from: NodeId | null): ZabState => ({
  ...state,
  term: epoch,
  acceptedEpoch: epoch,
  acceptedFrom: from,
});

/** Persists a record and remembers that it is not durable yet. */
export const persist = (state: ZabState, now: Ticks, record: Bytes, last: LogIndex): ZabStep =>
  handToDisk(state, now, record, last, state.log.lastIndex);

export const persistHardState = (state: ZabState, now: Ticks): ZabStep =>
  persist(state, now, encodeHardState(hardStateOf(state)), NO_POSITION.index);

/** Does our own disk hold this record? */
export const isDurable = ({ durable, settings }: ZabState, seq: PersistSeq): boolean =>
  durable >= seq || !settings.rules.persistBeforeReply;

/** A message that promises what was persisted: it waits until that is durable. */
export function send(
  state: ZabState,
  to: NodeId,
  message: ZabMessage,
  lane: Lane = "control",
): ZabEffect {
  return { type: "Send", to, message, early: !state.settings.rules.persistBeforeReply, lane };
}

export function withProgress(state: ZabState, peer: NodeId, progress: Progress): ZabState {
  if (state.role.type !== "Leading") return state;
  const followers = state.role.followers.with(peer, progress);
  return { ...state, role: { ...state.role, followers } };
}

/** Hands out what is newly committed, in order, once. */
export function commitTo(state: ZabState, upTo: LogIndex): ZabStep {
  const index = Math.min(upTo, state.log.lastIndex) as LogIndex;
  if (index <= state.commitIndex) return [state, NO_EFFECTS];
  const entries = state.log.slice(state.commitIndex, index);
  return [{ ...state, commitIndex: index }, [{ type: "Commit", entries }]];
}
