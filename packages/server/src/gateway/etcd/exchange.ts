import {
  type Bytes,
  EMPTY,
  type Failure,
  type KeyspaceId,
  type Machine,
  Malformed,
  type Outcome,
  type ReadLevel,
  type RequestId,
  SYSTEM_KEYSPACE,
  type Ticks,
  ticks,
} from "@quorate/kernel/core";
import { bodyOf, EtcdMachine, revisionOf } from "@quorate/kernel/etcd";
import type { Caller } from "../../host/index.ts";
import type { Applicant, Lane, LaneName, Waiting } from "../admission/index.ts";
import {
  type CallHandler,
  Code,
  DEADLINE_EXCEEDED,
  type GrpcCall,
  OK,
  type Status,
  status,
} from "../grpc/index.ts";
import { encode, type MessageType, onlyKnown } from "../protobuf/index.ts";
import { ACKS_HEADER, acksOf, REQUEST_TRAILER, writeName } from "./ack-level.ts";
import type { EtcdContext } from "./context.ts";
import { Refusal, statusOf } from "./errors.ts";
import type { LeaderDependent } from "./leader-monitor.ts";
import { keyspaceOf, requiresLeader, unmetPrecondition } from "./preconditions.ts";

/** A method that takes one request: what it does with the request's bytes, which are well-formed and known. */
export interface Service {
  readonly name: string;
  readonly request: MessageType;
  /** What it is let in as. */
  readonly lane: LaneName;
  /** True where a learner may serve this request; the default is that it may not. */
  readonly learnerServes?: (request: Bytes) => boolean;
  /** True for a method that answers with a stream. */
  readonly streams?: true;
  run(exchange: Exchange, request: Bytes): void;
}

/** Work that an exchange does in slices, or between waits for a slow client. */
export interface LongWork {
  onDrain(): void;
  /** The call is over; what is held must be released. */
  abandon(): void;
}

/** One request and its answer: the call, its place in the kernel, and the ways in which it may end. */
export class Exchange implements CallHandler, Caller, Applicant, LeaderDependent {
  readonly context: EtcdContext;
  readonly call: GrpcCall;
  keyspace: KeyspaceId;
  readonly #service: Service;
  readonly #lane: Lane;
  /** The request, from its admission or its place in the queue on. */
  #request: Bytes = EMPTY;
  /** Where it waits to be let in, and since when. */
  #waiting: Waiting | null = null;
  #askedAt: Ticks | null = null;
  #isAdmitted = false;
  /** As the kernel was told last. */
  #until: Ticks = ticks(0);
  #pending: RequestId | null = null;
  #onValue: ((value: Bytes) => void) | null = null;
  #timeout: Status | null = null;
  #onConfirmed: (() => void) | null = null;
  #isOver = false;
  #onMachine: ((machine: EtcdMachine) => void) | null = null;
  #work: LongWork | null = null;

  constructor(context: EtcdContext, call: GrpcCall, service: Service) {
    this.context = context;
    this.call = call;
    this.#service = service;
    this.#lane = context.admission.lane(service.lane);
    this.keyspace = context.keyspace;
  }

  onMessage(message: Bytes): void {
    const { port } = this.context;
    const keyspace = keyspaceOf(this.context, this.call);
    if (typeof keyspace !== "number") {
      this.fail(keyspace);
      return;
    }
    this.keyspace = keyspace;
    const request = onlyKnown(this.#service.request, message);
    if (request instanceof Malformed) {
      this.fail(unreadable(request));
      return;
    }
    const learnerServes = this.#service.learnerServes?.(request) ?? false;
    const refused = unmetPrecondition(port, this.call, keyspace, learnerServes);
    if (refused !== null) {
      this.fail(refused);
      return;
    }
    if (this.#service.streams && requiresLeader(this.call)) this.context.leaders.add(this);
    this.#request = request;
    if (this.context.admission.tryEnter(this.#lane, request.length)) this.onAdmitted();
    else this.#wait(request);
  }

  onAdmitted(): void {
    this.#isAdmitted = true;
    this.#waiting = null;
    this.#service.run(this, this.#request);
  }

  onExpired(): void {
    this.#waiting = null;
    this.fail(Refusal.tooManyRequests);
  }

  onHalfClose(): void {}

  onCancel(): void {
    this.#over();
  }

  onDrain(): void {
    this.#work?.onDrain();
  }

  onNoLeader(): void {
    this.fail(Refusal.noLeader);
  }

  /** The deadline that the kernel is told. */
  #limit(): Ticks {
    this.#until = this.deadline;
    return this.#until;
  }

  /** The tick after which no answer is of use: the client's own limit or the server's, whichever is sooner. */
  get deadline(): Ticks {
    const wait = Math.min(
      this.context.options.requestTimeoutMs,
      this.call.timeoutMs ?? Number.POSITIVE_INFINITY,
    );
    return ticks((this.#askedAt ?? this.context.port.now()) + Math.ceil(wait));
  }

  /** Puts the request through the log. The default answer is the header and what the machine gave. */
  request(kind: number, body: Bytes, onValue: ((value: Bytes) => void) | null = null): void {
    if (body.length > this.context.options.requestBytesMax) {
      this.fail(Refusal.tooLarge);
      return;
    }
    const acks = acksOf(this.call);
    if (acks !== null && typeof acks === "object") return this.fail(acks);
    this.#onValue = onValue;
    const { port } = this.context;
    const level = acks ?? undefined;
    const id = port.request(this, this.keyspace, kind, body, this.#limit(), undefined, level);
    this.#pending = id;
    if (acks !== null)
      this.call.addTrailer(REQUEST_TRAILER, writeName({ ...port.identity, request: id }));
  }

  /** Asks for the right to look, and looks. `onMachine` must answer, or fork and `workOn`, before it returns. */
  read(level: ReadLevel, onMachine: (machine: EtcdMachine) => void): void {
    this.#onMachine = onMachine;
    this.#pending = this.context.port.read(this, this.keyspace, level, this.#limit());
  }

  /** Goes on once a quorum of group 0 has confirmed that what this member knows of the cluster is current. */
  confirm(onConfirmed: () => void): void {
    this.#onConfirmed = onConfirmed;
    this.#pending = this.context.port.read(this, SYSTEM_KEYSPACE, "readIndex", this.#limit());
  }

  /** For requests of the port that are neither of the two; `start` returns the id under which it can be cancelled. */
  ask(
    start: (caller: Caller, deadline: Ticks) => RequestId,
    onValue: (value: Bytes) => void,
    timeout: Status,
  ): void {
    this.#onValue = onValue;
    this.#timeout = timeout;
    this.#pending = start(this, this.#limit());
  }

  onReply(_id: RequestId, outcome: Outcome, holders: number | null): void {
    this.#pending = null;
    if (holders !== null) this.call.addTrailer(ACKS_HEADER, String(holders));
    if (!outcome.ok && outcome.code === "Overloaded") this.context.admission.onRefusedBehind();
    if (!outcome.ok) this.fail(this.#statusOf(outcome));
    else if (this.#onValue !== null) this.#onValue(outcome.value);
    else this.reply(revisionOf(outcome.value), bodyOf(outcome.value));
  }

  onReadable(_id: RequestId, view: Machine): void {
    this.#pending = null;
    if (this.#onConfirmed !== null) this.#onConfirmed();
    else if (view instanceof EtcdMachine) this.#onMachine?.(view);
    else this.fail(NOT_ETCD);
  }

  /** Goes on beyond the turn: `work` is told of room and of the end. */
  workOn(work: LongWork): void {
    this.#work = work;
  }

  /** Header with that revision, then the encoded rest. */
  reply(revision: number, ...parts: readonly Bytes[]): void {
    this.call.write([this.context.headers.field(this.keyspace, revision), ...parts]);
    this.finish();
  }

  /** A response built as a value, its header included where it has one. */
  replyWith<T>(type: MessageType<T>, value: Partial<T>): void {
    this.call.write([encode(type, value)]);
    this.finish();
  }

  replyEmpty(): void {
    this.call.write([EMPTY]);
    this.finish();
  }

  finish(): void {
    this.#over();
    this.call.end(OK);
  }

  fail(reason: Status): void {
    this.#over();
    this.call.end(reason);
  }

  /** How long it waits counts against its deadline. A copy waits: the request may be a few bytes of a large buffer. */
  #wait(request: Bytes): void {
    const { admission, port } = this.context;
    const now = port.now();
    this.#askedAt = now;
    this.#request = new Uint8Array(request);
    const waitMs = this.deadline - now;
    this.#waiting = admission.wait(this.#lane, this, this.#request.length, waitMs);
    if (this.#waiting === null) this.fail(Refusal.tooManyRequests);
  }

  #statusOf(failure: Failure): Status {
    if (failure.code === "Timeout") return this.#timedOut();
    // What waits to be sent to a leader when its time is up finds none, be there one or not.
    const isLate = failure.code === "NoLeader" && this.context.port.now() >= this.#until;
    return isLate && this.#isClientsLimit ? DEADLINE_EXCEEDED : statusOf(failure);
  }

  /** The client allows no more than the server does. */
  get #isClientsLimit(): boolean {
    const { timeoutMs } = this.call;
    return timeoutMs !== null && timeoutMs <= this.context.options.requestTimeoutMs;
  }

  #timedOut(): Status {
    return this.#isClientsLimit ? DEADLINE_EXCEEDED : (this.#timeout ?? Refusal.timeout);
  }

  /** True once the call was answered or its client left. */
  get isOver(): boolean {
    return this.#isOver;
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leave();
    if (this.#pending !== null) this.context.port.cancel(this.#pending);
    this.#pending = null;
    if (this.#service.streams) this.context.leaders.delete(this);
    const work = this.#work;
    this.#work = null;
    work?.abandon();
  }

  #leave(): void {
    if (this.#isAdmitted) this.#lane.leave(this.#request.length);
    else if (this.#waiting !== null) this.#lane.withdraw(this.#waiting);
    this.#waiting = null;
    this.#request = EMPTY;
  }
}

const NOT_ETCD = status(
  Code.FailedPrecondition,
  "quorate: this keyspace is not served by the etcd API",
);

export const unreadable = (reason: Malformed): Status =>
  status(Code.Internal, `grpc: error unmarshalling request: proto: ${reason.message}`);
