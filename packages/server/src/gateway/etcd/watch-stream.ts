import {
  type Bytes,
  type KeyspaceId,
  Malformed,
  type RequestId,
  unreachable,
} from "@quorate/kernel/core";
import type { WatchEnd } from "@quorate/kernel/replica";
import { type CallHandler, ENDED, type GrpcCall, OK, type Status } from "../grpc/index.ts";
import { WatchCreateRequest, WatchRequest } from "../messages/index.ts";
import { decode, encode, type MessageOf } from "../protobuf/index.ts";
import type { EtcdContext } from "./context.ts";
import { Refusal, statusOf } from "./errors.ts";
import { unreadable } from "./exchange.ts";
import type { LeaderDependent } from "./leader-monitor.ts";
import { requiresLeader, streamKeyspace } from "./preconditions.ts";
import type { ProgressStream } from "./progress-ticker.ts";
import { eventResponses, NO_WATCH_ID, notice, type WatchNotice } from "./watch-response.ts";
import { Watcher, type WatcherOwner } from "./watcher.ts";

type Create = MessageOf<typeof WatchCreateRequest>;

/** A request of the stream that has not been answered yet. */
type Owed =
  | {
      readonly type: "Create";
      readonly create: Create;
      readonly bytes: number;
      opening: Watcher | string | null;
    }
  /** A creation that asks for too much to be kept. */
  | { readonly type: "Refusal"; readonly reason: string }
  | { readonly type: "Cancel"; readonly watchId: bigint }
  | { readonly type: "Progress" };

type Opening = Extract<Owed, { readonly type: "Create" }>;

const isBarrier = ({ type }: Owed): boolean => type === "Cancel" || type === "Progress";

/**
 * One Watch stream. Its requests are answered in their order, because clients match `created` replies to
 * requests by nothing else; watchers that open while others do are opened in one turn of the kernel. What a slow client
 * leaves unread is bounded: beyond `watchBufferBytesMax` all its watchers are stalled, and go on from where they
 * stopped once half of it has been read.
 */
class WatchStream implements CallHandler, WatcherOwner, ProgressStream, LeaderDependent {
  readonly #context: EtcdContext;
  readonly #call: GrpcCall;
  readonly keyspace: KeyspaceId;
  /** Every watcher that has an id on this stream, from its request on until it ended. */
  readonly #watchers = new Map<bigint, Watcher>();
  readonly #owed: Owed[] = [];
  /** How many of `#owed` are neither creations nor their refusals: behind one of them nothing is opened yet. */
  #barriers = 0;
  /** Of the requests of all watchers, those that are still to be opened among them. */
  #requestBytes = 0;
  #nextWatchId = 0n;
  #stalled = false;
  #halfClosed = false;
  #over = false;

  private constructor(context: EtcdContext, call: GrpcCall, keyspace: KeyspaceId) {
    this.#context = context;
    this.#call = call;
    this.keyspace = keyspace;
  }

  static open(context: EtcdContext, call: GrpcCall, keyspace: KeyspaceId): WatchStream {
    const stream = new WatchStream(context, call, keyspace);
    if (requiresLeader(call)) context.leaders.add(stream);
    return stream;
  }

  onMessage(message: Bytes): void {
    const request = decode(WatchRequest, message);
    if (request instanceof Malformed) {
      this.#end(unreadable(request));
      return;
    }
    const { create_request: create, cancel_request: cancel, progress_request: progress } = request;
    if (create !== null) this.#onCreate(create, message.length);
    else if (cancel !== null) this.#owe({ type: "Cancel", watchId: cancel.watch_id });
    else if (progress !== null) this.#owe({ type: "Progress" });
  }

  /** A stream that still watches goes on: a client may have said all it has to say. */
  onHalfClose(): void {
    this.#halfClosed = true;
    this.#endIfIdle();
  }

  onCancel(): void {
    this.#close();
  }

  onDrain(): void {
    this.#unstallIfDrained();
  }

  onNoLeader(): void {
    this.#end(Refusal.noLeader);
  }

  onSettled(): void {
    this.#answer();
  }

  onWatcherEvents(watcher: Watcher, revision: number, part: Bytes): void {
    // Clients throw at events for a watcher whose cancellation they were told of.
    if (this.#watchers.get(watcher.watchId) !== watcher) return;
    const { headers, options } = this.#context;
    const header = headers.field(this.keyspace, revision);
    const limit = watcher.fragment ? options.fragmentBytes : Number.POSITIVE_INFINITY;
    for (const parts of eventResponses(header, watcher.watchId, part, limit))
      this.#call.write(parts);
    watcher.eventful = true;
    this.#stallIfFull();
  }

  onWatcherEnded(watcher: Watcher, ended: WatchEnd): void {
    if (this.#over) return;
    this.#forget(watcher);
    switch (ended.type) {
      case "Compacted":
        // The header says no revision: the watcher has not seen all up to any.
        this.#notify(0, {
          watchId: watcher.watchId,
          canceled: true,
          compactRevision: ended.compactRevision,
        });
        return;
      case "Refused":
        this.#notify(0, { watchId: watcher.watchId, canceled: true, cancelReason: ended.reason });
        return;
      case "Lost":
        this.#end(statusOf(ended.failure));
        return;
      default:
        unreachable(ended);
    }
  }

  /** Reports progress for watchers that asked for it, have had no event since the last tick and lack none. */
  onProgressTick(): void {
    for (const watcher of this.#watchers.values()) {
      if (!watcher.progressNotify || watcher.id === null || !watcher.announced) continue;
      if (watcher.eventful) watcher.eventful = false;
      else {
        const revision = this.#context.port.progress(this.keyspace, [watcher.id]);
        if (revision === null || revision < watcher.startRevision) continue;
        this.#notify(revision, { watchId: watcher.watchId });
      }
    }
  }

  /** Keys may be as long as requests may be, and are kept for as long as they are watched. */
  #onCreate(create: Create, bytes: number): void {
    const { requestBytesMax, watcherBytesPerStreamMax } = this.#context.options;
    if (bytes > requestBytesMax) {
      this.#owe({ type: "Refusal", reason: Refusal.tooLarge.message });
    } else if (this.#requestBytes + bytes > watcherBytesPerStreamMax) {
      this.#owe({ type: "Refusal", reason: Refusal.tooManyRequests.message });
    } else {
      this.#hold(bytes);
      if (!this.#over) this.#owe({ type: "Create", create, bytes, opening: null });
    }
  }

  #hold(bytes: number): void {
    this.#requestBytes += bytes;
    this.#call.hold(bytes);
  }

  #owe(owed: Owed): void {
    this.#owed.push(owed);
    if (isBarrier(owed)) this.#barriers++;
    else if (owed.type === "Create" && this.#barriers === 0) owed.opening = this.#openWatcher(owed);
    this.#answer();
    if (this.#owed.length >= this.#context.options.watchRequestsPendingMax) this.#call.pause();
  }

  /** Answers what is owed, in order, as far as it is known. */
  #answer(): void {
    for (let head = this.#owed[0]; head !== undefined && !this.#over; head = this.#owed[0]) {
      if (head.type === "Create") {
        const opening = (head.opening ??= this.#openWatcher(head));
        if (typeof opening !== "string" && !opening.settled) break;
        this.#owed.shift();
        if (typeof opening === "string") this.#hold(-head.bytes);
        this.#created(opening);
      } else if (head.type === "Refusal") {
        this.#owed.shift();
        this.#created(head.reason);
      } else {
        this.#owed.shift();
        this.#barriers--;
        if (head.type === "Cancel") this.#cancelWatcher(head.watchId);
        else this.#reportProgress();
        this.#openFollowing();
      }
    }
    if (this.#over) return;
    if (this.#owed.length < this.#context.options.watchRequestsPendingMax) this.#call.resume();
    this.#endIfIdle();
  }

  /** Opens the creations up to the next request that has to wait for them. */
  #openFollowing(): void {
    for (const owed of this.#owed) {
      if (isBarrier(owed)) return;
      if (owed.type === "Create") owed.opening ??= this.#openWatcher(owed);
    }
  }

  /** The watcher, or why there is none, in etcd's words. */
  #openWatcher({ create, bytes }: Opening): Watcher | string {
    if (create.start_revision < 0n) return Refusal.compacted.message;
    if (isEmptyRange(create)) return "mvcc: watcher range is empty";
    if (create.watch_id !== 0n && this.#watchers.has(create.watch_id)) {
      return "mvcc: duplicate watch ID provided on the WatchStream";
    }
    if (this.#watchers.size >= this.#context.options.watchersPerStreamMax) {
      return Refusal.tooManyRequests.message;
    }
    const watchId = create.watch_id === 0n ? this.#unusedWatchId() : create.watch_id;
    const watcher = new Watcher(this, watchId, create, bytes);
    this.#watchers.set(watchId, watcher);
    const body = encode(WatchCreateRequest, create);
    watcher.id = this.#context.port.watch(watcher, this.keyspace, body);
    if (this.#stalled) this.#context.port.stalled(watcher.id);
    return watcher;
  }

  #unusedWatchId(): bigint {
    while (this.#watchers.has(this.#nextWatchId)) this.#nextWatchId++;
    return this.#nextWatchId++;
  }

  #created(opening: Watcher | string): void {
    const revision = this.#context.headers.currentRevision(this.keyspace);
    if (typeof opening === "string") {
      this.#refused(revision, opening);
      return;
    }
    if (opening.endedEarly?.type === "Refused") {
      this.#forget(opening);
      this.#refused(revision, opening.endedEarly.reason);
      return;
    }
    this.#notify(opening.openedAt ?? revision, { watchId: opening.watchId, created: true });
    if (opening.progressNotify) this.#context.progress.add(this);
    opening.announce();
  }

  #refused(revision: number, cancelReason: string): void {
    this.#notify(revision, { watchId: NO_WATCH_ID, created: true, canceled: true, cancelReason });
  }

  #cancelWatcher(watchId: bigint): void {
    const watcher = this.#watchers.get(watchId);
    if (watcher === undefined || watcher.id === null) return;
    this.#context.port.unwatch(watcher.id);
    this.#forget(watcher);
    const revision = this.#context.headers.currentRevision(this.keyspace);
    this.#notify(revision, { watchId, canceled: true });
  }

  /** One answer for all watchers, or none: the client asks again. */
  #reportProgress(): void {
    const ids: RequestId[] = [];
    let startRevision = 0;
    for (const watcher of this.#watchers.values()) {
      if (watcher.id === null || !watcher.announced) return;
      ids.push(watcher.id);
      startRevision = Math.max(startRevision, watcher.startRevision);
    }
    if (ids.length === 0) return;
    const revision = this.#context.port.progress(this.keyspace, ids);
    if (revision !== null && revision >= startRevision)
      this.#notify(revision, { watchId: NO_WATCH_ID });
  }

  #notify(revision: number, what: WatchNotice): void {
    this.#call.write(notice(this.#context.headers.field(this.keyspace, revision), what));
  }

  #stallIfFull(): void {
    if (this.#stalled) return;
    const { buffered, room } = this.#call;
    // Where little is left for all, each waits sooner: a connection that holds more than its share is cut.
    if (buffered < this.#context.options.watchBufferBytesMax && buffered <= room) return;
    this.#stalled = true;
    for (const { id } of this.#watchers.values()) if (id !== null) this.#context.port.stalled(id);
  }

  #unstallIfDrained(): void {
    if (!this.#stalled || this.#call.buffered > this.#context.options.watchBufferBytesMax / 2)
      return;
    this.#stalled = false;
    for (const { id } of this.#watchers.values()) if (id !== null) this.#context.port.drained(id);
  }

  #forget(watcher: Watcher): void {
    this.#watchers.delete(watcher.watchId);
    this.#hold(-watcher.requestBytes);
  }

  #endIfIdle(): void {
    const idle = this.#owed.length === 0 && this.#watchers.size === 0;
    if (this.#halfClosed && idle && !this.#over) this.#end(OK);
  }

  #end(reason: Status): void {
    if (this.#over) return;
    this.#close();
    this.#call.end(reason);
  }

  #close(): void {
    this.#over = true;
    this.#context.leaders.delete(this);
    this.#context.progress.delete(this);
    for (const { id } of this.#watchers.values()) if (id !== null) this.#context.port.unwatch(id);
    this.#watchers.clear();
    this.#owed.length = 0;
    this.#hold(-this.#requestBytes);
  }
}

/** Watching from the empty key means from the smallest one. */
const SMALLEST_KEY = new Uint8Array(1);

function isEmptyRange({ key, range_end: end }: Create): boolean {
  if (end.length === 0 || (end.length === 1 && end[0] === 0)) return false;
  return Buffer.compare(key.length === 0 ? SMALLEST_KEY : key, end) >= 0;
}

/** Opens a Watch stream, or refuses it as the checks of every call demand. */
export function openWatchStream(context: EtcdContext, call: GrpcCall): CallHandler {
  const keyspace = streamKeyspace(context, call);
  if (typeof keyspace === "number") return WatchStream.open(context, call, keyspace);
  call.end(keyspace);
  return ENDED;
}
