import {
  type Accepted,
  askedNobody,
  assert,
  type Ballot,
  type Bytes,
  type ConfigAt,
  drawBelow,
  type Effect,
  type Entry,
  type FollowerReads,
  handToDisk,
  type Lane,
  type Log,
  type LogIndex,
  type LogState,
  NO_EFFECTS,
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
import { withConfigs } from "./configuration.ts";
import type { PaxosMessage, Slot } from "./message.ts";
import { encodeHardState, type HardState } from "./record.ts";
import type { PaxosSettings } from "./settings.ts";
import type { Window } from "./window.ts";

export type PaxosEffect = Effect<PaxosMessage>;
export type PaxosStep = Step<PaxosState, PaxosMessage>;

/** What a replica knows. The first block must survive a crash; the rest is rebuilt. */
export interface PaxosState extends LogState, OnDisk {
  readonly protocol: "paxos";
  /** The highest ballot promised, for every slot. Whoever prepares or leads does so under it. */
  readonly term: Ballot;
  /** What is chosen, and nothing else: replicas learn one value under different ballots, so its entries are of epoch 0. */
  readonly log: Log;
  /** Always the end of the log. Written lazily with later records. */
  readonly commitIndex: LogIndex;
  /** What is accepted behind the log's end: one value for a slot, the one of the highest ballot; gaps are normal. */
  readonly accepted: Window<Accepted<Entry>>;
  /**
   * The highest ballot under which anything may have been accepted here. A restart takes what was promised for it: more than it was, which
   * is harmless (`Leader.before`).
   */
  readonly acceptedUnder: Ballot;
  /** See `HardState.repairing`. */
  readonly repairing: boolean;
  /** See `HardState.blind`. */
  readonly blind: boolean;

  readonly settings: PaxosSettings;
  readonly random: Random;
  readonly role: Role;
  readonly lastApplied: LogIndex;
  /** The highest ballot heard of: the next one of this replica lies above it. */
  readonly highest: Ballot;
  /** Ballots in a row that came to nothing: the next is waited for the longer. */
  readonly attempts: number;

  /** When this replica last heard the leader; null voids the leader's claim to be left alone. */
  readonly heardFromLeaderAt: Ticks | null;
  /** When to stand, for everyone but the leader. */
  readonly electionAt: Ticks | null;
  /** How long to bear the leader's silence: drawn when following begins. */
  readonly patience: number;
  readonly reads: FollowerReads;
  /** The checkpoint of a received snapshot is being written: the log stands still until it is installed. */
  readonly installing: Position | null;
}

export type Role = Follower | PreCandidate | Preparing | Leader;

export interface Follower {
  readonly type: "Follower";
  readonly leader: NodeId | null;
  /** What that leader said is decided; some of it may have to come yet. */
  readonly decided: Slot;
}

export interface PreCandidate {
  readonly type: "PreCandidate";
  readonly granted: readonly NodeId[];
  readonly refused: readonly NodeId[];
}

/** In phase 1 of the ballot that it has promised itself. */
export interface Preparing {
  readonly type: "Preparing";
  /** Acceptors that have told all they have accepted, and up to where they know what is chosen. */
  readonly promised: readonly { readonly acceptor: NodeId; readonly decided: Slot }[];
  /** Who was asked: the members that were known at first, and voters of configurations that were found since. */
  readonly asked: readonly NodeId[];
  /** The value to propose for each slot of which some promise told. */
  readonly found: Window<Accepted<Entry>>;
  /** The highest ballot under which any of them may have accepted anything. */
  readonly before: Ballot;
  /** Our own promise counts once this record is durable. */
  readonly promiseSeq: PersistSeq;
}

/** In phase 2. Invariant: all slots from the log's end to `nextSlot` hold a value accepted here under its own ballot. */
export interface Leader extends Rounds {
  readonly type: "Leader";
  readonly progress: PerMember<Progress>;
  /** Who has promised this ballot, as far as this leader was told: those of phase 1, and voters to come that it asked since. */
  readonly promised: readonly NodeId[];
  /** Members that it has proposed, until they are chosen. */
  readonly change: ConfigAt | null;
  /** Who else accepted what is proposed, by slot. */
  readonly votes: Window<readonly NodeId[]>;
  /** Where the next proposal goes. */
  readonly nextSlot: Slot;
  /** The first slot given to an entry of its own; all that older ballots can have chosen lies before it. */
  readonly termStart: Slot;
  /** No leader of a ballot between this one and its own can have had anything chosen: a majority would have told of it. */
  readonly before: Ballot;
  /** Of the commands in undecided slots. */
  readonly undecidedBytes: number;
  readonly quorumCheckAt: Ticks;
  readonly heartbeatAt: Ticks;
  readonly transfer: Transferring | null;
  /** Somebody was told to take over: it may do so at any later time, so no lease holds under this ballot any more. */
  readonly invited: boolean;
}

/** What the leader knows of another member. */
export interface Progress {
  /** `unknown`: nothing is sent until it says where its log ends. `snapshot`: it needs what this log no longer has. */
  readonly mode: "unknown" | "feed" | "snapshot";
  /** Up to where it knows what was chosen, by its own word. */
  readonly decided: Slot;
  /** Up to where its disk holds, by its own word, what is chosen or what this ballot's leader proposed. */
  readonly held: Slot;
  /** The next slot to send. */
  readonly nextSlot: Slot;
  /** Accept messages under way, oldest first, by their first slot. */
  readonly inflight: readonly { readonly slot: Slot; readonly bytes: number }[];
  readonly inflightBytes: number;
  /** Since when the oldest under way was the oldest, and was not answered. */
  readonly waitingSince: Ticks;
  /** Highest round it has answered. */
  readonly round: number;
  readonly heardAt: Ticks;
  /** What it was told to be decided: at most, and with the round of its last heartbeat. */
  readonly toldDecided: Slot;
  readonly probe: { readonly round: number; readonly decided: Slot };
  /** It is being rebuilt, so it gets only what is chosen. */
  readonly silent: boolean;
}

export interface Transferring {
  readonly to: NodeId;
  readonly id: RequestId | null;
  readonly giveUpAt: Ticks;
  readonly told: boolean;
}

export const isPaxos = (state: LogState): state is PaxosState => state.protocol === "paxos";

/** Whether what older leaders can have had chosen is chosen here too: only then is this leader one for others. */
export const isEstablished = ({ commitIndex }: PaxosState, { termStart }: Leader): boolean =>
  commitIndex >= termStart;

export function leaderOf(state: PaxosState): NodeId | null {
  const { role, self } = state;
  if (role.type === "Leader") return isEstablished(state, role) ? self : null;
  return role.type === "Follower" ? role.leader : null;
}

export const hardStateOf = ({ term, commitIndex, repairing, blind }: PaxosState): HardState => ({
  promised: term,
  decided: commitIndex,
  repairing,
  blind,
});

/** The slot behind the log's end: the first whose value is not known to be chosen. */
export const firstUndecided = ({ log }: PaxosState): Slot => (log.lastIndex + 1) as Slot;

/** Persists a record; only what a leader proposes counts as held by its own disk. */
export function persist(state: PaxosState, now: Ticks, record: Bytes, last: LogIndex): PaxosStep {
  const counts = (state.role.type === "Leader" ? last : 0) as LogIndex;
  return handToDisk(state, now, record, last, counts);
}

export const persistHardState = (state: PaxosState, now: Ticks): PaxosStep =>
  persist(state, now, encodeHardState(hardStateOf(state)), 0 as LogIndex);

/** A message that promises what was persisted: it waits until that is durable. */
export function send(
  state: PaxosState,
  to: NodeId,
  message: PaxosMessage,
  lane: Lane = "control",
): PaxosEffect {
  return { type: "Send", to, message, early: !state.settings.rules.persistBeforeReply, lane };
}

/** Appends what is chosen, in order, and hands it out. Members that are chosen are known from here on. */
export function learn(state: PaxosState, chosen: readonly Entry[]): PaxosStep {
  if (chosen.length === 0) return [state, NO_EFFECTS];
  const log = state.log.append(chosen);
  for (const { index } of chosen) state.accepted.delete(index);
  const configs = withConfigs(state.configs, chosen, log.lastIndex, state.lastApplied);
  const next = { ...state, log, configs, commitIndex: log.lastIndex };
  return [next, [{ type: "Commit", entries: chosen }]];
}

/** A new random time at which to stand. */
export function resetElectionTimer(state: PaxosState, now: Ticks): PaxosState {
  const { electionTicksMin, electionTicksMax } = state.settings;
  const [extra, random] = drawBelow(state.random, Math.max(1, electionTicksMax - electionTicksMin));
  const patience = electionTicksMin + extra;
  return { ...state, random, patience, electionAt: (now + patience) as Ticks };
}

/** Back to following. Readers of the old role wait for the next leader. */
export function becomeFollower(state: PaxosState, now: Ticks, leader: NodeId | null): PaxosState {
  // A lease that was counted from here binds the leader that had it too: it promises no other ballot before that has run out.
  const leased = state.role.type === "Leader" && state.settings.leaseReads;
  const heardFromLeaderAt = leader === null && !leased ? state.heardFromLeaderAt : now;
  const next: PaxosState = {
    ...state,
    role: { type: "Follower", leader, decided: 0 as Slot },
    reads: readersOf(state),
    heardFromLeaderAt,
    attempts: leader === null ? state.attempts : 0,
  };
  return resetElectionTimer(next, now);
}

/** Promises a ballot, never a lower one. Whoever was preparing or leading under an older one no longer is. */
export function promiseBallot(state: PaxosState, now: Ticks, ballot: Ballot): PaxosStep {
  assert(ballot >= state.term, "a promise never falls");
  const highest = Math.max(state.highest, ballot) as Ballot;
  if (ballot === state.term) return [{ ...state, highest }, NO_EFFECTS];
  return persistHardState({ ...state, term: ballot, highest }, now);
}

/** Reads that a leader could no longer confirm go on as a follower's: the next leader is asked. */
const readersOf = ({ reads, role }: PaxosState): FollowerReads =>
  askedNobody(reads, role.type === "Leader" ? role.reads : []);

/** True where a switched-off rule makes this replica break its promises on purpose: the checks are to find it. */
export const unsafe = (state: PaxosState): boolean =>
  Object.values(state.settings.rules).includes(false);
