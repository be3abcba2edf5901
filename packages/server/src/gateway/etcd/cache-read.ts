import {
  type Bytes,
  latin1,
  type Machine,
  type Outcome,
  type RequestId,
  type Ticks,
  ticks,
} from "@quorate/kernel/core";
import { EtcdMachine, isRejected } from "@quorate/kernel/etcd";
import type { CachePort, Caller } from "../../host/index.ts";
import type { Applicant, Lane, Waiting } from "../admission/index.ts";
import {
  type CacheRead as CacheReadRequest,
  CacheResponse,
  RangeRequest,
} from "../messages/index.ts";
import { encode, type MessageOf } from "../protobuf/index.ts";
import type { CacheStream } from "./cache-stream.ts";
import type { EtcdContext } from "./context.ts";

/** One read of a stream: it waits to be let in, then for the confirmation that its answer is the newest. */
export class CacheRead implements Applicant, Caller {
  readonly bytes: number;
  readonly #stream: CacheStream;
  readonly #context: EtcdContext;
  readonly #caches: CachePort;
  readonly #request: MessageOf<typeof CacheReadRequest>;
  readonly #lane: Lane;
  readonly #deadline: Ticks;
  #waiting: Waiting | null = null;
  #id: RequestId | null = null;

  constructor(
    stream: CacheStream,
    context: EtcdContext,
    caches: CachePort,
    request: MessageOf<typeof CacheReadRequest>,
  ) {
    this.#stream = stream;
    this.#context = context;
    this.#caches = caches;
    // A request may be a few bytes of a large buffer, and this one may have to wait.
    this.#request = { ...request, key: new Uint8Array(request.key) };
    this.bytes = request.key.length;
    this.#lane = context.admission.lane("data");
    this.#deadline = ticks(context.port.now() + context.options.requestTimeoutMs);
  }

  /** False if there is no room for it, not even to wait. */
  start(): boolean {
    const { admission, options } = this.#context;
    if (admission.tryEnter(this.#lane, this.bytes)) {
      this.onAdmitted();
      return true;
    }
    this.#waiting = admission.wait(this.#lane, this, this.bytes, options.requestTimeoutMs);
    return this.#waiting !== null;
  }

  onAdmitted(): void {
    this.#waiting = null;
    const { holder, keyspace } = this.#stream;
    const key = latin1(this.#request.key);
    this.#id = this.#caches.cacheRead(this, holder, keyspace, key, this.#deadline);
  }

  onExpired(): void {
    this.#waiting = null;
    this.#stream.onExpired();
  }

  onReply(_id: RequestId, outcome: Outcome): void {
    this.#leave();
    if (!outcome.ok) this.#stream.onRefused(outcome);
  }

  /** The machine's own bytes of the key, between the header and what is said of the lease. */
  onReadable(_id: RequestId, view: Machine, leaseTicks: number | null): void {
    this.#leave();
    if (!(view instanceof EtcdMachine)) return;
    const { key, life, serial } = this.#request;
    const cursor = view.openRange(encode(RangeRequest, { key }));
    if (isRejected(cursor)) return this.#stream.onRefused(cursor);
    const parts: Bytes[] = [];
    while (cursor.next(this.#context.options.requestBytesMax, { put: (part) => parts.push(part) }));
    cursor.release();
    const answer = { key, life, serial, lease_ms: BigInt(leaseTicks ?? 0) };
    this.#stream.answer(this, view.revision, [...parts, encode(CacheResponse, { answer })]);
  }

  /** Its stream is over. */
  abandon(): void {
    if (this.#waiting !== null) this.#lane.withdraw(this.#waiting);
    this.#waiting = null;
    if (this.#id === null) return;
    this.#context.port.cancel(this.#id);
    this.#leave();
  }

  #leave(): void {
    this.#id = null;
    this.#lane.leave(this.bytes);
  }
}
