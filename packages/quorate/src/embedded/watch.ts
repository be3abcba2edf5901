import type { Bytes, RequestId } from "@quorate/kernel/core";
import type { WatchEnd } from "@quorate/kernel/replica";
import { encode, messages, type WatchCaller } from "@quorate/server";
import type { ApiPort } from "./api-port.ts";
import { errorOf, QuorateError } from "./errors.ts";
import { type KeyRange, KeyValue, rangeOf } from "./key-value.ts";
import { decoded } from "./kv.ts";
import { costOf, WATCH_COST_MAX } from "./watch-flow.ts";

export interface WatchEvent {
  readonly type: "put" | "delete";
  readonly revision: number;
  readonly keyValue: KeyValue;
  /** What was there before, if the watch asked for it and there was something. */
  readonly previous: KeyValue | null;
}

export interface WatchOptions {
  /** Begin with the changes of that revision; not given: with those after now. */
  readonly fromRevision?: number;
  readonly previous?: boolean;
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
}

/** What was taken is told when it is so much: a message for every event would be as many as the events. */
const TOLD_COST_MIN = WATCH_COST_MAX / 2;

/** The cost of a part of events lies on its last one: it is taken when all of them are. */
interface Held {
  readonly event: WatchEvent;
  readonly cost: number;
}

interface Waiting {
  resolve(result: IteratorResult<WatchEvent, undefined>): void;
  reject(error: Error): void;
}

/**
 * Changes in the order of their revisions, none left out and none twice. The watch opens when it is made, not when
 * it is first asked. Iteration ends when `return` is called (as leaving a `for await` does) or the signal aborts; it
 * throws a `QuorateError`: `Compacted` where history is gone, another where this node stopped serving.
 */
export class Watch implements AsyncIterableIterator<WatchEvent, undefined>, WatchCaller {
  readonly #port: ApiPort;
  readonly #id: RequestId;
  readonly #signal: AbortSignal | undefined;
  readonly #opened = Promise.withResolvers<number>();
  #held: Held[] = [];
  #waiting: Waiting[] = [];
  /** The cost of what was taken since the port was told. */
  #taken = 0;
  #ended: { readonly error: QuorateError | null } | null = null;

  constructor(
    port: ApiPort,
    range: KeyRange,
    { fromRevision = 0, previous = false, signal }: WatchOptions,
  ) {
    this.#port = port;
    this.#signal = signal;
    // Nobody has to ask for it.
    this.#opened.promise.catch(() => {});
    const create = { ...rangeOf(range), start_revision: BigInt(fromRevision), prev_kv: previous };
    this.#id = port.watch(this, encode(messages.WatchCreateRequest, create));
    if (signal?.aborted === true) this.#stop();
    else signal?.addEventListener("abort", this.#stop, { once: true });
  }

  /** Resolves, with the revision of then, once every later change will be seen. */
  get opened(): Promise<number> {
    return this.#opened.promise;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<WatchEvent, undefined>> {
    const held = this.#held.shift();
    if (held !== undefined) {
      this.#take(held.cost);
      return Promise.resolve({ done: false, value: held.event });
    }
    if (this.#ended === null) {
      return new Promise((resolve, reject) => void this.#waiting.push({ resolve, reject }));
    }
    const { error } = this.#ended;
    this.#ended = { error: null };
    return error === null ? Promise.resolve(DONE) : Promise.reject(error);
  }

  return(): Promise<IteratorResult<WatchEvent, undefined>> {
    this.#stop();
    return Promise.resolve(DONE);
  }

  onWatching(_id: RequestId, revision: number): void {
    this.#opened.resolve(revision);
  }

  onEvents(_id: RequestId, _revision: number, part: Bytes): void {
    const events = eventsOf(part);
    const cost = costOf(part);
    if (events.length === 0) this.#take(cost);
    for (const [i, event] of events.entries()) {
      this.#put({ event, cost: i === events.length - 1 ? cost : 0 });
    }
  }

  onWatchEnded(_id: RequestId, ended: WatchEnd): void {
    this.#end(endOf(ended));
  }

  #put(held: Held): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) {
      this.#held.push(held);
      return;
    }
    this.#take(held.cost);
    waiting.resolve({ done: false, value: held.event });
  }

  #take(cost: number): void {
    this.#taken += cost;
    if (this.#taken < TOLD_COST_MIN) return;
    this.#port.taken(this.#id, this.#taken);
    this.#taken = 0;
  }

  readonly #stop = (): void => {
    if (this.#ended !== null) return;
    this.#port.unwatch(this.#id);
    this.#held = [];
    this.#end(null);
  };

  #end(error: QuorateError | null): void {
    this.#signal?.removeEventListener("abort", this.#stop);
    this.#opened.reject(error ?? new QuorateError("Aborted", true, "the watch was ended"));
    const [first, ...others] = this.#waiting;
    this.#waiting = [];
    this.#ended = { error: first === undefined ? error : null };
    if (first === undefined) return;
    if (error === null) first.resolve(DONE);
    else first.reject(error);
    for (const waiting of others) waiting.resolve(DONE);
  }
}

function eventsOf(part: Bytes): readonly WatchEvent[] {
  return decoded(messages.WatchResponse, part).events.flatMap(({ type, kv, prev_kv }) => {
    if (kv === null) return [];
    const keyValue = new KeyValue(kv);
    const previous = prev_kv === null ? null : new KeyValue(prev_kv);
    const revision = keyValue.modRevision;
    return [
      { type: type === 0 ? ("put" as const) : ("delete" as const), revision, keyValue, previous },
    ];
  });
}

function endOf(ended: WatchEnd): QuorateError {
  switch (ended.type) {
    case "Compacted":
      return new QuorateError(
        "Compacted",
        true,
        `history before revision ${ended.compactRevision} is gone: read the keys, and watch from there`,
      );
    case "Refused":
      return new QuorateError("Rejected", true, ended.reason);
    case "Lost":
      return errorOf(ended.failure);
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
