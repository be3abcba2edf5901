import {
  type Bytes,
  type Failure,
  type KeyspaceId,
  latin1,
  type Machine,
  Malformed,
  type RequestId,
} from "@quorate/kernel/core";
import { EtcdMachine } from "@quorate/kernel/etcd";
import type { CacheCaller, CachePort } from "../../host/index.ts";
import {
  type CallHandler,
  Code,
  ENDED,
  type GrpcCall,
  OK,
  type Status,
  status,
} from "../grpc/index.ts";
import { type CacheDropped, CacheRequest, CacheResponse } from "../messages/index.ts";
import { decode, encode, type MessageOf } from "../protobuf/index.ts";
import { CacheRead } from "./cache-read.ts";
import type { EtcdContext } from "./context.ts";
import { Refusal, statusOf } from "./errors.ts";
import { unreadable } from "./exchange.ts";
import { membersOf } from "./members.ts";
import { streamKeyspace } from "./preconditions.ts";

/**
 * The stream of one client that caches (`quorate.v1.Cache/Lease`): its reads are answered in whatever order they are confirmed, and it is
 * asked to drop what is about to change. It ends where this member does not lead. Leases that were granted on it run out by themselves,
 * whatever becomes of it.
 *
 * A client that does not read is not read from, and when recalls go on to gather it is cut: it relies on nothing for longer than a lease.
 */
export class CacheStream implements CallHandler, CacheCaller {
  readonly keyspace: KeyspaceId;
  /** The number under which it holds leases. */
  readonly holder: RequestId;
  readonly #context: EtcdContext;
  readonly #caches: CachePort;
  readonly #call: GrpcCall;
  readonly #reads = new Set<CacheRead>();
  #halfClosed = false;
  #over = false;

  constructor(
    context: EtcdContext,
    caches: CachePort,
    call: GrpcCall,
    keyspace: KeyspaceId,
    holder: RequestId,
  ) {
    this.#context = context;
    this.#caches = caches;
    this.#call = call;
    this.keyspace = keyspace;
    this.holder = holder;
  }

  onMessage(message: Bytes): void {
    const request = decode(CacheRequest, message);
    if (request instanceof Malformed) return this.#end(unreadable(request));
    const { read, dropped } = request;
    if (dropped !== null) this.#onDropped(dropped);
    if (read !== null) this.#onRead(new CacheRead(this, this.#context, this.#caches, read));
  }

  onHalfClose(): void {
    this.#halfClosed = true;
    this.#endIfDone();
  }

  onCancel(): void {
    this.#close();
  }

  onDrain(): void {
    this.#readOn();
  }

  onRecall(key: string, recall: number, view: Machine): void {
    if (this.#over || !(view instanceof EtcdMachine)) return;
    const what = {
      key: Buffer.from(key, "latin1"),
      revision: BigInt(view.revision),
      recall: BigInt(recall),
      issuer: this.#context.port.identity.start,
    };
    this.#call.write([this.#header(view.revision), encode(CacheResponse, { recall: what })]);
    if (this.#call.buffered > 2 * this.#context.options.cacheBufferBytesMax) this.#end(UNREAD);
  }

  answer(read: CacheRead, revision: number, parts: readonly Bytes[]): void {
    this.#forget(read);
    this.#call.write([this.#header(revision), ...parts]);
    this.#readOn();
    this.#endIfDone();
  }

  /** Another member leads: the client is told where, as far as that is known. */
  onRefused(failure: Failure): void {
    if (this.#over) return;
    if (failure.code !== "NotLeader" && failure.code !== "NoLeader")
      return this.#end(statusOf(failure));
    const leader = failure.code === "NotLeader" ? failure.leaderHint : null;
    const member = membersOf(this.#context).find(({ ID }) => ID === leader);
    const elsewhere = { client_urls: member?.clientURLs ?? [] };
    this.#call.write([encode(CacheResponse, { elsewhere })]);
    this.#end(statusOf(failure));
  }

  onExpired(): void {
    this.#end(Refusal.tooManyRequests);
  }

  #onRead(read: CacheRead): void {
    const { requestBytesMax, cacheReadsPendingMax } = this.#context.options;
    if (read.bytes > requestBytesMax) return this.#end(Refusal.tooLarge);
    this.#reads.add(read);
    this.#call.hold(read.bytes);
    if (this.#over) return;
    if (!read.start()) this.#end(Refusal.tooManyRequests);
    else if (this.#reads.size >= cacheReadsPendingMax) this.#call.pause();
  }

  /** What an earlier life of this member was told of its own leases says nothing of those of this one. */
  #onDropped({ key, recall, issuer }: MessageOf<typeof CacheDropped>): void {
    const { start } = this.#context.port.identity;
    if (issuer === start)
      this.#caches.returned(this.holder, this.keyspace, latin1(key), Number(recall));
  }

  #readOn(): void {
    const { cacheBufferBytesMax, cacheReadsPendingMax } = this.#context.options;
    if (this.#over) return;
    const full = this.#call.buffered >= Math.min(cacheBufferBytesMax, this.#call.room);
    if (full || this.#reads.size >= cacheReadsPendingMax) this.#call.pause();
    else this.#call.resume();
  }

  #header(revision: number): Bytes {
    return this.#context.headers.field(this.keyspace, revision);
  }

  #forget(read: CacheRead): void {
    if (this.#reads.delete(read)) this.#call.hold(-read.bytes);
  }

  #endIfDone(): void {
    if (this.#halfClosed && this.#reads.size === 0) this.#end(OK);
  }

  #end(reason: Status): void {
    if (this.#over) return;
    this.#close();
    this.#call.end(reason);
  }

  #close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#caches.closeCache(this.holder);
    for (const read of this.#reads) {
      read.abandon();
      this.#forget(read);
    }
  }
}

const UNREAD = status(Code.ResourceExhausted, "quorate: what the cache was told was not read");
const NO_CACHES = status(Code.Unimplemented, "quorate: this port serves no caches");

/** Opens a Lease stream, or refuses it as the checks of every call demand. */
export function openCacheStream(context: EtcdContext, call: GrpcCall): CallHandler {
  const { caches } = context;
  const keyspace = streamKeyspace(context, call);
  const refused = typeof keyspace !== "number" ? keyspace : caches === null ? NO_CACHES : null;
  if (refused !== null || caches === null || typeof keyspace !== "number") {
    call.end(refused ?? NO_CACHES);
    return ENDED;
  }
  let stream: CacheStream | null = null;
  const holder = caches.openCache({
    onRecall: (key, recall, view) => stream?.onRecall(key, recall, view),
  });
  if (holder === null) {
    call.end(Refusal.tooManyRequests);
    return ENDED;
  }
  stream = new CacheStream(context, caches, call, keyspace, holder);
  return stream;
}
