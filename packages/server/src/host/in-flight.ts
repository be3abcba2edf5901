import {
  type Failure,
  fail,
  type Outcome,
  type RequestId,
  requestId,
  type Ticks,
  ticks,
} from "@quorate/kernel/core";
import type { NodeInput } from "@quorate/kernel/replica";
import type { CacheCaller, Caller, WatchCaller } from "./port.ts";

/** Requests and reads under way at most (contracts, Defaults); one more is `Overloaded`. */
export const IN_FLIGHT_MAX = 4096;
/** Bytes of the requests under way at most. */
export const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024;
/** Watches of a node at most. */
export const WATCHES_MAX = 1_000_000;
/** Clients of a node that cache, at most. */
export const CACHES_MAX = 10_000;
/** After which pause a refused caller may try again. */
export const RETRY_AFTER_TICKS = ticks(50);

/** What is under way for one caller. */
export interface Asked {
  readonly caller: Caller;
  readonly bytes: number;
  /** Whether it may change something, so that its end without an answer is no definite failure. */
  readonly write: boolean;
  readonly since: Ticks;
  /** What was asked, to be asked again. Null: it is no read. */
  readonly read: ReadInput | null;
}

export type ReadInput = Extract<NodeInput, { readonly type: "Read" | "CacheRead" }>;

/** Who waits for what: bounded, and answered exactly once. Ids count up and are never reused in a process. */
export class InFlight {
  readonly #asked = new Map<RequestId, Asked>();
  readonly #watches = new Map<RequestId, WatchCaller>();
  readonly #caches = new Map<RequestId, CacheCaller>();
  #bytes = 0;
  #nextId = 1;

  get requests(): number {
    return this.#asked.size;
  }

  get watches(): number {
    return this.#watches.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  newId(): RequestId {
    return requestId(this.#nextId++);
  }

  /** False if a bound is reached. A single request beyond the bound in bytes is let in when it is alone. */
  admit(id: RequestId, asked: Asked): boolean {
    const crowded = this.#bytes > 0 && this.#bytes + asked.bytes > IN_FLIGHT_BYTES_MAX;
    if (crowded || this.#asked.size >= IN_FLIGHT_MAX) return false;
    this.#asked.set(id, asked);
    this.#bytes += asked.bytes;
    return true;
  }

  readOf(id: RequestId): ReadInput | null {
    return this.#asked.get(id)?.read ?? null;
  }

  /** Takes a request out, to be answered or forgotten; null if it was before. */
  settle(id: RequestId): Asked | null {
    const asked = this.#asked.get(id);
    if (asked === undefined) return null;
    this.#asked.delete(id);
    this.#bytes -= asked.bytes;
    return asked;
  }

  admitWatch(id: RequestId, caller: WatchCaller): boolean {
    if (this.#watches.size >= WATCHES_MAX) return false;
    this.#watches.set(id, caller);
    return true;
  }

  watcher(id: RequestId): WatchCaller | undefined {
    return this.#watches.get(id);
  }

  endWatch(id: RequestId): WatchCaller | null {
    const caller = this.#watches.get(id);
    if (caller === undefined) return null;
    this.#watches.delete(id);
    return caller;
  }

  openCache(caller: CacheCaller): RequestId | null {
    if (this.#caches.size >= CACHES_MAX) return null;
    const id = this.newId();
    this.#caches.set(id, caller);
    return id;
  }

  cache(id: RequestId): CacheCaller | undefined {
    return this.#caches.get(id);
  }

  closeCache(id: RequestId): void {
    this.#caches.delete(id);
  }

  /** Ends everything because the node stops: a write that was not answered may or may not have happened. */
  abandon(now: Ticks): void {
    const stopped: Failure = { code: "Stopped", definite: true };
    for (const [id, asked] of this.#asked) {
      this.settle(id);
      asked.caller.onReply(id, asked.write ? unknownSince(asked.since, now) : fail(stopped), null);
    }
    for (const [id, caller] of this.#watches) {
      this.endWatch(id);
      caller.onWatchEnded(id, { type: "Lost", failure: stopped });
    }
  }
}

function unknownSince(since: Ticks, now: Ticks): Outcome {
  return fail({ code: "Timeout", definite: false, waitedTicks: ticks(Math.max(0, now - since)) });
}
