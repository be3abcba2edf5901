import type { ClientCall, GrpcClient } from "@quorate/http2";
import { encode, type MessageOf, messages } from "@quorate/server";
import { readWatchResponse, type WatchReader } from "./watch-response.ts";

const WATCH = "/etcdserverpb.Watch/Watch";
type Create = MessageOf<typeof messages.WatchCreateRequest>;

/** Hears of each event that was delivered. */
export type OnEvent = (bytes: Uint8Array, valueAt: number) => void;

/** Watchers in equal parts on one stream of each connection, as etcd's own client has them. */
export class Watchers {
  readonly #streams: WatchStream[];

  private constructor(streams: WatchStream[]) {
    this.#streams = streams;
  }

  /** Resolves when all are created. `keyOf` says what each watches; an end of the range, or none. */
  static async open(
    clients: readonly GrpcClient[],
    count: number,
    keyOf: (watcher: number) => { readonly key: string; readonly rangeEnd?: string },
    onEvent: OnEvent,
  ): Promise<Watchers> {
    const streams = clients.map((client) => new WatchStream(client, onEvent));
    const watchers = new Watchers(streams);
    const opened = streams.map((stream, i) => {
      const keys: ReturnType<typeof keyOf>[] = [];
      for (let w = i; w < count; w += streams.length) keys.push(keyOf(w));
      return stream.create(keys);
    });
    await Promise.all(opened);
    return watchers;
  }

  get delivered(): number {
    return this.#streams.reduce((sum, stream) => sum + stream.delivered, 0);
  }

  /** What is wrong with what was delivered: everyone gets so many events, in the order of their revisions; null if all did. */
  verdict(events: number): string | null {
    for (const stream of this.#streams) {
      const wrong = stream.verdict(events);
      if (wrong !== null) return wrong;
    }
    return null;
  }

  close(): void {
    for (const stream of this.#streams) stream.close();
  }
}

interface Watcher {
  events: number;
  revision: number;
}

class WatchStream implements WatchReader {
  readonly #call: ClientCall;
  readonly #onEvent: OnEvent;
  /** By watch id: the server counts from 0, or from 1. */
  readonly #watchers: (Watcher | undefined)[] = [];
  #expected = 0;
  #created = 0;
  #wrong: string | null = null;
  #allCreated: () => void = () => {};
  #failed: (error: Error) => void = () => {};
  delivered = 0;

  constructor(client: GrpcClient, onEvent: OnEvent) {
    this.#onEvent = onEvent;
    this.#call = client.start(client.method(WATCH), {
      onMessage: (message) => readWatchResponse(message, this),
      onEnd: ({ status }) => this.#fail(`a watch stream ended: ${status.code} ${status.message}`),
    });
  }

  create(keys: readonly { readonly key: string; readonly rangeEnd?: string }[]): Promise<void> {
    this.#expected = keys.length;
    return new Promise((resolve, reject) => {
      this.#allCreated = resolve;
      this.#failed = reject;
      for (const { key, rangeEnd } of keys) {
        const range = rangeEnd === undefined ? {} : { range_end: Buffer.from(rangeEnd) };
        const create = { key: Buffer.from(key), ...range } as Partial<Create> as Create;
        this.#call.write([encode(messages.WatchRequest, { create_request: create })]);
      }
    });
  }

  onCreated(watchId: number): void {
    this.#watchers[watchId] = { events: 0, revision: 0 };
    if (++this.#created === this.#expected) this.#allCreated();
  }

  onCanceled(watchId: number): void {
    this.#fail(`watcher ${watchId} was cancelled`);
  }

  onEvent(watchId: number, modRevision: number, bytes: Uint8Array, valueAt: number): void {
    const watcher = this.#watchers[watchId];
    if (watcher === undefined) return this.#fail(`an event for ${watchId}, which is no watcher`);
    if (modRevision <= watcher.revision)
      this.#fail(`watcher ${watchId} got revision ${modRevision} after ${watcher.revision}`);
    watcher.revision = modRevision;
    watcher.events++;
    this.delivered++;
    this.#onEvent(bytes, valueAt);
  }

  verdict(events: number): string | null {
    if (this.#wrong !== null) return this.#wrong;
    const short = this.#watchers.find(
      (watcher) => watcher !== undefined && watcher.events !== events,
    );
    return short === undefined ? null : `a watcher got ${short.events} of ${events} events`;
  }

  close(): void {
    this.#call.cancel();
  }

  #fail(wrong: string): void {
    this.#wrong ??= wrong;
    this.#failed(new Error(wrong));
  }
}
