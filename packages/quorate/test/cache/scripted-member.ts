import {
  type Bytes,
  type GrpcCall,
  GrpcServer,
  type Method,
  Methods,
  OK,
  type Status,
  status,
} from "@quorate/http2";
import { Malformed } from "@quorate/kernel/core";
import { decode, encode, type MessageOf, messages } from "@quorate/server";

type Request = MessageOf<typeof messages.CacheRequest>;
type Response = MessageOf<typeof messages.CacheResponse>;
export type Read = NonNullable<Request["read"]>;

/** The other end of a cache's stream, which says what a test tells it to, in whatever order. */
export class ScriptedMember {
  readonly reads: Read[] = [];
  readonly dropped: NonNullable<Request["dropped"]>[] = [];
  readonly #server: GrpcServer<Method>;
  readonly #waiting: (() => void)[] = [];
  #call: GrpcCall | null = null;
  /** What a stream is ended with at once. */
  #refuses: ((call: GrpcCall) => void) | null = null;
  port = 0;

  constructor() {
    const router = new Methods(
      { "/quorate.v1.Cache/Lease": { type: "bidiStream", open: (call) => this.#open(call) } },
      (path) => status(12, `unknown method ${path}`),
    );
    this.#server = new GrpcServer({ router });
  }

  async listen(): Promise<this> {
    this.port = (await this.#server.listen("127.0.0.1", 0)).port;
    return this;
  }

  /** Every stream is told this and ended. */
  refuse(said: Partial<Response> | null, end: Status): this {
    this.#refuses = (call) => {
      if (said !== null) call.write([encode(messages.CacheResponse, said)]);
      call.end(end);
    };
    return this;
  }

  say(said: Partial<Response>): void {
    this.#call?.write([encode(messages.CacheResponse, said)]);
  }

  sayBytes(bytes: Bytes): void {
    this.#call?.write([bytes]);
  }

  answer(
    { key, life, serial }: Read,
    value: string | null,
    leaseMs: bigint,
    revision: bigint,
  ): void {
    const kv = { key, create_revision: 1n, mod_revision: revision, version: 1n, lease: 0n };
    this.say({
      header: { cluster_id: 1n, member_id: 2n, revision, raft_term: 1n },
      kvs: value === null ? [] : [{ ...kv, value: Buffer.from(value) }],
      answer: { key, life, serial, lease_ms: leaseMs },
    });
  }

  recall(key: string, revision: bigint, recall: bigint): void {
    this.say({ recall: { key: Buffer.from(key), revision, recall, issuer: 5n } });
  }

  /** Resolves once so many reads, and so many acknowledgements, have come. */
  async heard(reads: number, dropped = 0): Promise<void> {
    while (this.reads.length < reads || this.dropped.length < dropped)
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }

  stop(): void {
    this.#server.destroy();
  }

  #open(call: GrpcCall) {
    if (this.#refuses !== null) this.#refuses(call);
    else this.#call = call;
    return {
      onMessage: (bytes: Bytes) => {
        const request = decode(messages.CacheRequest, bytes);
        if (request instanceof Malformed) throw request;
        if (request.read !== null) this.reads.push(request.read);
        if (request.dropped !== null) this.dropped.push(request.dropped);
        for (const resolve of this.#waiting.splice(0)) resolve();
      },
      onHalfClose: () => call.end(OK),
      onCancel: () => {},
      onDrain: () => {},
    };
  }
}
