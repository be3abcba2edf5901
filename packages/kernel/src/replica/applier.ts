import {
  type Bytes,
  type Command,
  type Entry,
  fail,
  KIND_RESERVED,
  type LogIndex,
  type Machine,
  Malformed,
  type Outcome,
  Reader,
  type RequestId,
  type Results,
  Writer,
} from "../core/index.ts";
import { decodeBundle, decodeEnvelope, type Envelope, ReplicaKind } from "./envelope.ts";
import { ticksOfLeased } from "./leased.ts";
import type { ReplicaRules } from "./rules.ts";
import type { Identity } from "./seam.ts";
import type { Sessions } from "./sessions.ts";

/** Result ids from here up are the applier's own: outcomes that sessions remember, whoever asked. */
const REMEMBERED_FROM = 2 ** 52;

/** What came of the entries, for the replica and its node. */
export interface Applied {
  outcome(id: RequestId, outcome: Outcome): void;
  /** A mark: every replica notes its hash here. */
  mark(index: LogIndex, hash: bigint): void;
  check(index: LogIndex, hash: bigint): void;
}

/**
 * Opens committed entries and gives them to the machine in log order. Deterministic: what an entry does depends on the
 * log alone; only who is told of the outcome depends on where it runs.
 */
export class Applier {
  readonly machine: Machine;
  readonly sessions: Sessions;
  readonly #identity: Identity;
  #index: LogIndex;
  #time: number;
  #leasedTicks: number;
  #batch: Command[] = [];
  readonly #remembered: Remembered = new Map();
  readonly #rules: ReplicaRules;

  constructor(
    identity: Identity,
    machine: Machine,
    sessions: Sessions,
    index: LogIndex,
    time: number,
    leasedTicks: number,
    rules: ReplicaRules,
  ) {
    this.#rules = rules;
    this.#identity = identity;
    this.machine = machine;
    this.sessions = sessions;
    this.#index = index;
    this.#time = time;
    this.#leasedTicks = leasedTicks;
  }

  /** The last entry applied. */
  get index(): LogIndex {
    return this.#index;
  }

  /** Log time of the last entry that carried one. */
  get time(): number {
    return this.#time;
  }

  /** The longest lease that the group's leaders may have granted to caches; 0: none was. */
  get leasedTicks(): number {
    return this.#leasedTicks;
  }

  /** Entries at or below `index` are skipped: after a snapshot the log may repeat what it holds. */
  apply(entries: readonly Entry[], out: Applied): void {
    for (const entry of entries) {
      if (entry.index <= this.#index) continue;
      this.#index = entry.index;
      if (entry.kind === "command") this.#open(entry, out);
    }
    this.#flush(out);
  }

  #open(entry: Entry, out: Applied): void {
    const envelope = decodeEnvelope(entry.command);
    // The leader appends only what decodes; should another release's bytes get here, all replicas skip them alike.
    if (envelope instanceof Malformed) return;
    this.#time = Math.max(this.#time, envelope.at);
    this.sessions.expire(this.#time);
    if (envelope.kind < KIND_RESERVED) this.#enqueue(entry.index, envelope, out);
    else this.#applyOwn(entry.index, envelope, out);
  }

  #enqueue(index: LogIndex, envelope: Envelope, out: Applied): void {
    const origin = this.#originOf(envelope);
    const { session } = envelope;
    if (session === null) {
      this.#batch.push(this.#command(index, envelope, origin));
      return;
    }
    // What went before must have been remembered: the retry may be of the entry just before.
    this.#flush(out);
    const known = this.sessions.recall(session.id, session.sequence, this.#time);
    if (known !== null && this.#rules.atMostOnce) {
      if (origin !== null) out.outcome(origin, known);
      return;
    }
    const id = (REMEMBERED_FROM + index) as RequestId;
    this.#remembered.set(id, { session: session.id, sequence: session.sequence, origin });
    this.#batch.push(this.#command(index, envelope, id));
    this.#flush(out);
  }

  /** Kinds of the replica itself. Whatever is queued goes first: they see the state of exactly this place in the log. */
  #applyOwn(index: LogIndex, envelope: Envelope, out: Applied): void {
    if (envelope.kind === ReplicaKind.bundle) {
      const bundle = decodeBundle(envelope.body);
      if (!(bundle instanceof Malformed))
        for (const part of bundle) this.#enqueue(index, part, out);
      return;
    }
    this.#flush(out);
    const outcome = this.#own(index, envelope, out);
    const origin = this.#originOf(envelope);
    if (origin !== null && outcome !== null) out.outcome(origin, outcome);
  }

  #own(index: LogIndex, { kind, body }: Envelope, out: Applied): Outcome | null {
    const r = new Reader(body);
    switch (kind) {
      case ReplicaKind.mark:
        out.mark(index, this.machine.hash());
        return null;
      case ReplicaKind.check:
        if (body.length === 16) out.check(r.uint() as LogIndex, r.u64());
        return null;
      case ReplicaKind.leased:
        this.#leasedTicks = Math.max(this.#leasedTicks, ticksOfLeased(body));
        return null;
      case ReplicaKind.openSession:
        return body.length === 16
          ? this.sessions.open(r.u64(), r.uint(), this.#time)
          : malformed("openSession");
      case ReplicaKind.closeSession:
        return body.length === 8 ? this.sessions.close(r.u64()) : malformed("closeSession");
      default:
        return malformed(`kind ${kind}`);
    }
  }

  #flush(out: Applied): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.machine.apply(batch, new Settling(this.sessions, this.#remembered, out));
  }

  #command(index: LogIndex, envelope: Envelope, origin: RequestId | null): Command {
    return {
      index,
      at: Math.max(this.#time, envelope.at),
      kind: envelope.kind,
      body: envelope.body,
      origin,
    };
  }

  #originOf({ node, start, request }: Envelope): RequestId | null {
    return request !== 0 && node === this.#identity.node && start === this.#identity.start
      ? request
      : null;
  }
}

/** Outcomes on their way to a session's window, by the id that the machine was given for them. */
type Remembered = Map<
  RequestId,
  { readonly session: bigint; readonly sequence: number; readonly origin: RequestId | null }
>;

/** Tells outcomes to whoever waits for them, and to the session that must remember them. */
class Settling implements Results {
  readonly #sessions: Sessions;
  readonly #remembered: Remembered;
  readonly #out: Applied;

  constructor(sessions: Sessions, remembered: Remembered, out: Applied) {
    this.#sessions = sessions;
    this.#remembered = remembered;
    this.#out = out;
  }

  result(id: RequestId, outcome: Outcome): void {
    const waiting = this.#remembered.get(id);
    if (waiting === undefined) {
      this.#out.outcome(id, outcome);
      return;
    }
    this.#remembered.delete(id);
    this.#sessions.remember(waiting.session, waiting.sequence, outcome);
    if (waiting.origin !== null) this.#out.outcome(waiting.origin, outcome);
  }
}

const malformed = (what: string): Outcome =>
  fail({ code: "Rejected", definite: true, status: 3, message: `malformed ${what}` });

export const bodyOfCheck = (index: LogIndex, hash: bigint): Bytes =>
  new Writer(16).uint(index).u64(hash).take();
