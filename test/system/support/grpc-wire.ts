import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from "node:http2";

/** Five bytes before each message: not compressed, and its length. */
const PREFIX_BYTES = 5;

/** How a call ended, as its trailers say. */
export interface GrpcStatus {
  /** -1 where the stream was reset instead. */
  readonly code: number;
  readonly message: string;
  readonly http: number;
  readonly contentType: string;
}

/** gRPC by hand over `node:http2`: any bytes may be sent, and what comes back is seen as it came. */
export class GrpcWire {
  readonly #session: ClientHttp2Session;

  constructor(endpoint: string) {
    this.#session = connect(`http://${endpoint}`);
    this.#session.on("error", () => {});
  }

  /** Opens a call; `path` is `/package.Service/Method`. */
  open(path: string, headers: Readonly<Record<string, string>> = {}): WireCall {
    const stream = this.#session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    return new WireCall(stream);
  }

  close(): void {
    this.#session.destroy();
  }
}

/** One call: messages as bytes, in order, then the status. */
export class WireCall {
  readonly status: Promise<GrpcStatus>;
  readonly #stream: ClientHttp2Stream;
  readonly #messages: Buffer[] = [];
  #arrived: () => void = () => {};
  #rest: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    let head: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    stream.on("error", () => {});
    stream.on("response", (headers) => {
      head = headers;
    });
    stream.on("trailers", (headers) => {
      trailers = headers;
    });
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    this.status = new Promise<void>((resolve) => void stream.on("close", resolve)).then(() => {
      this.#ended = true;
      this.#arrived();
      const all = { ...head, ...trailers };
      return {
        code: Number(all["grpc-status"] ?? -1),
        message: decodeURIComponent([all["grpc-message"] ?? ""].join("")),
        http: Number(all[":status"] ?? 0),
        contentType: all["content-type"] ?? "",
      };
    });
  }

  send(message: Uint8Array): this {
    const frame = Buffer.alloc(PREFIX_BYTES + message.length);
    frame.writeUInt32BE(message.length, 1);
    frame.set(message, PREFIX_BYTES);
    return this.sendRaw(frame);
  }

  /** Bytes as they are, with no prefix put before them. */
  sendRaw(bytes: Uint8Array): this {
    if (!this.#stream.destroyed) this.#stream.write(bytes);
    return this;
  }

  end(): this {
    this.#stream.end();
    return this;
  }

  cancel(): void {
    this.#stream.close(8);
  }

  /** Leaves what comes on the network, as a slow reader does. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** The next message; null after the last. */
  async next(): Promise<Buffer | null> {
    while (this.#messages.length === 0) {
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    return this.#messages.shift() ?? null;
  }

  /** What has come and was not taken. */
  get waiting(): number {
    return this.#messages.length;
  }

  #take(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= PREFIX_BYTES) {
      const end = PREFIX_BYTES + this.#rest.readUInt32BE(1);
      if (this.#rest.length < end) break;
      this.#messages.push(this.#rest.subarray(PREFIX_BYTES, end));
      this.#rest = this.#rest.subarray(end);
    }
    this.#arrived();
  }
}
