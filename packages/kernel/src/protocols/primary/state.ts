import {
  type AppointedState,
  askAgain,
  type Following,
  type Leading,
  persistHardState,
} from "../../core/appointed/index.ts";
import {
  type Effect,
  type LogIndex,
  type LogState,
  NO_EFFECTS,
  type NodeId,
  type PerMember,
  type Position,
  type Step,
  type Ticks,
} from "../../core/index.ts";
import type { PrimaryMessage } from "./message.ts";
import type { PrimarySettings } from "./settings.ts";

export type PrimaryEffect = Effect<PrimaryMessage>;
export type PrimaryStep = Step<PrimaryState, PrimaryMessage>;

export interface PrimaryState extends AppointedState {
  readonly protocol: "primary";
  readonly settings: PrimarySettings;
  readonly role: Secondary | Primary;
  readonly fork: Fork | null;
  /** This entry, if it is still here, is another in the primary's log; null: nothing is known of any. */
  readonly parted: Position | null;
  /** It has lost what it held, and has its primary's snapshot: what is behind that it is sent like anybody. */
  readonly rebuilt: boolean;
}

export const isPrimary = (state: LogState): state is PrimaryState => state.protocol === "primary";

/** From `from` on a log differs from its primary's, and not before that once it is `found`. */
export interface Fork {
  readonly from: LogIndex;
  readonly found: boolean;
}

export interface Secondary extends Following {
  /** In this life and epoch its log was found to hold what its primary takes it to hold: a disk may have lied, or lost a tail. */
  readonly joined: boolean;
  /** So long it may answer readers by itself; null: not yet in this epoch. */
  readonly leaseUntil: Ticks | null;
  /** When it asks for what is new, where it has to ask. */
  readonly pullAt: Ticks;
}

export interface Primary extends Leading {
  readonly progress: PerMember<Progress>;
  /** Since when the oldest uncommitted entry has waited; null while none does. */
  readonly waitingSince: Ticks | null;
  /** Out of step, and so near that writes wait for them as well, until they have caught up: under load they would never. */
  readonly joining: readonly NodeId[];
  /** The commit index at the last heartbeat but one, and at the last. */
  readonly beats: readonly [LogIndex, LogIndex];
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
  /** Its clock when it said so: to be echoed. Null: not heard in this epoch. */
  readonly at: Ticks | null;
  /** When that was heard for which it may answer readers: for `leaseTicks` after that nothing is acknowledged without it. */
  readonly leasedAt: Ticks;
  /** The commit index it was last told. */
  readonly told: LogIndex;
  /** The end of the log when it last asked for what is new: where it has to ask it is sent no more. */
  readonly asked: LogIndex;
}

/** Nobody's primary: it follows whoever it hears in this epoch or a later one. */
export function follow(
  state: PrimaryState,
  epoch: number,
  leader: NodeId | null,
  heardAt: Ticks,
): PrimaryStep {
  const raised = epoch > state.term;
  const before = raised || state.role.type === "Leader" ? null : state.role;
  const { joined, leaseUntil, pullAt } = before ?? {
    joined: false,
    leaseUntil: null,
    pullAt: heardAt,
  };
  const next: PrimaryState = {
    ...state,
    term: epoch,
    role: { type: "Follower", leader, heardAt, joined, leaseUntil, pullAt },
    until: raised ? null : state.until,
    reads: raised ? askAgain(state.reads) : state.reads,
  };
  return raised ? persistHardState(next, heardAt) : [next, NO_EFFECTS];
}
