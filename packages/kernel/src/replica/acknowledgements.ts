import {
  type Acks,
  areReached,
  type Bytes,
  countVoters,
  type GroupConfig,
  type GroupId,
  type JournalSeq,
  type LogIndex,
  type LogState,
  type NodeId,
  type Now,
  type Outcome,
  type Position,
  type RequestId,
  type Ticks,
} from "../core/index.ts";
import {
  type AcksAnswer,
  type AcksQuestion,
  encodeAcksAnswers,
  encodeAcksQuestions,
  QUESTIONS_MAX,
} from "./acks-wire.ts";
import type { ReplicaPort } from "./replica-port.ts";
import { FrameKind } from "./wire.ts";

/** A leader that has not answered for so long is asked again: the frame may be lost, or a new leader not know of it. */
const ASK_AGAIN_TICKS = 500;
/** A question that was not repeated for so long is one that nobody waits for any more. */
const FORGET_TICKS = 4 * ASK_AGAIN_TICKS;
/** Questions of others that a leader keeps; one more is not taken in, and comes again. */
const KEPT_MAX = 16_384;

/** What of its replica this part sees. */
export interface AcksReplica {
  readonly group: GroupId;
  readonly config: GroupConfig;
  readonly state: LogState;
  holders(now: Now, at: LogIndex): readonly NodeId[];
}

/** Callers whose writes were applied together, and asked for the same. */
interface Held {
  readonly question: AcksQuestion;
  readonly callers: Map<RequestId, Outcome>;
}

/** At the leader: another member's question, and when it came last. */
interface Kept {
  readonly from: NodeId;
  readonly question: AcksQuestion;
  readonly at: Ticks;
}

/** Not after any record: it says what other disks hold, or asks. */
const NOW = 0 as JournalSeq;

/**
 * Answers that wait for more members than the keyspace itself does (card 63, acknowledgement levels). The member that took the request
 * applies it, and asks its leader whether so many disks hold the log up to there; the leader keeps the question until they do. Questions of
 * a turn share a frame, and writes that were applied together share a question. An answer is about one (epoch, index): of an entry that a
 * later leader has replaced nobody says anything, and its caller's deadline ends the wait as unknown.
 *
 * Whoever waits is bounded by the node's `pendingMax`. All is in memory: it is forgotten with the callers that wait.
 */
export class Acknowledgements {
  readonly #replica: AcksReplica;
  /** Off: who holds something else at that place counts too. */
  readonly #byEpoch: boolean;
  readonly #port: Pick<ReplicaPort, "outcome" | "send">;
  /** Requests under way that asked for a level. */
  readonly #wanted = new Map<RequestId, Acks>();
  /** Applied in the batch that is not placed yet. */
  #applied: { readonly id: RequestId; readonly outcome: Outcome; readonly acks: Acks }[] = [];
  /** By question. */
  readonly #held = new Map<string, Held>();
  readonly #placeOf = new Map<RequestId, string>();
  /** When the leader was asked, the oldest first. */
  #asked = new Map<string, Ticks>();
  #askedOf: NodeId | null = null;
  /** By member and question. */
  readonly #kept = new Map<string, Kept>();

  constructor(replica: AcksReplica, byEpoch: boolean, port: Pick<ReplicaPort, "outcome" | "send">) {
    this.#replica = replica;
    this.#byEpoch = byEpoch;
    this.#port = port;
  }

  get wakeAt(): Ticks | null {
    for (const at of this.#asked.values()) return (at + ASK_AGAIN_TICKS) as Ticks;
    return null;
  }

  /** This request's answer is to wait for so many. */
  want(id: RequestId, acks: Acks): void {
    this.#wanted.set(id, acks);
  }

  /** Nobody waits for it any more. */
  forget(id: RequestId): void {
    this.#wanted.delete(id);
    const key = this.#placeOf.get(id);
    if (key === undefined) return;
    this.#placeOf.delete(id);
    const held = this.#held.get(key);
    held?.callers.delete(id);
    if (held?.callers.size === 0) this.#drop(key);
  }

  /** Is it in the log, its answer held back? Then its outcome is unknown until it is let go. */
  holds(id: RequestId): boolean {
    return this.#placeOf.has(id);
  }

  /** True where the answer is held back. What had no effect is said at once. */
  hold(id: RequestId, outcome: Outcome): boolean {
    const acks = this.#wanted.get(id);
    if (acks === undefined) return false;
    this.#wanted.delete(id);
    if (!outcome.ok) return false;
    this.#applied.push({ id, outcome, acks });
    return true;
  }

  /** The batch just applied ends there: whoever's disk holds that holds each of its entries. */
  place({ epoch, index }: Position): void {
    for (const { id, outcome, acks } of this.#applied) {
      const question = { epoch, index, acks };
      const key = keyOf(question);
      const held = this.#held.get(key) ?? { question, callers: new Map<RequestId, Outcome>() };
      held.callers.set(id, outcome);
      this.#held.set(key, held);
      this.#placeOf.set(id, key);
    }
    this.#applied = [];
  }

  /** At the end of a turn: answers what can be answered here, and asks for the rest. */
  run(now: Now, leading: boolean, leader: NodeId | null): void {
    if (leading) this.#serve(now);
    else if (this.#kept.size > 0) this.#kept.clear();
    if (!leading && leader !== null && this.#held.size > 0) this.#ask(now.ticks, leader);
    else if (this.#asked.size > 0) this.#asked.clear();
  }

  /** Another member's. It is looked at when this turn ends, and whenever more is known. */
  onQuestions(from: NodeId, questions: readonly AcksQuestion[], now: Ticks): void {
    for (const question of questions) {
      const key = `${from}/${keyOf(question)}`;
      if (this.#kept.size < KEPT_MAX || this.#kept.has(key))
        this.#kept.set(key, { from, question, at: now });
    }
  }

  onAnswers(answers: readonly AcksAnswer[]): void {
    for (const { question, holders } of answers) this.#release(keyOf(question), holders);
  }

  #release(key: string, holders: number): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#drop(key);
    for (const [id, outcome] of held.callers) {
      this.#placeOf.delete(id);
      this.#port.outcome(id, outcome, holders);
    }
  }

  #drop(key: string): void {
    this.#held.delete(key);
    this.#asked.delete(key);
  }

  #serve(now: Now): void {
    for (const [key, { question }] of this.#held) {
      const holders = this.#reached(now, question);
      if (holders !== null) this.#release(key, holders);
    }
    const answers = new Map<NodeId, AcksAnswer[]>();
    for (const [key, { from, question, at }] of this.#kept) {
      const holders = this.#reached(now, question);
      if (holders === null && now.ticks - at < FORGET_TICKS) continue;
      this.#kept.delete(key);
      if (holders === null) continue;
      const mine = answers.get(from) ?? [];
      mine.push({ question, holders });
      answers.set(from, mine);
    }
    for (const [to, all] of answers)
      this.#send(to, FrameKind.acksAnswer, all, (part) => encodeAcksAnswers(part));
  }

  /** How many hold it, once they are enough; null before that, and of what is not in this leader's log. */
  #reached(now: Now, { epoch, index, acks }: AcksQuestion): number | null {
    const { config, state } = this.#replica;
    if (this.#byEpoch && state.log.epochAt(index) !== epoch) return null;
    const members = this.#replica.holders(now, index);
    return areReached(config, acks, members) ? countVoters(config, members) : null;
  }

  #ask(now: Ticks, leader: NodeId): void {
    if (leader !== this.#askedOf) this.#asked.clear();
    this.#askedOf = leader;
    const due: AcksQuestion[] = [];
    for (const [key, { question }] of this.#held) {
      const at = this.#asked.get(key);
      if (at !== undefined && now - at < ASK_AGAIN_TICKS) continue;
      due.push(question);
      this.#asked.delete(key);
      this.#asked.set(key, now);
    }
    this.#send(leader, FrameKind.acksQuestion, due, (part) => encodeAcksQuestions(part));
  }

  #send<T>(
    to: NodeId,
    kind: number,
    all: readonly T[],
    encode: (part: readonly T[]) => Bytes,
  ): void {
    const { group } = this.#replica;
    for (let i = 0; i < all.length; i += QUESTIONS_MAX) {
      const bytes = encode(all.slice(i, i + QUESTIONS_MAX));
      this.#port.send(to, "control", group, kind, bytes, NOW);
    }
  }
}

const keyOf = ({ epoch, index, acks }: AcksQuestion): string => `${index}/${epoch}/${acks}`;
