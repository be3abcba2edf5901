import { Reader, Writer } from "./bytes.ts";
import { fail, type Outcome, succeed } from "./failure.ts";
import type { Bytes, KeyspaceId, LogIndex, RequestId } from "./ids.ts";
import { ALL_DATA, type DataRange } from "./lease/index.ts";

/**
 * A command as a machine sees it: the envelope has been opened by the replica, the client's own bytes are `body`.
 * Several commands may share one index (a bundle); they apply in order.
 */
export interface Command {
  readonly index: LogIndex;
  /**
   * Log time in milliseconds: stamped by the leader, never decreases along the log, stands still while
   * nobody leads. Machines measure leases and sessions by it, so all replicas agree on every expiry.
   */
  readonly at: number;
  /** What the bytes are; the machine's own vocabulary, below `KIND_RESERVED`. */
  readonly kind: number;
  readonly body: Bytes;
  /** Set where this node asked for it: the result goes to that request. */
  readonly origin: RequestId | null;
}

/** Which keys a command may change, as far as that can be said before it is applied: these at most. */
export interface Writes {
  readonly ranges: readonly DataRange[];
  /** And whatever the commands before it change that are not applied yet. */
  readonly follows: boolean;
}

export const NO_WRITES: Writes = Object.freeze({ ranges: [], follows: false });
export const ALL_WRITES: Writes = Object.freeze({ ranges: [ALL_DATA], follows: false });

/** What one keyspace's machine asks of another's. */
export interface Call {
  /** Counts the calls of this machine, from 1: the callee knows a repeated one by it. */
  readonly sequence: number;
  readonly keyspace: KeyspaceId;
  readonly kind: number;
  readonly body: Bytes;
}

/** A command that brings the answer to a call; its body is read by `decodeAnswer`. */
export const ANSWER = 0xdf;

export interface Answer {
  readonly sequence: number;
  readonly outcome: Outcome;
}

/** Only what the callee decided is an answer: success, or a refusal with its text. */
export function encodeAnswer({ sequence, outcome }: Answer): Bytes {
  const w = new Writer(64).uint(sequence).u8(Number(outcome.ok));
  if (outcome.ok) return w.bytes(outcome.value).take();
  const { status, message } =
    outcome.code === "Rejected" ? outcome : { status: 2, message: outcome.code };
  return w.u32(status).text(message).take();
}

/** Throws `Malformed`. */
export function decodeAnswer(body: Bytes): Answer {
  const r = new Reader(body);
  const [sequence, ok] = [r.uint(), r.u8() === 1];
  if (ok) return { sequence, outcome: succeed(r.bytes()) };
  return {
    sequence,
    outcome: fail({ code: "Rejected", definite: true, status: r.u32(), message: r.text() }),
  };
}

/** Kinds at and above this one belong to the replica, not to machines. */
export const KIND_RESERVED = 0xe0;

/** What came of a batch of commands. All calls happen inside `apply`, in log order. */
export interface Results {
  /** The outcome of the command with that origin. Its bytes are not reused by the machine. */
  result(id: RequestId, outcome: Outcome): void;
}

/** Where long outputs go. A part is immutable from then on, but for those of a dump. */
export interface Sink {
  put(part: Bytes): void;
}

/**
 * A deterministic function of the log, mutable inside, owned by one replica. Given equal commands in equal
 * order, replicas hold equal state, and give equal results, whatever their clocks, memory or history.
 */
export interface Machine {
  /** Applies in order; cost O(batch). Never throws on any bytes: a malformed body is a `Rejected` result. */
  apply(commands: readonly Command[], out: Results): void;
  /**
   * O(1) copy-on-write copy that stands still: for checkpoints, transfers and long reads. It must be
   * released, so that what it pins can be reclaimed.
   */
  fork(): MachineFork;
  /** Replaces the state by what `dump` of an equal or earlier release wrote; chunks in order, any cut. */
  load(chunk: Bytes): void;
  /** After the last chunk: false if the dump was incomplete or damaged, and then the machine must be dropped. */
  loaded(): boolean;
  /** 64 bits of the logical state, kept incrementally: equal on replicas, whatever was reclaimed (catalogue F10). */
  hash(): bigint;
  /**
   * Background work within `budgetOps` elementary steps (reclaim of slabs, compaction sweep, index upkeep).
   * Never changes the logical state. True while more waits.
   */
  tidy(budgetOps: number): boolean;
  /** The earliest log time at which this machine wants a command of its own (a lease ends); null: never. */
  dueAt(): number | null;
  /** The command that log time `at` calls for, which the leader proposes without an origin; null if none. */
  due(at: number): { readonly kind: number; readonly body: Bytes } | null;
  /**
   * The oldest call to another keyspace that has not been answered; null if none. The machine keeps its calls in its replicated
   * state; its leader submits them, one at a time, at least once, and the callee applies each once. The answer comes
   * back as a command of kind `ANSWER`, and may come again.
   */
  call(): Call | null;
  /** Asked by a leader that lets caches have leases on keys, before it lets the command into the log. Total, as `apply` is. */
  writes(kind: number, body: Bytes): Writes;
  /** Where changes can be watched; null for a machine that has no events. */
  readonly watches: WatchSource | null;
}

/**
 * Watchers are local to a replica: neither replicated nor hashed nor dumped. A watcher that is up to date gets
 * its events from `apply`; one that starts in the past, or was stalled, is served from history by `pump`.
 */
export interface WatchSource {
  /** Opens a watch with the API's own request bytes. Events start only after this returned. */
  watch(
    id: RequestId,
    request: Bytes,
  ): { readonly revision: number } | { readonly refused: string };
  unwatch(id: RequestId): void;
  /** Gives this watcher no more until `drain`, which goes on from where it stopped: nothing is lost or repeated. */
  stall(id: RequestId): void;
  drain(id: RequestId): void;
  /** Hands out what `apply` produced since the last pump, then history for those behind; true while more waits. */
  pump(budgetOps: number, out: WatchSink): boolean;
  /** The revision up to which every one of these has been given all its events; null while one is behind. */
  progress(ids: readonly RequestId[]): number | null;
  readonly count: number;
}

export interface WatchSink {
  /** Whole revisions, in order; the same immutable bytes for all watchers named. */
  events(ids: readonly RequestId[], revision: number, part: Bytes): void;
  /** History that the watcher still needed was compacted. The watcher is gone. */
  compacted(id: RequestId, compactRevision: number): void;
}

export interface MachineFork {
  readonly hash: bigint;
  /**
   * Writes about `bytesMax` from cursor `from` (0n at first); the next cursor, or null when done. The parts are lent: they hold
   * until the next call.
   */
  dump(from: bigint, bytesMax: number, out: Sink): bigint | null;
  /**
   * Computes the hash anew from the records in memory, `opsMax` at a time: what `hash` must equal if no
   * bit was flipped. Returns the next cursor, or the verdict when done.
   */
  audit(from: bigint, opsMax: number): { readonly next: bigint } | { readonly equal: boolean };
  release(): void;
}
