import {
  type Bytes,
  type ConfigAt,
  configOf,
  drawBelow,
  type Effect,
  type Failure,
  fail,
  isVoter,
  type Lane,
  type Log,
  type LogIndex,
  type LogState,
  membersOf,
  NO_POSITION,
  type NodeId,
  type PerMember,
  type PersistSeq,
  type Position,
  type Random,
  type RequestId,
  type Step,
  type Ticks,
} from "../../core/index.ts";
import type { RaftMessage, Term } from "./message.ts";
import { encodeHardState, type HardState } from "./record.ts";
import type { RaftSettings } from "./settings.ts";

export type RaftEffect = Effect<RaftMessage>;
export type RaftStep = Step<RaftState, RaftMessage>;

/** What a replica knows. The first block must survive a crash; the rest is rebuilt. */
export interface RaftState extends LogState {
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

  /** The newest record persisted, the newest known durable, and what is between: seq, log end and time of each. */
  readonly persisted: PersistSeq;
  readonly durable: PersistSeq;
  readonly undurable: readonly Undurable[];
  /** The log end as the disk is known to hold it. Invariant: durableIndex ≤ log.lastIndex. */
  readonly durableIndex: LogIndex;

  /** When this replica last heard the leader of its term; null voids the leader's claim to be left alone. */
  readonly heardFromLeaderAt: Ticks | null;
  /** When to stand for election, for everyone but the leader. Null: asleep. */
  readonly electionAt: Ticks | null;
  readonly reads: FollowerReads;
  /** The checkpoint of a received snapshot is being written: the log stands still until it is installed. */
  readonly installing: Position | null;
}

export interface Undurable {
  readonly seq: PersistSeq;
  readonly lastIndex: LogIndex;
  readonly at: Ticks;
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

export interface Leader {
  readonly type: "Leader";
  readonly progress: PerMember<Progress>;
  /** Index of the first entry of this term; reads wait until it is committed. */
  readonly termStart: LogIndex;
  readonly round: number;
  /** When each round not yet confirmed by a quorum began; bounded by `ROUNDS_MAX`. */
  readonly roundsSent: readonly { readonly round: number; readonly at: Ticks }[];
  /** A quorum has answered a message sent at or after this: a lease counts from here. Null: none yet. */
  readonly leaseFrom: Ticks | null;
  /** When to ask next whether a majority is still heard. */
  readonly quorumCheckAt: Ticks;
  readonly heartbeatAt: Ticks;
  /** A turn brought readers: a round of confirmations leaves at its end. */
  readonly confirm: boolean;
  readonly reads: readonly LeaderRead[];
  readonly transfer: Transferring | null;
  /** Somebody was told to stand in spite of us: it may win at any later time, so no lease holds in this term any more. */
  readonly invited: boolean;
  readonly lastBusyAt: Ticks;
  readonly asleep: boolean;
}

/** Rounds remembered while unconfirmed. When there are more, the oldest merge: a lease then only gets shorter. */
export const ROUNDS_MAX = 64;

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

/** Readers that share one confirmation; `asker` is another member, or null for our own. */
export interface LeaderRead {
  readonly round: number;
  readonly readIndex: LogIndex;
  readonly ids: readonly RequestId[];
  readonly asker: { readonly member: NodeId; readonly question: number } | null;
  readonly since: Ticks;
}

export interface Transferring {
  readonly to: NodeId;
  readonly id: RequestId | null;
  readonly giveUpAt: Ticks;
  readonly told: boolean;
}

/** A follower's readers: those not yet asked for, and the questions under way. */
export interface FollowerReads {
  readonly waiting: readonly { readonly ids: readonly RequestId[]; readonly since: Ticks }[];
  readonly asked: readonly {
    readonly question: number;
    readonly ids: readonly RequestId[];
    readonly since: Ticks;
    readonly sentAt: Ticks;
  }[];
  readonly questions: number;
}

export const NO_READS: FollowerReads = { waiting: [], asked: [], questions: 0 };

export const othersOf = (state: RaftState): readonly NodeId[] =>
  membersOf(configOf(state)).filter((member) => member !== state.self);
export const isSelfVoter = (state: RaftState): boolean => isVoter(configOf(state), state.self);
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
export function persist(
  state: RaftState,
  now: Ticks,
  record: Bytes,
  lastIndex: LogIndex,
): RaftStep {
  const persisted = (state.persisted + 1) as PersistSeq;
  const undurable = [
    ...state.undurable,
    { seq: persisted, lastIndex: state.log.lastIndex, at: now },
  ];
  return [{ ...state, persisted, undurable }, [{ type: "Persist", record, lastIndex }]];
}

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

/** A message that promises nothing; each call says why. */
export function sendEarly(to: NodeId, message: RaftMessage, lane: Lane = "control"): RaftEffect {
  return { type: "Send", to, message, early: true, lane };
}

/** What most steps ask for. */
export const NO_EFFECTS: readonly RaftEffect[] = [];

/** Runs `f` on the state so far and joins the effects. */
export function andThen(step: RaftStep, f: (state: RaftState) => RaftStep): RaftStep {
  const [next, more] = f(step[0]);
  if (more.length === 0) return [next, step[1]];
  return [next, step[1].length === 0 ? more : [...step[1], ...more]];
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
      reads: readersOf(state, now),
      heardFromLeaderAt: leader === null ? state.heardFromLeaderAt : now,
    },
    now,
  );
  return raised ? persistHardState(next, now) : [next, NO_EFFECTS];
}

/** Reads that a leader could no longer confirm go on as a follower's: the next leader is asked. */
function readersOf(state: RaftState, now: Ticks): FollowerReads {
  const { waiting, asked, questions } = state.reads;
  const own =
    state.role.type === "Leader" ? state.role.reads.filter((read) => read.asker === null) : [];
  if (own.length === 0 && asked.length === 0) return state.reads;
  const again = [...asked, ...own].map(({ ids, since }) => ({ ids, since }));
  return {
    waiting: [...again, ...waiting].filter((read) => read.since <= now),
    asked: [],
    questions,
  };
}

export const refuse = (id: RequestId, failure: Failure): RaftEffect => ({
  type: "Settle",
  id,
  outcome: fail(failure),
});
