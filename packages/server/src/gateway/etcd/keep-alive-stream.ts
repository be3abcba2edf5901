import {
  type Bytes,
  type KeyspaceId,
  Malformed,
  type Outcome,
  type RequestId,
  type Ticks,
  ticks,
} from "@quorate/kernel/core";
import { bodyOf, EtcdKind, revisionOf } from "@quorate/kernel/etcd";
import type { Caller } from "../../host/index.ts";
import type { Applicant, Lane, Waiting } from "../admission/index.ts";
import { type CallHandler, ENDED, type GrpcCall, OK, type Status } from "../grpc/index.ts";
import { LeaseKeepAliveRequest } from "../messages/index.ts";
import { onlyKnown } from "../protobuf/index.ts";
import type { EtcdContext } from "./context.ts";
import { Refusal, statusOf } from "./errors.ts";
import { unreadable } from "./exchange.ts";
import type { LeaderDependent } from "./leader-monitor.ts";
import { requiresLeader, streamKeyspace } from "./preconditions.ts";

/** One request of a stream: it waits to be let in, then for its outcome, then for its turn to be answered. */
class Renewal implements Applicant, Caller {
  readonly #stream: KeepAliveStream;
  readonly #context: EtcdContext;
  readonly #lane: Lane;
  readonly #body: Bytes;
  readonly #deadline: Ticks;
  #waiting: Waiting | null = null;
  #id: RequestId | null = null;
  outcome: Outcome | null = null;

  constructor(stream: KeepAliveStream, context: EtcdContext, body: Bytes) {
    this.#stream = stream;
    this.#context = context;
    this.#lane = context.admission.lane("lease");
    // A request may be a few bytes of a large buffer, and this one may have to wait.
    this.#body = new Uint8Array(body);
    this.#deadline = ticks(context.port.now() + context.options.requestTimeoutMs);
  }

  /** False if there is no room for it, not even to wait. */
  start(): boolean {
    const { admission, options } = this.#context;
    const bytes = this.#body.length;
    if (admission.tryEnter(this.#lane, bytes)) {
      this.onAdmitted();
      return true;
    }
    this.#waiting = admission.wait(this.#lane, this, bytes, options.requestTimeoutMs);
    return this.#waiting !== null;
  }

  onAdmitted(): void {
    this.#waiting = null;
    const { port } = this.#context;
    const kind = EtcdKind.leaseKeepAlive;
    this.#id = port.request(this, this.#stream.keyspace, kind, this.#body, this.#deadline);
  }

  onExpired(): void {
    this.#waiting = null;
    this.#stream.onExpired();
  }

  onReply(_id: RequestId, outcome: Outcome): void {
    this.#id = null;
    this.outcome = outcome;
    this.#lane.leave(this.#body.length);
    this.#stream.onOutcome();
  }

  onReadable(): void {}

  /** Its stream is over. */
  abandon(): void {
    if (this.#waiting !== null) this.#lane.withdraw(this.#waiting);
    this.#waiting = null;
    if (this.#id === null) return;
    this.#context.port.cancel(this.#id);
    this.#id = null;
    this.#lane.leave(this.#body.length);
  }
}

/** One LeaseKeepAlive stream: one answer per request, in their order, and a bounded number of them under way. */
class KeepAliveStream implements CallHandler, LeaderDependent {
  readonly #context: EtcdContext;
  readonly #call: GrpcCall;
  readonly keyspace: KeyspaceId;
  readonly #renewals: Renewal[] = [];
  #halfClosed = false;
  #over = false;

  constructor(context: EtcdContext, call: GrpcCall, keyspace: KeyspaceId) {
    this.#context = context;
    this.#call = call;
    this.keyspace = keyspace;
  }

  onMessage(message: Bytes): void {
    const body = onlyKnown(LeaseKeepAliveRequest, message);
    if (body instanceof Malformed) {
      this.#end(unreadable(body));
      return;
    }
    const renewal = new Renewal(this, this.#context, body);
    this.#renewals.push(renewal);
    if (!renewal.start()) this.#end(Refusal.tooManyRequests);
    else if (this.#renewals.length >= this.#context.options.keepAlivesPendingMax)
      this.#call.pause();
  }

  onHalfClose(): void {
    this.#halfClosed = true;
    this.#endIfDone();
  }

  onCancel(): void {
    this.#close();
  }

  /** A client that does not read its answers is not asked for more: see `#answer`. */
  onDrain(): void {
    this.#answer();
  }

  onNoLeader(): void {
    this.#end(Refusal.noLeader);
  }

  onOutcome(): void {
    this.#answer();
  }

  onExpired(): void {
    this.#end(Refusal.tooManyRequests);
  }

  #answer(): void {
    let room = true;
    for (let head = this.#renewals[0]; room && head?.outcome; head = this.#renewals[0]) {
      const { outcome } = head;
      if (outcome.ok) {
        const header = this.#context.headers.field(this.keyspace, revisionOf(outcome.value));
        room = this.#call.write([header, bodyOf(outcome.value)]);
      } else {
        this.#end(statusOf(outcome));
        return;
      }
      this.#renewals.shift();
    }
    if (this.#over) return;
    if (room && this.#renewals.length < this.#context.options.keepAlivesPendingMax)
      this.#call.resume();
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#halfClosed && this.#renewals.length === 0) this.#end(OK);
  }

  #end(reason: Status): void {
    if (this.#over) return;
    this.#close();
    this.#call.end(reason);
  }

  #close(): void {
    this.#over = true;
    this.#context.leaders.delete(this);
    for (const renewal of this.#renewals.splice(0)) renewal.abandon();
  }
}

/** Opens a LeaseKeepAlive stream, or refuses it as the checks of every call demand. */
export function openKeepAliveStream(context: EtcdContext, call: GrpcCall): CallHandler {
  const keyspace = streamKeyspace(context, call);
  if (typeof keyspace !== "number") {
    call.end(keyspace);
    return ENDED;
  }
  const stream = new KeepAliveStream(context, call, keyspace);
  if (requiresLeader(call)) context.leaders.add(stream);
  return stream;
}
