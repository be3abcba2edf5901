import {
  type Bytes,
  fail,
  type GroupId,
  Malformed,
  type Outcome,
  Reader,
  succeed,
  utf8,
  Writer,
} from "../core/index.ts";

/** Outcomes remembered per session; a sequence older than that is refused, not applied again. */
export const SESSION_WINDOW = 1024;
/** Sessions of one group; beyond it opening one is refused. */
export const SESSIONS_MAX = 100_000;
/** Bytes of an outcome kept for a retry; of a larger one only that it succeeded is remembered. */
const OUTCOME_BYTES_MAX = 64 * 1024;

/** Session ids from here up belong to groups that call each other: opened by their first call, never ended by time. */
export const GROUP_SESSIONS_FROM = 1n << 63n;

export const groupSession = (group: GroupId): bigint => GROUP_SESSIONS_FROM | BigInt(group);

interface Session {
  readonly ttl: number;
  lastAt: number;
  highest: number;
  readonly outcomes: Map<number, Outcome>;
}

/**
 * At most once (catalogue A4): a client names its session and counts its requests; one that comes again gets the
 * first outcome again. Part of the replicated state, in snapshots too; ended by log time, so that all replicas
 * forget at the same entry.
 */
export class Sessions {
  readonly #sessions = new Map<bigint, Session>();
  /** No session ends before this log time: saves the search at every entry. */
  #quietUntil = 0;

  get size(): number {
    return this.#sessions.size;
  }

  /** Opens the session named by the client (a random id: repeating the open is harmless). */
  open(id: bigint, ttl: number, at: number): Outcome {
    const known = this.#live(id, at);
    if (known === null && this.#sessions.size >= SESSIONS_MAX) this.#sweep(at);
    if (known === null && this.#sessions.size >= SESSIONS_MAX) {
      return refused(
        `a group has at most ${SESSIONS_MAX} sessions: close some, or wait for them to end`,
      );
    }
    if (known !== null) known.lastAt = at;
    else this.#sessions.set(id, { ttl, lastAt: at, highest: 0, outcomes: new Map() });
    this.#quietUntil = Math.min(this.#quietUntil, at + ttl);
    return succeed(new Writer(8).u64(id).take());
  }

  close(id: bigint): Outcome {
    this.#sessions.delete(id);
    return succeed(new Writer(8).u64(id).take());
  }

  /** The outcome this request had before, a refusal, or null: then it is to be applied, and `remember`ed. */
  recall(id: bigint, sequence: number, at: number): Outcome | null {
    if (id >= GROUP_SESSIONS_FROM) this.open(id, FOR_EVER, at);
    const session = this.#live(id, at);
    if (session === null) return refused("the session is not open, or has ended: open a new one");
    session.lastAt = Math.max(session.lastAt, at);
    const before = session.outcomes.get(sequence);
    if (before !== undefined) return before;
    return sequence + SESSION_WINDOW <= session.highest
      ? refused(
          `sequence ${sequence} is behind the window of ${SESSION_WINDOW}: its outcome is forgotten`,
        )
      : null;
  }

  remember(id: bigint, sequence: number, outcome: Outcome): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    session.highest = Math.max(session.highest, sequence);
    session.outcomes.set(
      sequence,
      outcome.ok && outcome.value.length > OUTCOME_BYTES_MAX ? succeed(new Uint8Array(0)) : outcome,
    );
    if (session.outcomes.size <= SESSION_WINDOW) return;
    for (const old of session.outcomes.keys())
      if (old + SESSION_WINDOW <= session.highest) session.outcomes.delete(old);
  }

  /** Forgets what log time has ended. When it runs does not matter: an ended session is never found (`#live`). */
  expire(at: number): void {
    if (at >= this.#quietUntil) this.#sweep(at);
  }

  #live(id: bigint, at: number): Session | null {
    const session = this.#sessions.get(id);
    if (session === undefined) return null;
    if (session.lastAt + session.ttl >= at) return session;
    this.#sessions.delete(id);
    return null;
  }

  #sweep(at: number): void {
    this.#quietUntil = Number.MAX_SAFE_INTEGER;
    for (const [id, session] of this.#sessions) {
      const endsAt = session.lastAt + session.ttl;
      if (endsAt < at) this.#sessions.delete(id);
      else this.#quietUntil = Math.min(this.#quietUntil, endsAt);
    }
  }

  encode(): Bytes {
    const w = new Writer(1024).u32(this.#sessions.size);
    for (const [id, session] of [...this.#sessions].sort(([a], [b]) => (a < b ? -1 : 1))) {
      w.u64(id)
        .uint(session.ttl)
        .uint(session.lastAt)
        .uint(session.highest)
        .u32(session.outcomes.size);
      for (const [sequence, outcome] of session.outcomes) writeOutcome(w.uint(sequence), outcome);
    }
    return w.take();
  }

  static decode(bytes: Bytes): Sessions {
    const sessions = new Sessions();
    const r = new Reader(bytes);
    const count = r.u32();
    for (let i = 0; i < count; i++) {
      const id = r.u64();
      const session: Session = {
        ttl: r.uint(),
        lastAt: r.uint(),
        highest: r.uint(),
        outcomes: new Map(),
      };
      const outcomes = r.u32();
      for (let j = 0; j < outcomes; j++) session.outcomes.set(r.uint(), readOutcome(r));
      sessions.#sessions.set(id, session);
    }
    r.end();
    return sessions;
  }
}

/** Longer than any log lasts, and far from what addition could make imprecise. */
const FOR_EVER = 2 ** 50;

/** Only what a machine or this table answers is remembered: success, or a refusal with its text. */
function writeOutcome(w: Writer, outcome: Outcome): Writer {
  if (outcome.ok) return w.u8(0).bytes(outcome.value);
  const { status, message } =
    outcome.code === "Rejected" ? outcome : { status: 2, message: outcome.code };
  return w.u8(1).u32(status).bytes(utf8(message));
}

function readOutcome(r: Reader): Outcome {
  const tag = r.u8();
  if (tag === 0) return succeed(r.bytes().slice());
  if (tag !== 1) throw new Malformed("no such outcome");
  return fail({ code: "Rejected", definite: true, status: r.u32(), message: r.text() });
}

const refused = (message: string): Outcome =>
  fail({ code: "Rejected", definite: true, status: 9, message });
