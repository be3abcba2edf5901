import {
  askedNobody,
  type Bytes,
  type ConfigAt,
  drawBelow,
  type Effect,
  type FollowerReads,
  handToDisk,
  type Lane,
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
  type Random,
  type RequestId,
  type Rounds,
  type Step,
  type Ticks,
} from "../../core/index.ts";
import type { RaftMessage, Term } from "./message.ts";
import { encodeHardState, type HardState } from "./record.ts";
import type { RaftSettings } from "./settings.ts";

export type RaftEffect = Effect<RaftMessage>;
export type RaftStep = Step<RaftState, RaftMessage>;

/** What a replica knows. The first block must survive a crash; the rest is rebuilt. */
export interface RaftState extends LogState, OnDisk {
  readonly protocol: "raft";
  readonly term: Term;
  readonly votedFor: NodeId | null;
  readonly log: Log;
  /** Written lazily with later records: a restart replays up to it before anything is served. */
  readonly commitIndex: LogIndex;
  /** See `HardState.repairing`: no votes given or asked for until the log is whole again. */
  readonly repairing: boolean;
  /** See `HardState.blind`. */
  readonly blind: boolean;

  readonly self: NodeId;
  readonly settings: RaftSettings;
  readonly random: Random;
  readonly role: Role;
  /** The configurations of the tail, oldest first; the newest is in force as soon as it is appended (§6). */
  readonly configs: readonly ConfigAt[];
  /** Entries up to here were handed out for applying. */
  readonly handedOut: LogIndex;
  readonly lastApplied: LogIndex;

  /** When this replica last heard the leader of its term; null voids the leader's claim to be left alone. */
  readonly heardFromLeaderAt: Ticks | null;
  /** When to stand for election, for everyone but the leader. Null: asleep. */
  readonly electionAt: Ticks | null;
  readonly reads: FollowerReads;
  /** The checkpoint of a received snapshot is being written: the log stands still until it is installed. */
  readonly installing: Position | null;
}

export type Role = Follower | PreCandidate | Candidate | Leader;

export interface Follower {
  readonly type: "Follower";
  readonly leader: NodeId | null;
}

export interface PreCandidate {
  readonly type: "PreCandidate";
  readonly granted: readonly NodeId[];
  readonly refused: readonly NodeId[];
}

export interface Candidate {
  readonly type: "Candidate";
  readonly granted: readonly NodeId[];
  readonly refused: readonly NodeId[];
  /** Our own vote counts once this record is durable. */
  readonly voteSeq: PersistSeq;
}

export interface Leader extends Rounds {
  readonly type: "Leader";
  readonly progress: PerMember<Progress>;
  /** Index of the first entry of this term; reads wait until it is committed. */
  readonly termStart: LogIndex;
  /** When to ask next whether a majority is still heard. */
  readonly quorumCheckAt: Ticks;
  readonly heartbeatAt: Ticks;
  readonly transfer: Transferring | null;
  /** Somebody was told to stand in spite of us: it may win at any later time, so no lease holds in this term any more. */
  readonly invited: boolean;
  readonly lastBusyAt: Ticks;
  readonly asleep: boolean;
}

/** What the leader knows of another member. Invariant: matchIndex < nextIndex. */
export interface Progress {
  readonly matchIndex: LogIndex;
  readonly nextIndex: LogIndex;
  readonly mode: "probe" | "replicate" | "snapshot";
  /** Append messages under way, oldest first. */
  readonly inflight: readonly { readonly lastIndex: LogIndex; readonly bytes: number }[];
  readonly inflightBytes: number;
  /** Since when nothing under way was answered. */
  readonly waitingSince: Ticks;
  /** Highest round it has answered. */
  readonly round: number;
  readonly heardAt: Ticks;
  /** The commit index it was last told. */
  readonly toldCommit: LogIndex;
}

export interface Transferring {
  readonly to: NodeId;
  readonly id: RequestId | null;
  readonly giveUpAt: Ticks;
  readonly told: boolean;
}

export const isRaft = (state: LogState): state is RaftState => state.protocol === "raft";
export const leaderOf = (state: RaftState): NodeId | null =>
  state.role.type === "Leader"
    ? state.self
    : state.role.type === "Follower"
      ? state.role.leader
      : null;
export const hardStateOf = (state: RaftState): HardState => ({
  term: state.term,
  votedFor: state.votedFor,
  commitIndex: state.commitIndex,
  repairing: state.repairing,
  blind: state.blind,
});

/** Persists a record and remembers that it is not durable yet. */
export const persist = (state: RaftState, now: Ticks, record: Bytes, last: LogIndex): RaftStep =>
  handToDisk(state, now, record, last, state.log.lastIndex);

export const persistHardState = (state: RaftState, now: Ticks): RaftStep =>
  persist(state, now, encodeHardState(hardStateOf(state)), NO_POSITION.index);

/** A message that promises what was persisted: it waits until that is durable. */
export function send(
  state: RaftState,
  to: NodeId,
  message: RaftMessage,
  lane: Lane = "control",
): RaftEffect {
  return { type: "Send", to, message, early: !state.settings.rules.persistBeforeReply, lane };
}

/** A new random time at which to stand for election. */
export function resetElectionTimer(state: RaftState, now: Ticks): RaftState {
  const { electionTicksMin, electionTicksMax } = state.settings;
  const [extra, random] = drawBelow(state.random, Math.max(1, electionTicksMax - electionTicksMin));
  return { ...state, random, electionAt: (now + electionTicksMin + extra) as Ticks };
}

/** Back to following, in this term or a newer one. Readers of the old role wait for the next leader. */
export function becomeFollower(
  state: RaftState,
  now: Ticks,
  newTerm: Term,
  leader: NodeId | null,
): RaftStep {
  const raised = newTerm > state.term;
  const next = resetElectionTimer(
    {
      ...state,
      term: newTerm,
      votedFor: raised ? null : state.votedFor,
      role: { type: "Follower", leader },
      reads: readersOf(state),
      heardFromLeaderAt: leader === null ? state.heardFromLeaderAt : now,
    },
    now,
  );
  return raised ? persistHardState(next, now) : [next, NO_EFFECTS];
}

/** Reads that a leader could no longer confirm go on as a follower's: the next leader is asked. */
const readersOf = ({ reads, role }: RaftState): FollowerReads =>
  askedNobody(reads, role.type === "Leader" ? role.reads : []);
