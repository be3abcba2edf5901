import { type Bytes, DEFAULT_KEYSPACE, type RequestId } from "@quorate/kernel/core";
import type { WatchEnd } from "@quorate/kernel/replica";
import { encode, messages, type NodePort, type WatchCaller } from "@quorate/server";
import { errorOf, QuorateError } from "./errors.ts";
import { type KeyRange, KeyValue, rangeOf } from "./key-value.ts";
import { decoded } from "./kv.ts";

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

/** Events held for an iterator that is slower than the writes; then the node holds them back. */
export const WATCH_EVENTS_MAX = 1000;

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
  readonly #port: NodePort;
  readonly #id: RequestId;
  readonly #signal: AbortSignal | undefined;
  readonly #opened = Promise.withResolvers<number>();
  #events: WatchEvent[] = [];
  #waiting: Waiting[] = [];
  #stalled = false;
  #ended: { readonly error: QuorateError | null } | null = null;

  constructor(
    port: NodePort,
    range: KeyRange,
    { fromRevision = 0, previous = false, signal }: WatchOptions,
  ) {
    this.#port = port;
    this.#signal = signal;
    // Nobody has to ask for it.
    this.#opened.promise.catch(() => {});
    const create = { ...rangeOf(range), start_revision: BigInt(fromRevision), prev_kv: previous };
    this.#id = port.watch(this, DEFAULT_KEYSPACE, encode(messages.WatchCreateRequest, create));
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
    const event = this.#events.shift();
    if (event !== undefined) {
      if (this.#stalled && this.#events.length === 0) {
        this.#stalled = false;
        this.#port.drained(this.#id);
      }
      return Promise.resolve({ done: false, value: event });
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
    for (const { type, kv, prev_kv } of decoded(messages.WatchResponse, part).events) {
      if (kv === null) continue;
      const keyValue = new KeyValue(kv);
      this.#put({
        type: type === 0 ? "put" : "delete",
        revision: keyValue.modRevision,
        keyValue,
        previous: prev_kv === null ? null : new KeyValue(prev_kv),
      });
    }
    if (this.#stalled || this.#events.length < WATCH_EVENTS_MAX) return;
    this.#stalled = true;
    this.#port.stalled(this.#id);
  }

  onWatchEnded(_id: RequestId, ended: WatchEnd): void {
    this.#end(endOf(ended));
  }

  #put(event: WatchEvent): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#events.push(event);
    else waiting.resolve({ done: false, value: event });
  }

  readonly #stop = (): void => {
    if (this.#ended !== null) return;
    this.#port.unwatch(this.#id);
    this.#events = [];
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
