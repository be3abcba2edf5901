import type { Bytes } from "../bytes.ts";
import {
  Connection,
  type ConnectionEnd,
  type ConnectionHandler,
  type ConnectionOptions,
  type ResetCause,
  type Stream,
} from "../connection/index.ts";
import type { HeaderList } from "../fields/index.ts";
import { ErrorCode, errorName } from "../frames/index.ts";
import { CLIENT_LIMITS, type ClientLimits } from "../limits.ts";
import { type CallOptions, ClientCall, type ClientHandler } from "./client-call.ts";
import type { ClientMethod } from "./client-method.ts";
import type { Compression } from "./compression.ts";
import type { Deadlines } from "./deadlines.ts";
import { Assembly, type InboundOptions } from "./inbound.ts";
import type { ConnectionHost } from "./server-side.ts";
import { Code, status } from "./status.ts";

export interface ClientShared {
  readonly deadlines: Deadlines;
  /** Milliseconds of the clock by which `deadlines` goes. */
  readonly now: () => number;
  /** Answers in these are understood. */
  readonly compressions?: readonly Compression[];
  /** How our messages are compressed; the methods' heads must say the same. */
  readonly compression?: Compression | null;
  readonly limits?: ClientLimits;
  readonly connection?: ConnectionOptions;
}

/** A client's end of one connection: calls on its streams. */
export class ClientSide implements ConnectionHandler<ClientCall> {
  readonly connection: Connection<ClientCall>;
  readonly limits: ClientLimits;
  readonly inbound: InboundOptions;
  readonly now: () => number;
  readonly compressions: readonly Compression[];
  readonly compression: Compression | null;
  /** What calls are told that end with the connection. */
  endReason = "";
  readonly #deadlines: Deadlines;
  readonly #host: ConnectionHost & { onPong(payload: Bytes): void };
  /** Calls for which the server has no place yet, oldest first. */
  readonly #waiting = new Set<ClientCall>();

  constructor(shared: ClientShared, host: ConnectionHost & { onPong(payload: Bytes): void }) {
    this.limits = shared.limits ?? CLIENT_LIMITS;
    const { messageBytesMax, assemblyBytesMax } = this.limits;
    this.inbound = { messageBytesMax, assembly: new Assembly(assemblyBytesMax, null) };
    this.now = shared.now;
    this.compressions = shared.compressions ?? [];
    this.compression = shared.compression ?? null;
    this.#deadlines = shared.deadlines;
    this.#host = host;
    this.connection = new Connection("client", this, { now: shared.now(), ...shared.connection });
  }

  /** Calls that wait for a place. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Makes a call. Where that cannot be, it ends at once, and `handler` hears so before this returns. */
  start(
    method: ClientMethod,
    handler: ClientHandler,
    options: CallOptions = NO_OPTIONS,
  ): ClientCall {
    const call = new ClientCall(this, method, handler, options);
    if (this.#waiting.size === 0 && call.open()) {
      this.#deadlines.add(call);
      return call;
    }
    if (this.connection.phase !== "Open") {
      const text = this.endReason === "" ? "the connection takes no more calls" : this.endReason;
      call.fail(status(Code.Unavailable, text), ErrorCode.Cancel);
    } else if (this.#waiting.size >= this.limits.waitingCallsMax) {
      call.fail(status(Code.ResourceExhausted, "too many calls wait"), ErrorCode.Cancel);
    } else {
      this.#waiting.add(call);
      this.#deadlines.add(call);
    }
    return call;
  }

  onOver(call: ClientCall): void {
    this.#deadlines.delete(call);
    if (this.#waiting.size > 0) this.#waiting.delete(call);
  }

  onHead(stream: Stream<ClientCall>, headers: HeaderList, endStream: boolean): void {
    stream.owner?.onHead(headers, endStream);
  }

  onData(
    stream: Stream<ClientCall>,
    chunk: Bytes,
    from: number,
    to: number,
    endStream: boolean,
  ): void {
    stream.owner?.onBody(chunk, from, to, endStream);
  }

  onTrailers(stream: Stream<ClientCall>, headers: HeaderList): void {
    stream.owner?.onTrailers(headers);
  }

  onReset(stream: Stream<ClientCall>, code: number, cause: ResetCause): void {
    stream.owner?.onReset(code, cause);
  }

  onDrain(stream: Stream<ClientCall>): void {
    stream.owner?.onDrain();
  }

  onOutput(): void {
    this.#host.onOutput();
  }

  onPong(payload: Bytes): void {
    this.#host.onPong(payload);
  }

  onCapacity(): void {
    if (this.#waiting.size === 0) return;
    if (this.connection.phase !== "Open")
      return this.#failWaiting("the server takes no more calls");
    for (const call of this.#waiting) {
      if (this.connection.capacity === 0) break;
      this.#waiting.delete(call);
      call.open();
    }
  }

  onClosed(end: ConnectionEnd): void {
    this.endReason =
      end.reason === "" ? `the connection ended with ${errorName(end.code)}` : end.reason;
    this.#failWaiting(this.endReason);
    this.#host.onClosed(end);
  }

  #failWaiting(reason: string): void {
    for (const call of this.#waiting) {
      call.fail(status(Code.Unavailable, reason), ErrorCode.Cancel);
    }
  }
}

const NO_OPTIONS: CallOptions = {};
