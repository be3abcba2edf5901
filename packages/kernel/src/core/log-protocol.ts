import type { Malformed } from "./bytes.ts";
import type { Bytes, LogIndex, NodeId } from "./ids.ts";
import type { Log } from "./log.ts";
import { isVoter, membersOf } from "./quorum.ts";
import type { GroupConfig, Now, Position, Protocol } from "./seam.ts";

/** A configuration, and the entry that made it. */
export interface ConfigAt {
  readonly index: LogIndex;
  readonly config: GroupConfig;
}

/** What a replica of every log protocol knows and its node looks at. */
export interface LogState {
  /** Whose state it is: those who know that protocol may look closer. */
  readonly protocol: string;
  readonly self: NodeId;
  /** Rises with every new leader: Raft's term, Paxos' ballot, ZAB's epoch, a view. */
  readonly term: number;
  /** The tail of the log as this replica holds it, committed or not. */
  readonly log: Log;
  /** The configurations of the tail, oldest first, never none; the newest is in force. */
  readonly configs: readonly ConfigAt[];
  readonly commitIndex: LogIndex;
  readonly lastApplied: LogIndex;
  /** Its durable records were lost: it promises nothing until its peers have made it whole. */
  readonly repairing: boolean;
}

/** Where a replica stands in its group. */
export interface Standing {
  /** A leader's log holds all that any leader before it can have committed: from then on it proposes. */
  readonly role: "leader" | "candidate" | "follower";
  readonly leader: NodeId | null;
  /** A leader: the first index of its own. It has duties once that is committed. */
  readonly termStart: LogIndex | null;
  /** A leader: the term of the last entry that it found, whoever's it is. What an older leader said of the time may be later than true. */
  readonly termBefore: number;
  /** Where it matters how far the log surely goes: the last entry that is on this replica's disk. Else the end of the log counts. */
  readonly durable?: Position;
  /** Where group 0 says who holds all that was acknowledged: those, as far as this replica has heard. */
  readonly inStep?: readonly NodeId[];
  /** It is not to be appointed to anything now. */
  readonly unfit?: true;
}

/** A protocol that orders commands in a log: interchangeable under every machine. */
export interface LogProtocol<S extends LogState, M> extends Protocol<S, M> {
  standing(state: S): Standing;
  /** Of a leader: does that member hold nearly all of the log? */
  isInStep(state: S, member: NodeId): boolean;
  /**
   * Of a leader that may act now: the members whose disks surely hold its log up to there. Nobody counts for what it said in an earlier
   * epoch, while it is being made whole, or before its disk has written. Empty where this replica leads nobody.
   */
  holders(state: S, now: Now, at: LogIndex): readonly NodeId[];
  encode(message: M): Bytes;
  /** Total: bytes from outside are hostile. */
  decode(bytes: Bytes): M | Malformed;
  /** Whether a decoded message keeps parts of these bytes: then they must not be part of a frame that is used again. */
  holdsEntries(bytes: Bytes): boolean;
  /** The highest log index in a record, 0 where it holds no entries: as `Persist` told it. */
  lastIndexIn(record: Bytes): LogIndex;
}

/** Any of them, by those who need not know which. */
export type AnyLogProtocol = LogProtocol<LogState, unknown>;

export const configOf = (state: LogState): GroupConfig => newest(state).config;
export const othersOf = (state: LogState): readonly NodeId[] =>
  membersOf(configOf(state)).filter((member) => member !== state.self);
export const isSelfVoter = (state: LogState): boolean => isVoter(configOf(state), state.self);
export const configIndexOf = (state: LogState): LogIndex => newest(state).index;

/** The epoch of the entry before this one. */
export const epochBefore = (log: Log, index: LogIndex): number =>
  log.epochAt((index - 1) as LogIndex) ?? log.base.epoch;

function newest({ configs }: LogState): ConfigAt {
  const last = configs[configs.length - 1];
  if (last === undefined) throw new RangeError("a replica always has a configuration");
  return last;
}
