import {
  type Bytes,
  DEFAULT_KEYSPACE,
  type Machine,
  type Outcome,
  type RequestId,
  ticks,
} from "@quorate/kernel/core";
import { EtcdMachine } from "@quorate/kernel/etcd";
import type { Caller, NodePort } from "@quorate/server";
import { errorOf, QuorateError } from "./errors.ts";

/** How long a call may take, and how its caller takes it back. */
export interface CallOptions {
  /** Then it fails with `Timeout`. 5000 if not given. */
  readonly deadlineMillis?: number;
  /** Then it fails with `Aborted`; a write is not undone by that. */
  readonly signal?: AbortSignal;
}

const DEADLINE_MILLIS = 5000;

/** Requests of the embedding process to its node, as promises. They fail with `QuorateError`. */
export class Calls {
  readonly port: NodePort;

  constructor(port: NodePort) {
    this.port = port;
  }

  /** Puts a command through the log; resolves with what the machine answered. */
  write(kind: number, body: Bytes, options: CallOptions): Promise<Bytes> {
    return new Promise((resolve, reject) => {
      const call = new Call(this.port, options, true, reject, (outcome) => {
        if (outcome.ok) resolve(outcome.value);
        else reject(errorOf(outcome));
      });
      call.start((deadline) => this.port.request(call, DEFAULT_KEYSPACE, kind, body, deadline));
    });
  }

  /** Looks at the state once it is confirmed to be current. `look` runs at once, before anything else changes it. */
  read<T>(options: CallOptions, look: (machine: EtcdMachine) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const failed = (outcome: Outcome): void => {
        if (!outcome.ok) reject(errorOf(outcome));
      };
      const call = new Call(this.port, options, false, reject, failed, (view) => {
        try {
          if (!(view instanceof EtcdMachine))
            throw new TypeError("the default keyspace is no etcd keyspace");
          resolve(look(view));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      call.start((deadline) => this.port.read(call, DEFAULT_KEYSPACE, "readIndex", deadline));
    });
  }
}

class Call implements Caller {
  readonly #port: NodePort;
  readonly #options: CallOptions;
  readonly #write: boolean;
  readonly #reject: (error: Error) => void;
  readonly #onReply: (outcome: Outcome) => void;
  readonly #onView: (view: Machine) => void;
  #id: RequestId | null = null;

  constructor(
    port: NodePort,
    options: CallOptions,
    write: boolean,
    reject: (error: Error) => void,
    onReply: (outcome: Outcome) => void,
    onView: (view: Machine) => void = () => {},
  ) {
    this.#port = port;
    this.#options = options;
    this.#write = write;
    this.#reject = reject;
    this.#onReply = onReply;
    this.#onView = onView;
  }

  start(ask: (deadline: ReturnType<typeof ticks>) => RequestId): void {
    const { signal, deadlineMillis = DEADLINE_MILLIS } = this.#options;
    if (signal?.aborted === true) {
      this.#reject(new QuorateError("Aborted", true, "aborted before it was asked"));
      return;
    }
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#id = ask(ticks(this.#port.now() + Math.max(1, Math.ceil(deadlineMillis))));
  }

  onReply(_id: RequestId, outcome: Outcome): void {
    this.#over();
    this.#onReply(outcome);
  }

  onReadable(_id: RequestId, view: Machine): void {
    this.#over();
    this.#onView(view);
  }

  readonly #onAbort = (): void => {
    if (this.#id !== null) this.#port.cancel(this.#id);
    const text = this.#write
      ? "aborted: the write may have happened, or may yet happen"
      : "aborted";
    this.#reject(new QuorateError("Aborted", !this.#write, text));
  };

  #over(): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }
}
