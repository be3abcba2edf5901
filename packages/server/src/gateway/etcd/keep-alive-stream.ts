import {
  type Bytes,
  type KeyspaceId,
  Malformed,
  type Outcome,
  type RequestId,
  ticks,
} from "@quorate/kernel/core";
import { bodyOf, EtcdKind, revisionOf } from "@quorate/kernel/etcd";
import type { Caller } from "../../host/index.ts";
import { type CallHandler, ENDED, type GrpcCall, OK, type Status } from "../grpc/index.ts";
import { LeaseKeepAliveRequest } from "../messages/index.ts";
import { onlyKnown } from "../protobuf/index.ts";
import { requiresLeader, streamAdmission } from "./admission.ts";
import type { EtcdContext } from "./context.ts";
import { Refusal, statusOf } from "./errors.ts";
import { unreadable } from "./exchange.ts";
import type { LeaderDependent } from "./leader-monitor.ts";

interface Renewal {
  id: RequestId | null;
  outcome: Outcome | null;
}

/** One LeaseKeepAlive stream: one answer per request, in their order, and a bounded number of them under way. */
class KeepAliveStream implements CallHandler, Caller, LeaderDependent {
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
    const { port, options } = this.#context;
    const renewal: Renewal = { id: null, outcome: null };
    this.#renewals.push(renewal);
    const deadline = ticks(port.now() + options.requestTimeoutMs);
    renewal.id = port.request(this, this.keyspace, EtcdKind.leaseKeepAlive, body, deadline);
    if (this.#renewals.length >= options.keepAlivesPendingMax) this.#call.pause();
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

  onReply(id: RequestId, outcome: Outcome): void {
    const renewal = this.#renewals.find((one) => one.id === id);
    if (renewal === undefined) return;
    renewal.outcome = outcome;
    this.#answer();
  }

  onReadable(): void {}

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
    for (const { id, outcome } of this.#renewals) {
      if (id !== null && outcome === null) this.#context.port.cancel(id);
    }
    this.#renewals.length = 0;
  }
}

/** Opens a LeaseKeepAlive stream, or refuses it as the checks of every call demand. */
export function openKeepAliveStream(context: EtcdContext, call: GrpcCall): CallHandler {
  const keyspace = streamAdmission(context.port, call);
  if (typeof keyspace !== "number") {
    call.end(keyspace);
    return ENDED;
  }
  const stream = new KeepAliveStream(context, call, keyspace);
  if (requiresLeader(call)) context.leaders.add(stream);
  return stream;
}
