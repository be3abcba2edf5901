import { type Bytes, concat, type Outcome, type RequestId } from "@quorate/kernel/core";
import type { ApiCaller, ApiPort } from "./api-port.ts";
import { badArgument, errorOf, QuorateError } from "./errors.ts";

/** How long a call may take, and how its caller takes it back. */
export interface CallOptions {
  /** Then it fails with `Timeout`. 5000 if not given; a day at most. */
  readonly deadlineMillis?: number;
  /** Then it fails with `Aborted`; a write is not undone by that. */
  readonly signal?: AbortSignal;
}

const DEADLINE_MILLIS = 5000;
/** A day: whoever waits longer does not wait for an answer. */
const DEADLINE_MILLIS_MAX = 86_400_000;

/** Requests of the embedding process to its node, as promises. They fail with `QuorateError`. */
export class Calls {
  readonly #port: ApiPort;

  constructor(port: ApiPort) {
    this.#port = port;
  }

  /** Puts a command through the log; resolves with what the machine answered. */
  write(kind: number, body: Bytes, options: CallOptions): Promise<Bytes> {
    return this.#call(options, true, (call, deadline) =>
      this.#port.write(call, kind, body, deadline),
    );
  }

  /** Reads an encoded RangeRequest's keys; resolves with the RangeResponse. */
  range(body: Bytes, options: CallOptions): Promise<Bytes> {
    return this.#call(options, false, (call, deadline) => this.#port.range(call, body, deadline));
  }

  #call(
    options: CallOptions,
    write: boolean,
    ask: (call: Call, deadlineMillis: number) => RequestId,
  ): Promise<Bytes> {
    return new Promise((resolve, reject) => {
      const call = new Call(this.#port, options, write, resolve, reject);
      call.start((deadlineMillis) => ask(call, deadlineMillis));
    });
  }
}

class Call implements ApiCaller {
  readonly #port: ApiPort;
  readonly #options: CallOptions;
  readonly #write: boolean;
  readonly #resolve: (value: Bytes) => void;
  readonly #reject: (error: Error) => void;
  #parts: Bytes[] = [];
  #id: RequestId | null = null;

  constructor(
    port: ApiPort,
    options: CallOptions,
    write: boolean,
    resolve: (value: Bytes) => void,
    reject: (error: Error) => void,
  ) {
    this.#port = port;
    this.#options = options;
    this.#write = write;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(ask: (deadlineMillis: number) => RequestId): void {
    const { signal, deadlineMillis = DEADLINE_MILLIS } = this.#options;
    if (!(deadlineMillis > 0 && deadlineMillis <= DEADLINE_MILLIS_MAX)) {
      const most = `it is above 0 and at most ${DEADLINE_MILLIS_MAX}`;
      this.#reject(badArgument(`deadlineMillis is ${deadlineMillis}: ${most}`));
      return;
    }
    if (signal?.aborted === true) {
      this.#reject(new QuorateError("Aborted", true, "aborted before it was asked"));
      return;
    }
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#id = ask(deadlineMillis);
  }

  onPart(_id: RequestId, part: Bytes): void {
    this.#parts.push(part);
  }

  onReply(_id: RequestId, outcome: Outcome): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    if (!outcome.ok) this.#reject(errorOf(outcome));
    else if (this.#parts.length === 0) this.#resolve(outcome.value);
    else this.#resolve(concat([...this.#parts, outcome.value]));
  }

  readonly #onAbort = (): void => {
    if (this.#id !== null) this.#port.cancel(this.#id);
    this.#parts = [];
    const text = this.#write
      ? "aborted: the write may have happened, or may yet happen"
      : "aborted";
    this.#reject(new QuorateError("Aborted", !this.#write, text));
  };
}
