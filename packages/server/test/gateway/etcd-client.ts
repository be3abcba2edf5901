import { once } from "node:events";
import * as grpc from "@grpc/grpc-js";
import { Malformed } from "@quorate/kernel/core";
import { decode, encode, type MessageType } from "../../src/gateway/protobuf/index.ts";

/** A client of etcd's API on the stock gRPC client, speaking the message tables. */
export class EtcdClient {
  readonly #client: grpc.Client;
  readonly #metadata = new grpc.Metadata();

  constructor(port: number, metadata: Readonly<Record<string, string>> = {}) {
    this.#client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      // A connection of its own: what is cut for one client is not another's.
      "grpc.use_local_subchannel_pool": 1,
    });
    for (const [name, value] of Object.entries(metadata)) this.#metadata.set(name, value);
  }

  call<Q, R>(
    method: string,
    [request, response]: readonly [MessageType<Q>, MessageType<R>],
    value: Partial<Q> | Buffer,
    options: grpc.CallOptions = {},
  ): Promise<R> {
    const bytes = Buffer.isBuffer(value) ? value : Buffer.from(encode(request, value));
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path(method),
        (message: Buffer) => message,
        (message: Buffer) => message,
        bytes,
        this.#metadata,
        options,
        (error, reply) => (error === null ? resolve(read(response, reply)) : reject(error)),
      );
    });
  }

  /** The same, and what came behind the answer, which is there once the answer is. */
  withTrailers<Q, R>(
    method: string,
    [request, response]: readonly [MessageType<Q>, MessageType<R>],
    value: Partial<Q>,
  ): { readonly call: Promise<R>; readonly trailers: Promise<grpc.Metadata> } {
    let done: (trailers: grpc.Metadata) => void = () => {};
    const trailers = new Promise<grpc.Metadata>((resolve) => {
      done = resolve;
    });
    const call = new Promise<R>((resolve, reject) => {
      const unary = this.#client.makeUnaryRequest(
        path(method),
        (message: Buffer) => message,
        (message: Buffer) => message,
        Buffer.from(encode(request, value)),
        this.#metadata,
        (error, reply) => (error === null ? resolve(read(response, reply)) : reject(error)),
      );
      unary.on("status", ({ metadata }) => done(metadata));
    });
    return { call, trailers };
  }

  /** Opens a stream. Methods that stream only their answer take their one message with `end`. */
  stream<Q, R>(
    method: string,
    [request, response]: readonly [MessageType<Q>, MessageType<R>],
  ): Stream<Q, R> {
    const call = this.#client.makeBidiStreamRequest(
      path(method),
      (value: Partial<Q> | Buffer) =>
        Buffer.isBuffer(value) ? value : Buffer.from(encode(request, value)),
      (bytes: Buffer) => ({ value: read(response, bytes), bytes: bytes.length }),
      this.#metadata,
    );
    return new Stream(call);
  }

  close(): void {
    this.#client.close();
  }
}

/** A stream whose messages are taken one by one, in order. */
export class Stream<Q, R> {
  readonly status: Promise<grpc.StatusObject>;
  readonly #call: grpc.ClientDuplexStream<Partial<Q> | Buffer, { value: R; bytes: number }>;
  readonly #sizes: number[] = [];
  readonly #messages: R[] = [];
  readonly #waiting: ((message: R) => void)[] = [];

  constructor(call: grpc.ClientDuplexStream<Partial<Q> | Buffer, { value: R; bytes: number }>) {
    this.#call = call;
    this.status = new Promise((resolve) => void call.on("status", resolve));
    call.on("error", () => {});
    call.on("data", ({ value, bytes }: { value: R; bytes: number }) => {
      this.#sizes.push(bytes);
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#messages.push(value);
      else waiting(value);
    });
  }

  send(value: Partial<Q>): this {
    this.#call.write(value);
    return this;
  }

  /** Whatever they are. */
  sendBytes(message: Buffer): void {
    this.#call.write(message);
  }

  end(): this {
    this.#call.end();
    return this;
  }

  cancel(): void {
    this.#call.cancel();
  }

  /** Stops and goes on reading from the network. */
  get reading(): grpc.ClientDuplexStream<Partial<Q> | Buffer, { value: R; bytes: number }> {
    return this.#call;
  }

  /** Encoded lengths of all messages so far. */
  get sizes(): readonly number[] {
    return this.#sizes;
  }

  next(): Promise<R> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /** All that came before the end and was not taken. */
  async rest(): Promise<readonly R[]> {
    await this.status;
    return this.#messages.splice(0);
  }

  async closed(): Promise<void> {
    await once(this.#call, "close");
  }
}

export const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
export const text = (value: Uint8Array): string => Buffer.from(value).toString("latin1");

const path = (method: string): string =>
  method.includes("/") ? method : `/etcdserverpb.${method.replace(".", "/")}`;

function read<R>(type: MessageType<R>, reply: Buffer | undefined): R {
  const message = decode(type, reply ?? Buffer.alloc(0));
  if (message instanceof Malformed) throw message;
  return message;
}
