import type { ConnectionOptions } from "node:tls";
import { type ClientCall, type ClientEnd, Code, GrpcClient, HeaderField } from "@quorate/http2";
import {
  type Bytes,
  type HolderMessage,
  type IssuerMessage,
  latin1,
  Malformed,
  startId,
} from "@quorate/kernel/core";
import { decode, encode, type MessageOf, messages } from "@quorate/server";
import { KeyValue } from "../embedded/key-value.ts";
import type { Told } from "./entries.ts";

/** A client port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly secured: boolean;
}

/** What a stream hears of its member. `onEnd` is the last, and comes once. */
export interface StreamListener {
  onMessage(message: IssuerMessage<Told>): void;
  onEnd(end: StreamEnd): void;
}

export interface StreamEnd {
  /** What is said of it. */
  readonly message: string;
  /** Client ports of the member that leads, where the one that was asked does not and knows who does. */
  readonly elsewhere: readonly string[];
  /** Another member may serve what this one did not. */
  readonly again: boolean;
}

export interface StreamOptions {
  readonly keyspace: string | null;
  readonly tls: ConnectionOptions | null;
}

const PATH = "/quorate.v1.Cache/Lease";
const CONNECT_MILLIS = 2000;
/** A member that does not answer pings is given up. No oftener: servers of gRPC take that for an attack. */
const KEEPALIVE = { intervalMs: 6000, timeoutMs: 3000 };
/** A larger answer ends the stream. */
const ANSWER_BYTES_MAX = 16 << 20;

type Response = MessageOf<typeof messages.CacheResponse>;

/** One `Lease` stream to one member: holders' messages in, issuers' out. */
export class CacheStream {
  readonly #client: GrpcClient;
  readonly #listener: StreamListener;
  readonly #call: ClientCall;
  #elsewhere: readonly string[] | null = null;
  #broken: string | null = null;
  #over = false;

  /** Rejects with the system's error where the member cannot be reached. */
  static async connect(
    { host, port, secured }: Endpoint,
    { keyspace, tls }: StreamOptions,
    listener: StreamListener,
  ): Promise<CacheStream> {
    const client = await GrpcClient.connect({
      host,
      port,
      connectTimeoutMs: CONNECT_MILLIS,
      keepalive: KEEPALIVE,
      ...(secured && { tls: tls ?? {} }),
    });
    return new CacheStream(client, keyspace, listener);
  }

  private constructor(client: GrpcClient, keyspace: string | null, listener: StreamListener) {
    this.#client = client;
    this.#listener = listener;
    const metadata = keyspace === null ? [] : [new HeaderField("quorate-keyspace", keyspace)];
    this.#call = client.start(client.method(PATH, metadata), {
      onMessage: (bytes) => this.#onMessage(bytes),
      onEnd: (end) => this.#onEnd(end),
    });
  }

  send(message: HolderMessage): void {
    if (!this.#over) this.#call.write([encode(messages.CacheRequest, requestOf(message))]);
  }

  close(): void {
    this.#over = true;
    this.#client.destroy();
  }

  #onMessage(bytes: Bytes): void {
    if (this.#over) return;
    // What is kept of it must not keep the rest of what came with it.
    const response = decode(messages.CacheResponse, bytes.slice());
    if (response instanceof Malformed || bytes.length > ANSWER_BYTES_MAX) {
      this.#broken = "it sent what is no answer of a cache's stream";
      this.#call.cancel();
      return;
    }
    if (response.elsewhere !== null) this.#elsewhere = response.elsewhere.client_urls;
    const message = messageOf(response, bytes.length);
    if (message !== null) this.#listener.onMessage(message);
  }

  #onEnd({ status }: ClientEnd): void {
    if (this.#over) return;
    this.close();
    const again = this.#elsewhere !== null || TRANSIENT.has(status.code);
    const message = this.#broken ?? (status.message || `status ${status.code}`);
    this.#listener.onEnd({ message, elsewhere: this.#elsewhere ?? [], again });
  }
}

/** Codes of gRPC that say nothing of what another member, or the same a little later, would say. */
const TRANSIENT: ReadonlySet<number> = new Set([
  Code.OK,
  Code.Canceled,
  Code.Unknown,
  Code.DeadlineExceeded,
  Code.ResourceExhausted,
  Code.Aborted,
  Code.Internal,
  Code.Unavailable,
]);

function requestOf(message: HolderMessage): Partial<MessageOf<typeof messages.CacheRequest>> {
  const key = Buffer.from(message.datum, "latin1");
  if (message.type === "Read") {
    const { start: life, serial } = message.tag;
    return { read: { key, life, serial: BigInt(serial) } };
  }
  return { dropped: { key, recall: BigInt(message.recall), issuer: message.issuer } };
}

/** Null for what says nothing of a key. Numbers that no member sends say nothing, either. */
function messageOf(response: Response, bytes: number): IssuerMessage<Told> | null {
  const { answer, recall, kvs, header } = response;
  if (recall !== null) {
    const { key, revision, recall: number, issuer } = recall;
    if (issuer >= ID_LIMIT) return null;
    return {
      type: "Revoke",
      datum: latin1(key),
      version: Number(revision),
      recall: Number(number),
      issuer: startId(issuer),
    };
  }
  if (answer === null || answer.life >= ID_LIMIT) return null;
  const [kv] = kvs;
  return {
    type: "Data",
    datum: latin1(answer.key),
    tag: { start: startId(answer.life), serial: Number(answer.serial) },
    version: Number(header?.revision ?? 0n),
    value: { kv: kv === undefined ? null : new KeyValue(kv), bytes },
    leaseTicks: answer.lease_ms > 0n ? Number(answer.lease_ms) : null,
  };
}

const ID_LIMIT = 1n << 63n;
