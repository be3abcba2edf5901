import {
  DEFAULT_HOLDER_SETTINGS,
  type HolderInput,
  type HolderMessage,
  type HolderSettings,
  type IssuerMessage,
  latin1,
  type Now,
  type RequestId,
  requestId,
  stepHolder,
  ticks,
} from "@quorate/kernel/core";
import { badArgument, QuorateError } from "../embedded/errors.ts";
import { bytesOf, type Data, type KeyValue } from "../embedded/key-value.ts";
import { Endpoints } from "./endpoints.ts";
import { Entries, type EntryBounds, type Told } from "./entries.ts";
import { CacheStream, type Endpoint, type StreamEnd, type StreamOptions } from "./stream.ts";

export interface CacheParts {
  readonly endpoints: readonly Endpoint[];
  readonly stream: StreamOptions;
  readonly bounds: EntryBounds;
  readonly timeoutMillis: number;
}

type Read = Extract<HolderMessage, { readonly type: "Read" }>;

/** Who waits for a read that was sent. */
interface Asker {
  readonly key: string;
  readonly resolve: (kv: KeyValue | null) => void;
  readonly reject: (error: QuorateError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Reads that wait at most; one more fails at once. */
const WAITING_MAX = 10_000;
/** So often it goes at once where it is sent. */
const HOPS_MAX = 3;
/** A member that was asked and says nothing for so long is given up: it may stand still, and another lead. */
const SILENCE_MILLIS = 2000;
/** Between two attempts to reach somebody. */
const RETRY_MILLIS = 50;

/**
 * The newest value of keys, without asking for it each time. What it gives was the newest when it was asked, or later: a member grants
 * leases, and changes nothing that is leased before the cache has dropped it, or its lease has ended by the cache's own clock. That
 * clock is the process's monotonic one, whose rate may be wrong by one part of a hundred. A cache that loses its member goes on with
 * what it has leases on, until they end, and asks whoever leads next.
 *
 * A value is to be used at once: who keeps it and looks at it later may see what has been replaced meanwhile, as with any read.
 */
export class Cache {
  readonly #parts: CacheParts;
  readonly #entries: Entries;
  readonly #endpoints: Endpoints;
  readonly #askers = new Map<RequestId, Asker>();
  /** Reads under way, to be sent again to another member; as they were, for leases count from the first sending. */
  readonly #unanswered = new Map<RequestId, Read>();
  #stream: CacheStream | null = null;
  #connecting: Promise<void> | null = null;
  #retry: NodeJS.Timeout | null = null;
  #silence: NodeJS.Timeout | null = null;
  #requests = 0;
  /** Members that sent this cache on, since one answered. */
  #hops = 0;
  #counts = { hits: 0, misses: 0, recalls: 0 };
  #closed = false;

  constructor(parts: CacheParts) {
    this.#parts = parts;
    const settings: HolderSettings = {
      ...DEFAULT_HOLDER_SETTINGS,
      readTicksMax: parts.timeoutMillis,
      waitingMax: WAITING_MAX,
    };
    this.#entries = new Entries(settings, parts.bounds);
    this.#endpoints = new Endpoints(parts.endpoints);
  }

  /** Reads that cost no message, reads that cost two, and keys that a member asked to be dropped. */
  get counts(): { readonly hits: number; readonly misses: number; readonly recalls: number } {
    return { ...this.#counts };
  }

  /** Keys that something is known of. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * The key as it is, null where it does not exist. Fails with `QuorateError`: `Timeout` where nobody answered in time, `Overloaded`
   * where too many reads wait, `Stopped` once the cache is closed, `Rejected` with the reason where the members refuse.
   */
  get(key: Data): Promise<KeyValue | null> {
    const name = latin1(bytesOf(key));
    if (name === "") return Promise.reject(badArgument("a key is not empty"));
    if (this.#closed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      if (this.#askers.size >= WAITING_MAX || this.#entries.take(name) === null)
        return reject(new QuorateError("Overloaded", true, "too many reads wait for an answer"));
      const id = requestId(++this.#requests);
      const timer = setTimeout(() => this.#late(name), this.#parts.timeoutMillis + 1);
      this.#askers.set(id, { key: name, resolve, reject, timer });
      this.#step(name, { type: "Read", id });
    });
  }

  /** Ends what waits, and forgets what it had. Members wait for its leases no longer than these last. */
  close(): void {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#stream?.close();
    this.#stream = null;
    this.#entries.clear();
    this.#failAll(closed());
  }

  /** Tries each endpoint once. */
  async connect(): Promise<void> {
    let reason = "";
    for (let i = 0; i < this.#endpoints.count; i++) {
      try {
        return await this.#dial();
      } catch (error) {
        reason = (error as Error).message;
      }
    }
    this.#closed = true;
    throw new QuorateError("NoLeader", true, `no endpoint can be reached: ${reason}`);
  }

  #step(key: string, input: HolderInput<Told>): void {
    const holder = this.#entries.take(key);
    if (holder === null) return;
    const [next, effects] = stepHolder(holder, now(), [input]);
    this.#entries.put(key, next);
    for (const effect of effects) {
      if (effect.type === "Send") this.#send(effect.message, input);
      else if (effect.type === "Failed") this.#fail(effect.id);
      else {
        if (input.type === "Read") this.#counts.hits++;
        for (const id of effect.ids) this.#answer(id, effect.value?.kv ?? null);
      }
    }
  }

  #send(message: HolderMessage, input: HolderInput<Told>): void {
    if (message.type === "Read" && input.type === "Read") {
      this.#counts.misses++;
      this.#unanswered.set(input.id, message);
      if (this.#stream === null) this.#reconnect();
    }
    this.#stream?.send(message);
    if (this.#unanswered.size > 0) this.#silence ??= this.#listen();
  }

  #listen(): NodeJS.Timeout | null {
    const stream = this.#stream;
    if (stream === null) return null;
    return setTimeout(() => {
      this.#silence = null;
      if (stream !== this.#stream || this.#unanswered.size === 0) return;
      stream.close();
      this.#onEnd(stream, { message: "it does not answer", elsewhere: [], again: true });
    }, SILENCE_MILLIS);
  }

  #heard(): void {
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = this.#unanswered.size > 0 ? this.#listen() : null;
  }

  #answer(id: RequestId, kv: KeyValue | null): void {
    this.#take(id)?.resolve(kv);
  }

  #fail(id: RequestId): void {
    const { timeoutMillis } = this.#parts;
    this.#take(id)?.reject(
      new QuorateError("Timeout", true, `no member that leads answered in ${timeoutMillis} ms`),
    );
  }

  #failAll(error: QuorateError): void {
    for (const id of this.#askers.keys()) this.#take(id)?.reject(error);
  }

  #take(id: RequestId): Asker | null {
    const asker = this.#askers.get(id);
    if (asker === undefined) return null;
    clearTimeout(asker.timer);
    this.#askers.delete(id);
    this.#unanswered.delete(id);
    return asker;
  }

  #late(key: string): void {
    if (this.#entries.find(key) !== null) this.#step(key, { type: "Wake" });
  }

  #onMessage(stream: CacheStream, message: IssuerMessage<Told>): void {
    if (stream !== this.#stream) return;
    this.#hops = 0;
    if (message.type === "Revoke") this.#counts.recalls++;
    const { datum } = message;
    if (this.#entries.find(datum) !== null) this.#step(datum, { type: "Receive", message });
    else if (message.type === "Revoke") {
      // It was forgotten to make room: nothing of it is here, and no answer that is under way finds anybody.
      const { recall, issuer } = message;
      stream.send({ type: "RevokeAck", datum, recall, issuer });
    }
    this.#heard();
  }

  #onEnd(stream: CacheStream, { message, elsewhere, again }: StreamEnd): void {
    if (stream !== this.#stream || this.#closed) return;
    this.#stream = null;
    this.#endpoints.hint(elsewhere);
    if (!again) this.#failAll(new QuorateError("Rejected", true, message));
    if (this.#unanswered.size === 0) return;
    if (elsewhere.length > 0 && this.#hops++ < HOPS_MAX) this.#reconnect();
    else this.#reconnectLater();
  }

  #reconnectLater(): void {
    if (this.#closed || this.#retry !== null) return;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#reconnect();
    }, RETRY_MILLIS);
  }

  #reconnect(): void {
    if (this.#closed || this.#stream !== null || this.#connecting !== null) return;
    if (this.#retry !== null) return;
    this.#connecting = this.#dial()
      .catch(() => this.#reconnectLater())
      .finally(() => {
        this.#connecting = null;
        if (this.#stream === null && this.#unanswered.size > 0) this.#reconnectLater();
      });
  }

  async #dial(): Promise<void> {
    let stream: CacheStream | null = null;
    let ended: StreamEnd | null = null;
    stream = await CacheStream.connect(this.#endpoints.next(), this.#parts.stream, {
      onMessage: (message) => {
        if (stream !== null) this.#onMessage(stream, message);
      },
      onEnd: (end) => {
        if (stream === null) ended = end;
        else this.#onEnd(stream, end);
      },
    });
    if (this.#closed) return stream.close();
    this.#stream = stream;
    for (const read of this.#unanswered.values()) stream.send(read);
    this.#heard();
    // It was over as soon as it had begun.
    if (ended !== null) this.#onEnd(stream, ended);
  }
}

const closed = (): QuorateError => new QuorateError("Stopped", true, "the cache is closed");

/** Whole milliseconds of the process's monotonic clock; of the time of day nothing is known or needed. */
const now = (): Now => ({
  ticks: ticks(Math.floor(performance.now())),
  wall: { earliest: 0, latest: 0 },
});
