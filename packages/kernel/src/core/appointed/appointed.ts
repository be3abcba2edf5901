import type { Failure } from "../failure.ts";
import type { LogIndex, NodeId, Ticks } from "../ids.ts";
import type { Effect, GroupConfig, Now, Position, Step } from "../seam.ts";
import type { AppointedState, Leading } from "./state.ts";

/** What one protocol with an appointed leader does otherwise than the next. All of it is value in, value out. */
export interface Appointed<S extends AppointedState, M> {
  /** Nobody's leader: it follows whoever it hears in this epoch or a later one. */
  follow(state: S, epoch: number, leader: NodeId | null, heardAt: Ticks): Step<S, M>;
  /** It has the office of this epoch, of which nothing is in its log yet. */
  lead(state: S, leading: Leading, now: Ticks): S;
  /** The epoch's first entry is in its log. */
  led(state: S, now: Ticks): Step<S, M>;
  /** Group 0 has said something new of the office that this replica has. */
  confirmed(state: S, now: Ticks): Step<S, M>;

  /** Why a leader takes no writes, beside what holds for all; null: it does. */
  refusal(state: S, now: Ticks): Failure | null;
  /** Commands are in the leader's log. */
  appended(state: S, now: Ticks): S;

  /** To whom a leader would give its office if nobody is named; null: nobody is there. Another with every epoch. */
  heirOf(state: S): NodeId | null;
  /** Does that member have all that this leader's log has? */
  hasAll(state: S, member: NodeId): boolean;
  /** Of a leader within its tenure: which of the others surely hold its log up to there on their disks. */
  heldBy(state: S, at: LogIndex): readonly NodeId[];
  /** Up to where this replica's own disk counts. */
  ownHeld(state: S): LogIndex;

  receive(state: S, now: Now, from: NodeId, message: M): Step<S, M>;
  /** A link came up or went down: what was under way on it is lost, or will be answered. */
  relink(state: S, peer: NodeId, now: Ticks): S;
  /** The leader's regular word to the others is due. */
  heartbeat(state: S, now: Ticks): Step<S, M>;
  /** Timers of its own. */
  wake(state: S, now: Ticks): Step<S, M>;
  wakeAt(state: S): Ticks | null;
  /** The log is about to lose what lies at or before `upTo`. */
  beforeDrop(state: S, now: Now, upTo: LogIndex): Step<S, M>;
  /** Once, after all inputs of a turn: who is in step, commit, updates. */
  settle(state: S, now: Now): Step<S, M>;

  /** Up to where readers that come now have to see, if that is known without a question. */
  readFloor(state: S, now: Ticks): LogIndex | null;
  /** Up to where this replica's readers look without a question; null: another is to be asked. */
  ownIndex(state: S, now: Ticks): LogIndex | null;
  /** Is what is committed here known to be the leader's? */
  isSound(state: S): boolean;
  /** Who knows up to where a reader has to see; null: nobody is known, or this replica. */
  whomToAsk(state: S): NodeId | null;
  question(epoch: number, question: number): M;

  /** What a snapshot that is about to be installed undoes, if that may have been acknowledged and was not said before. */
  undone(state: S): readonly Effect<M>[];
  transferred(state: S, now: Now, to: NodeId, at: Position, ok: boolean): S;
  installed(state: S, now: Now, at: Position, config: GroupConfig): Step<S, M>;
}
