import { type Bytes, Malformed } from "@quorate/kernel/core";
import type { WriteName } from "@quorate/kernel/replica";
import { type CallHandler, Code, type GrpcCall, type Method, status } from "../grpc/index.ts";
import { LossesWatchRequest, LossesWatchResponse } from "../messages/index.ts";
import { encode, onlyKnown } from "../protobuf/index.ts";
import { writeName } from "./ack-level.ts";
import type { EtcdContext } from "./context.ts";
import { Refusal } from "./errors.ts";
import { unreadable } from "./exchange.ts";
import { streamKeyspace } from "./preconditions.ts";

/**
 * `quorate.Losses`: a client that was answered before a majority held its write hears when it is undone (card 63). It is told while it
 * listens, by whichever member it listens to, and not again: what nobody heard is in the files that `keyspace lost` lists.
 */
export const lossesMethods = (context: EtcdContext): readonly Method[] => [
  {
    service: "quorate.Losses",
    name: "Watch",
    type: "serverStream",
    open: (call) => new LossesCall(context, call),
  },
];

const SLOW = status(
  Code.ResourceExhausted,
  "quorate: losses were told faster than they were read: `keyspace lost` lists them",
);

class LossesCall implements CallHandler {
  readonly #context: EtcdContext;
  readonly #call: GrpcCall;
  #stop: (() => void) | null = null;
  /** Nothing is kept for who does not read. */
  #full = false;

  constructor(context: EtcdContext, call: GrpcCall) {
    this.#context = context;
    this.#call = call;
  }

  onMessage(message: Bytes): void {
    const keyspace = streamKeyspace(this.#context, this.#call);
    if (typeof keyspace !== "number") return this.#call.end(keyspace);
    const request = onlyKnown(LossesWatchRequest, message);
    if (request instanceof Malformed) return this.#call.end(unreadable(request));
    this.#stop = this.#context.port.followLosses(keyspace, (writes) => this.#told(writes));
    if (this.#stop === null) return this.#call.end(Refusal.tooManyRequests);
    this.#write({ created: true });
  }

  onHalfClose(): void {}

  onCancel(): void {
    this.#over();
  }

  onDrain(): void {
    this.#full = false;
  }

  #told(writes: readonly WriteName[]): void {
    if (!this.#full) return this.#write({ requests: writes.map(writeName) });
    this.#over();
    this.#call.end(SLOW);
  }

  #write(response: { readonly created?: boolean; readonly requests?: string[] }): void {
    this.#full = !this.#call.write([encode(LossesWatchResponse, response)]);
  }

  #over(): void {
    this.#stop?.();
    this.#stop = null;
  }
}
